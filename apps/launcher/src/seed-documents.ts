import type { RackDocument } from '@rackwright/client';
import type { documentsOfEstate } from '@rackwright/sim/estate';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';

/** What the simulator writes about its site. */
export type Estate = Parameters<typeof documentsOfEstate>[0];

/** Every document of the YAML files of a folder; files by name, documents as they stand. */
export function exampleDocuments(folder: string): RackDocument[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  return files.sort().flatMap((file) =>
    parseAllDocuments(readFileSync(join(folder, file), 'utf8')).flatMap((document) => {
      const value = document.toJS() as RackDocument | null;
      return value === null ? [] : [value];
    }),
  );
}

/** Puts the servers into the pools of the examples instead of one pool for each group of equal machines. */
export function inExamplePools(documents: readonly RackDocument[], estate: Estate): RackDocument[] {
  const machines = new Map(
    estate.flatMap(({ kind, metadata, spec }) =>
      kind === 'Bmc' ? [[metadata.name, spec['server'] as { spare?: boolean; enclosure?: string }] as const] : [],
    ),
  );
  return documents
    .filter(({ kind }) => kind !== 'ServerPool')
    .map((document) => {
      if (document.kind !== 'Server') return document;
      const { spare, enclosure } = machines.get(document.metadata.name) ?? {};
      const pool = spare === true ? 'spares' : enclosure === undefined ? 'rack-servers' : 'blades';
      return { ...document, spec: { ...document.spec, pool } };
    });
}

/**
 * Documents in requests of bounded size. A server and its BMC name each other, so the two go together; everything a
 * document names besides is in its own request or an earlier one.
 */
export function inBatches(documents: readonly RackDocument[], size: number): RackDocument[][] {
  const bmcs = new Map(documents.filter(({ kind }) => kind === 'Bmc').map((each) => [each.metadata.name, each]));
  const groups = documents.flatMap((document): RackDocument[][] => {
    if (document.kind !== 'Server') return document.kind === 'Bmc' ? [] : [[document]];
    const bmc = bmcs.get(String(document.spec['bmc']));
    bmcs.delete(String(document.spec['bmc']));
    return [bmc === undefined ? [document] : [document, bmc]];
  });
  const batches: RackDocument[][] = [];
  for (const group of [...groups, ...[...bmcs.values()].map((bmc) => [bmc])]) {
    const last = batches.at(-1);
    if (last !== undefined && last.length + group.length <= size) last.push(...group);
    else batches.push([...group]);
  }
  return batches;
}

/** Keeps the documents where a person can apply them again; they hold the devices' passwords, so nobody else may read. */
export function writeForRetry(dataFolder: string, documents: readonly RackDocument[]): void {
  const folder = join(dataFolder, 'site');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const text = documents.map((document) => `---\n${stringify(document)}`).join('');
  writeFileSync(join(folder, 'site.yaml'), text, { mode: 0o600 });
}
