import { describe, expect, it } from '@jest/globals';
import {
  asDocument,
  inDependencyOrder,
  jsonSchemas,
  KINDS,
  LIMITS,
  parseDocuments,
  referencesOf,
  renderDocuments,
  type Kind,
  type ParsedDocument,
} from './index.js';

const EVERY_KIND = `
apiVersion: rackwright/v1
kind: ServerProfile
metadata: { name: web01, group: shop }
spec:
  description: a web server
  uuid: 7D9F2F5E1F3B4C579D1F0A3F5B6C7D8E
  qualification: { architecture: x86-64, coresMin: 8, pool: blades }
  vnics:
    - { name: eth0, native: red, tagged: [blue], mac: 02-1B-21-00-00-01, address: 10.20.0.5 }
    - { name: eth1, networkSet: guests }
  vhbas:
    - { name: fc0, fabric: fabric-a, wwpn: "0x2000021b21000001" }
  iscsi: { vnic: eth0, initiator: IQN.2026-01.org.rackwright:WEB01 }
  volumes:
    - { volume: web01-boot, lun: 0, boot: true }
---
{ apiVersion: rackwright/v1, kind: Site, metadata: { name: berlin }, spec: { racks: [{ name: a1 }] } }
---
{ apiVersion: rackwright/v1, kind: ServerPool, metadata: { name: blades }, spec: { qualification: { coresMin: 4 } } }
---
apiVersion: rackwright/v1
kind: Network
metadata: { name: red }
spec: { vlan: 10, subnet: 10.20.0.0/16, gateway: 10.20.0.1 }
---
{ apiVersion: rackwright/v1, kind: Network, metadata: { name: blue }, spec: { vlan: 11 } }
---
{ apiVersion: rackwright/v1, kind: NetworkSet, metadata: { name: guests }, spec: { networks: [red, blue] } }
---
{ apiVersion: rackwright/v1, kind: MacPool, metadata: { name: macs }, spec: { prefix: 021B.21 } }
---
{ apiVersion: rackwright/v1, kind: WwnPool, metadata: { name: wwns } }
---
{ apiVersion: rackwright/v1, kind: IqnPool, metadata: { name: iqns }, spec: { prefix: "iqn.2026-01.org.rackwright" } }
---
apiVersion: rackwright/v1
kind: Switch
metadata: { name: leaf1 }
spec:
  driver: ovsdb
  address: 127.0.0.1:6640
  trust: { kind: none }
  credential: { username: admin, password: very-secret }
  parkingVlan: 4000
---
{ apiVersion: rackwright/v1, kind: Fabric, metadata: { name: fabric-a }, spec: { driver: brocade-fos, address: a:443, trust: { kind: first-use } } }
---
{ apiVersion: rackwright/v1, kind: Array, metadata: { name: store1 }, spec: { driver: tgt, address: "b:3260", trust: { kind: none }, options: { port: "1" } } }
---
{ apiVersion: rackwright/v1, kind: Volume, metadata: { name: web01-boot, group: shop }, spec: { array: store1, arrayVolume: vol-7 } }
---
apiVersion: rackwright/v1
kind: Bmc
metadata: { name: blade1-bmc }
spec: { driver: redfish, address: "127.1.0.1:443", trust: { kind: pin, sha256: ${'AB:'.repeat(31)}AB } }
---
apiVersion: rackwright/v1
kind: Server
metadata: { name: blade1 }
spec:
  boardSerial: SN1
  bmc: blade1-bmc
  site: berlin
  pool: blades
  cabling: [{ port: NIC.1, device: leaf1, devicePort: eth1 }]
`;

function only(text: string): ParsedDocument {
  const { documents, problems } = parseDocuments(text);
  expect(problems).toEqual([]);
  expect(documents).toHaveLength(1);
  return documents[0] as ParsedDocument;
}

function network(spec: string, kind = 'Network'): string {
  return `apiVersion: rackwright/v1\nkind: ${kind}\nmetadata:\n  name: red\nspec:\n${spec}`;
}

