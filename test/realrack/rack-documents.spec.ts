import { describe, expect, it } from '@jest/globals';
import { parseDocuments, renderDocuments } from '@rackwright/documents';
import { documentsOf } from './rack-documents.js';
import { portsOf } from './rack/machine.js';
import { MACHINES } from './rack/rack.js';

describe('the description of the rack', () => {
  it('is made of documents that Rackwright takes', () => {
    const [a, b] = MACHINES.map((facts) => ({ facts, bmc: { port: 623 }, ports: portsOf(facts.name) }));
    if (a === undefined || b === undefined) throw new Error('a rack has two machines');
    const array = { ipcSocket: '/run/tgt', controlPort: 7 };
    const documents = documentsOf({ a, b, ovs: { tcpPort: 6640 }, array });
    const parsed = parseDocuments(renderDocuments(documents));
    expect([...parsed.problems, ...parsed.documents.flatMap(({ problems }) => problems)]).toEqual([]);
    expect(parsed.documents).toHaveLength(documents.length);
  });
});
