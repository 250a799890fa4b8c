import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '@rackwright/persistence';
import { GatewayWorld, type Answer } from './gateway-world.js';

let world: GatewayWorld;
let token: string;

beforeAll(async () => {
  world = await GatewayWorld.start();
  token = await world.signIn();
  expect((await apply(SITE)).status).toBe(200);
}, 60_000);
afterAll(() => world.close());

const document = (kind: string, name: string, spec: object, group?: string) =>
  `---\n${JSON.stringify({ apiVersion: 'rackwright/v1', kind, metadata: { name, group }, spec })}\n`;

const SITE = [
  document('Server', 'blade1', {
    boardSerial: 'SN1',
    site: 'berlin',
    rack: 'a1',
    pool: 'blades',
    cabling: [{ port: 'NIC.1', device: 'leaf1', devicePort: 'eth1' }],
  }),
  document('Switch', 'leaf1', {
    driver: 'ovsdb',
    address: '127.0.0.1:1',
    trust: { kind: 'none' },
    credential: { username: 'admin', password: 'switch-secret-1' },
    parkingVlan: 4000,
  }),
  document('NetworkSet', 'guests', { networks: ['red', 'blue'] }),
  document('Network', 'red', { vlan: 10, subnet: '10.20.0.0/16', gateway: '10.20.0.1' }),
  document('Network', 'blue', { vlan: 11 }, 'shop'),
  document('MacPool', 'macs', {}),
  document('ServerPool', 'blades', { qualification: { coresMin: 2 } }),
  document('Site', 'berlin', { racks: [{ name: 'a1' }] }),
].join('');

const apply = (text: string): Promise<Answer> => world.yaml('/api/v1/documents/apply', text, token);
const plan = (text: string): Promise<Answer> => world.yaml('/api/v1/documents/plan', text, token);
const actions = (answer: Answer, field = 'results') =>
  Object.fromEntries(
    (answer.body[field] as { kind: string; name: string; action: string }[]).map((row) => [
      `${row.kind}/${row.name}`,
      row.action,
    ]),
  );