describe('documents of every kind', () => {
  const { documents, problems } = parseDocuments(EVERY_KIND);

  it('are read without a problem', () => {
    expect(problems).toEqual([]);
    expect(documents.flatMap((parsed) => parsed.problems)).toEqual([]);
    expect(new Set(documents.map(({ kind }) => kind))).toEqual(new Set(KINDS));
  });

  it('carry identities in their normal forms, whatever the notation', () => {
    const profile = documents[0]?.document;
    expect(profile?.spec).toMatchObject({
      uuid: '7d9f2f5e-1f3b-4c57-9d1f-0a3f5b6c7d8e',
      vnics: [{ mac: '02:1b:21:00:00:01' }, {}],
      vhbas: [{ wwpn: '20:00:02:1b:21:00:00:01' }],
      iscsi: { initiator: 'iqn.2026-01.org.rackwright:web01' },
    });
    expect(documents.find(({ kind }) => kind === 'MacPool')?.document?.spec).toEqual({ prefix: '02:1b:21' });
  });

  it('come in an order in which everything referred to is there first', () => {
    const ordered = inDependencyOrder(documents.flatMap(({ document }) => (document ? [document] : [])));
    const seen = new Set<string>();
    for (const document of ordered) {
      for (const { kinds, name } of referencesOf(document)) {
        // A server is declared before its BMC is enrolled, so that the machine it tells of is expected.
        if (kinds.includes('Bmc')) continue;
        expect(kinds.map((kind) => `${kind}/${name}`).some((key) => seen.has(key))).toBe(true);
      }
      seen.add(`${document.kind}/${document.metadata.name}`);
    }
  });

  it('are written so that reading gives the same, always in the same order, and without passwords', () => {
    const all = documents.flatMap(({ document }) => (document ? [document] : []));
    const text = renderDocuments(all);
    expect(text).not.toContain('very-secret');
    expect(renderDocuments([...all].reverse())).toBe(text);
    const again = parseDocuments(text).documents.map(({ document }) => document);
    const withoutSecrets = inDependencyOrder(all).map((document) =>
      document.kind === 'Switch' ? { ...document, spec: { ...document.spec, credential: undefined } } : document,
    );
    expect(again).toHaveLength(all.length);
    for (const document of withoutSecrets) expect(again).toContainEqual(JSON.parse(JSON.stringify(document)));
  });

  it('may be a JSON array, with lines and columns too', () => {
    const good = parseDocuments(JSON.stringify(documents.map(({ document }) => document)));
    expect(good.documents.flatMap(({ problems: wrong }) => wrong)).toEqual([]);
    const text = `[\n  {"apiVersion": "rackwright/v1", "kind": "Network",\n   "metadata": {"name": "red"}, "spec": {"vlann": 3}}\n]`;
    expect(only(text).problems).toContainEqual(
      expect.objectContaining({ code: 'unknown-field', path: '/spec', line: 3, column: 42 }),
    );
  });

  it('have a JSON Schema each that forbids unknown fields', () => {
    const schemas = jsonSchemas();
    expect(Object.keys(schemas)).toEqual(KINDS);
    for (const schema of Object.values(schemas)) expect(schema).toMatchObject({ additionalProperties: false });
  });
});

describe('typing errors', () => {
  it.each([
    ['a field', network('  vlna: 10'), '/spec', 'unknown-field', 6, 3, 'did you mean "vlan"?'],
    ['a kind', network('  vlan: 10', 'Netwrok'), '/kind', 'unknown-kind', 2, 1, 'did you mean "Network"?'],
    ['a value', network('  vlan: 5000'), '/spec/vlan', 'invalid-value', 6, 3, 'a VLAN is 1 to 4094'],
    [
      'a subnet',
      network('  vlan: 1\n  subnet: 10.20.0.1/16'),
      '/spec/subnet',
      'invalid-subnet',
      7,
      3,
      'zero host part',
    ],
    ['a gateway', network('  vlan: 1\n  gateway: 10.0.0.1'), '/spec/gateway', 'invalid-subnet', 7, 3, 'not a host'],
    ['what is missing', network('  description: x'), '/spec/vlan', 'missing-field', 5, 1, 'vlan is missing'],
  ])('of %s are told with line, column and what was meant', (...row) => {
    const [, text, path, code, line, column, message] = row;
    const { problems, document } = only(text);
    expect(document).toBeUndefined();
    expect(problems).toContainEqual({ path, code, line, column, message: expect.stringContaining(message) });
  });

  it('in nested lists are found where they are', () => {
    const text = network(
      '  vnics:\n    - name: eth0\n      natve: red\n    - name: eth1\n      mac: nonsense',
      'ServerProfile',
    );
    const { problems } = only(text);
    expect(problems).toContainEqual(
      expect.objectContaining({
        code: 'unknown-field',
        line: 8,
        column: 7,
        message: expect.stringContaining('native'),
      }),
    );
    expect(problems).toContainEqual(
      expect.objectContaining({ path: '/spec/vnics/1/mac', line: 10, message: expect.stringContaining('MAC address') }),
    );
  });

  it('that turn an identity into a number are told, because digits were lost', () => {
    const { problems } = only(network('  vhbas: [{ name: a, fabric: b, wwpn: 5001438012345678 }]', 'ServerProfile'));
    expect(problems).toContainEqual(expect.objectContaining({ message: expect.stringContaining('in quotes') }));
  });

  it('of syntax are told with their line', () => {
    expect(parseDocuments('apiVersion: rackwright/v1\nkind: [Site\nmetadata: {}').problems[0]).toMatchObject({
      code: 'syntax',
      line: expect.any(Number),
      column: expect.any(Number),
    });
  });

  it('such as a field written twice are told', () => {
    expect(parseDocuments(network('  vlan: 1\n  vlan: 2')).problems[0]).toMatchObject({
      code: 'duplicate-field',
      line: 7,
    });
  });

  it('such as an object described twice are told', () => {
    const { documents } = parseDocuments(`${network('  vlan: 1')}\n---\n${network('  vlan: 2')}`);
    expect(documents[1]?.problems).toEqual([
      expect.objectContaining({ code: 'duplicate', line: 11, message: expect.stringContaining('line 4') }),
    ]);
  });

  it('of a prefix that is not local are told by their own code', () => {
    expect(only(network('  prefix: 00:1b:21', 'MacPool')).problems).toContainEqual(
      expect.objectContaining({ code: 'prefix-not-local' }),
    );
  });
});

describe('hostile text', () => {
  const laughs = [...'abcdefghi'].map(
    (name, index, all) =>
      `${name}: &${name} [${Array(9)
        .fill(index === 0 ? 'lol' : `*${all[index - 1]}`)
        .join(', ')}]`,
  );

  it.each([
    ['aliases that expand to billions', laughs.join('\n')],
    ['aliases by the thousand', `a: &a 1\nb: [${Array(5_000).fill('*a').join(', ')}]`],
    ['brackets nested deeply', '['.repeat(200_000)],
    ['braces nested deeply', '{a: '.repeat(100_000)],
    ['lists nested deeply', '- '.repeat(300_000)],
    ['nesting with names', `${Array.from({ length: 400 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')} 1`],
    ['more than a megabyte', `a: ${'x'.repeat(LIMITS.bytesMax)}`],
    ['documents by the thousand', '---\na: 1\n'.repeat(LIMITS.documentsMax + 1)],
    ['fields by the thousand', Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join('\n')],
    ['lists within fields', '- a: '.repeat(200_000)],
    ['keys that are objects', '? {a: 1}\n: 2'],
    ['a prototype', '__proto__: {kind: Site}\nconstructor: 1'],
    ['nothing', ''],
    ['a number', '42'],
    ['control characters', 'a: "\u0000\u0007"\n\u0000'],
  ])('made of %s is refused quickly and without throwing', (_what, text) => {
    const startedMs = performance.now();
    const { documents, problems } = parseDocuments(text);
    expect(documents.flatMap((parsed) => parsed.problems).length + problems.length).toBeGreaterThan(0);
    expect(documents.every((parsed) => parsed.document === undefined)).toBe(true);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});

it('a document made from parts is checked like one that was read', () => {
  const kind: Kind = 'Site';
  expect(asDocument({ apiVersion: 'rackwright/v1', kind, metadata: { name: 'Not A Name' }, spec: {} } as never)).toBe(
    undefined,
  );
});