describe('applying documents', () => {
  it('twice changes nothing the second time, and a plan says so before', async () => {
    const before = await exported();
    expect(new Set(Object.values(actions(await plan(SITE), 'changes')))).toEqual(new Set(['unchanged']));
    expect(new Set(Object.values(actions(await apply(SITE))))).toEqual(new Set(['unchanged']));
    expect(await exported()).toBe(before);
  });

  it('shows a diff first, and a plan changes nothing', async () => {
    const changed = document('Network', 'red', { vlan: 12, subnet: '10.20.0.0/16', gateway: '10.20.0.1' });
    const before = await exported();
    expect((await plan(changed)).body).toEqual({
      changes: [
        {
          kind: 'Network',
          name: 'red',
          action: 'update',
          diff: [{ path: '/spec/vlan', before: 10, after: 12 }],
          problems: [],
        },
      ],
    });
    expect(await exported()).toBe(before);
    expect(actions(await apply(changed))).toEqual({ 'Network/red': 'update' });
    expect(actions(await apply(SITE))).toMatchObject({ 'Network/red': 'update', 'Network/blue': 'unchanged' });
  });

  it('sees edits of what no list shows: trust, cabling', async () => {
    const server = { boardSerial: 'SN1', site: 'berlin', rack: 'a1', pool: 'blades' };
    const changed = document('Server', 'blade1', {
      ...server,
      cabling: [{ port: 'NIC.1', device: 'leaf1', devicePort: 'eth2' }],
    });
    expect((await plan(changed)).body).toMatchObject({
      changes: [{ action: 'update', diff: [{ path: '/spec/cabling/0/devicePort', before: 'eth1', after: 'eth2' }] }],
    });
  });

  it('takes JSON too, and exports what it takes, without passwords', async () => {
    const text = await exported();
    expect(text).not.toContain('switch-secret-1');
    expect(text).toContain('kind: Switch');
    expect(new Set(Object.values(actions(await plan(text), 'changes')))).toEqual(new Set(['unchanged']));
    const site = {
      apiVersion: 'rackwright/v1',
      kind: 'Site',
      metadata: { name: 'berlin' },
      spec: { racks: [{ name: 'a1' }] },
    };
    const asJson = await world.call('POST', '/api/v1/documents/plan', { token, body: [site] });
    expect(actions(asJson, 'changes')).toEqual({ 'Site/berlin': 'unchanged' });
  });

  it('keeps passwords out of its database and its log', async () => {
    const database = await Database.open({
      url: world.databases.url('gateway'),
      schema: 'gateway',
      applicationName: 'gateway-spec',
    });
    const tables = await database.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'gateway'`,
    );
    expect(tables.length).toBeGreaterThan(5);
    for (const { name } of tables) {
      const [row] = await database.query<{ text: string | null }>(`SELECT json_agg(t)::text AS text FROM "${name}" t`);
      expect(row?.text ?? '').not.toContain('switch-secret-1');
    }
    await database.close();
    expect(world.log.join('')).not.toContain('switch-secret-1');
  });
});

async function exported(): Promise<string> {
  const kinds = ['Site', 'ServerPool', 'Network', 'NetworkSet', 'MacPool', 'Switch', 'Server'];
  const answers = await Promise.all(
    kinds.map((kind) => world.call('GET', `/api/v1/documents?kind=${kind}`, { token })),
  );
  for (const answer of answers) expect(answer.status).toBe(200);
  return answers.map(({ text }) => text).join('');
}

const GOOD = document('Network', 'new', { vlan: 500 });
const BAD: readonly (readonly [string, string, string, number])[] = [
  ['an unknown network', document('NetworkSet', 'set', { networks: ['nobody'] }), 'unknown-network', 4],
  ['an unknown site', document('Server', 's', { boardSerial: 'X', site: 'nowhere' }), 'unknown-site', 4],
  ['a VLAN that is taken', document('Network', 'other', { vlan: 10 }), 'vlan-taken', 4],
  [
    'a VLAN given twice in one stream',
    document('Network', 'a', { vlan: 77 }) + document('Network', 'b', { vlan: 77 }),
    'vlan-taken',
    4,
  ],
  ['a VLAN where closed ports rest', document('Network', 'other', { vlan: 4000 }), 'vlan-parked', 4],
  [
    'a parking VLAN that a network has',
    document('Switch', 'leaf2', { driver: 'ovsdb', address: 'h:2', trust: { kind: 'none' }, parkingVlan: 10 }),
    'parking-vlan-in-use',
    4,
  ],
  [
    'an address that is taken',
    document('Switch', 'leaf2', { driver: 'ovsdb', address: '127.0.0.1:1', trust: { kind: 'none' } }),
    'address-taken',
    4,
  ],
  [
    'a serial given to two machines',
    document('Server', 'x', { boardSerial: 'SN7' }) + document('Server', 'y', { boardSerial: 'SN7' }),
    'serial-taken',
    4,
  ],
  ['a name of another machine', document('Server', 'blade1', { boardSerial: 'SN2' }), 'server-name-taken', 4],
  [
    'a port that is cabled already',
    document('Server', 'other', { boardSerial: 'SN9', cabling: [{ port: 'a', device: 'leaf1', devicePort: 'eth1' }] }),
    'port-cabled-twice',
    4,
  ],
  ['a subnet that is none', document('Network', 'other', { vlan: 20, subnet: '10.1.1.1/16' }), 'invalid-subnet', 4],
  [
    'a pool of addresses that belong to others',
    document('MacPool', 'p', { prefix: '00:1b:21' }),
    'prefix-not-local',
    4,
  ],
  [
    'a typing error',
    '---\napiVersion: rackwright/v1\nkind: Network\nmetadata: {name: x}\nspec:\n  vlna: 3\n',
    'unknown-field',
    8,
  ],
  [
    'a network a profile names that is not there',
    document('ServerProfile', 'p', { vnics: [{ name: 'eth0', native: 'nobody' }] }),
    'unknown-network',
    2,
  ],
  [
    'an address outside of its subnet',
    document('ServerProfile', 'p', { vnics: [{ name: 'eth0', native: 'red', address: '10.99.0.5' }] }),
    'address-outside-subnet',
    2,
  ],
  [
    'a MAC outside of every pool',
    document('ServerProfile', 'p', { vnics: [{ name: 'eth0', native: 'red', mac: '00:50:56:00:00:01' }] }),
    'mac-outside-pool',
    2,
  ],
];

describe('bad input', () => {
  it.each(BAD)('such as %s is refused with its line, and nothing is changed', async (_what, text, code, line) => {
    const before = await exported();
    const stream = text.includes('ServerProfile') ? text : GOOD + text;
    const answer = await apply(stream);
    expect(answer.body).toMatchObject({ status: 422, code: 'invalid-documents' });
    expect(answer.body['errors']).toContainEqual(expect.objectContaining({ code, line, column: expect.any(Number) }));
    expect(await exported()).toBe(before);
    expect((await plan(stream)).body['changes']).toContainEqual(expect.objectContaining({ action: 'error' }));
  });

  it.each([
    ['no document', '# nothing\n'],
    ['broken YAML', 'kind: [Network\n'],
    ['a bomb', `a: &a [x]\nb: [${Array(500).fill('*a').join(', ')}]`],
  ])('such as %s is refused', async (_what, text) => {
    expect((await apply(text)).body).toMatchObject({ status: 422, code: 'invalid-documents' });
  });

  it('that names a service which is away changes nothing either', async () => {
    const before = await exported();
    const answer = await apply(GOOD + document('WwnPool', 'wwns', {}));
    expect(answer.body).toMatchObject({ status: 503, service: 'storage-identity' });
    expect(await exported()).toBe(before);
  });
});

describe('reading', () => {
  it('lists what was defined, in pages', async () => {
    const first = await world.call('GET', '/api/v1/networks?limit=1', { token });
    expect(first.body).toMatchObject({ total: 2, items: [{ name: 'blue', vlan: 11, group: 'shop' }] });
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await world.call('GET', next, { token });
    expect(second.body).toMatchObject({ items: [{ name: 'red' }] });
    expect(second.headers.get('link')).toBeNull();
    expect((await world.call('GET', '/api/v1/servers?search=sn1', { token })).body).toMatchObject({ total: 1 });
  });

  it('tells how the installation is, also when part of it is away', async () => {
    const { body } = await world.call('GET', '/api/v1/status', { token });
    expect(body).toMatchObject({
      simulator: false,
      services: expect.arrayContaining([
        expect.objectContaining({ name: 'inventory', healthy: true }),
        expect.objectContaining({ name: 'power', healthy: false }),
      ]),
      counts: { profiles: 0, servers: { enrolled: 1 }, runs: { open: null } },
    });
  });

  it('moves servers in their life cycle, and says why not', async () => {
    const move = (to: string) =>
      world.call('POST', '/api/v1/servers/blade1/lifecycle', { token, body: { to, reason: 'out of use' } });
    expect((await move('retired')).body).toEqual({ from: 'enrolled', to: 'retired' });
    const refused = await move('maintenance');
    expect(refused.body).toMatchObject({ status: 409, code: 'not-allowed' });
    const bad = await world.call('POST', '/api/v1/servers/blade1/lifecycle', {
      token,
      body: { to: 'gone', reason: '' },
    });
    expect(bad.body).toMatchObject({ status: 422, errors: [{ pointer: '/to' }, { pointer: '/reason' }] });
  });
});
