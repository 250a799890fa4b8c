import { request as httpsRequest } from 'node:https';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@rackwright/kernel';
import { selfSignedCertificate } from '../../capture/certificate.js';
import type { FaultEffect } from '../../face.js';
import { aSmallWorld } from '../../testing/small-world.js';
import { createFabricFace, type FosFace, type FosFaceOptions } from './index.js';

const JSON_TYPE = 'application/yang-data+json';
const INITIATOR = '20:00:0a:00:00:00:00:01';
const TARGET = '50:00:00:00:00:00:00:02';
const ZONES = '/rest/running/brocade-zone';
const BASIC = `Basic ${Buffer.from('admin:password').toString('base64')}`;

type Tree = Readonly<Record<string, unknown>>;

/** What stands at a path of keys and list positions. */
function dig(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string | number, unknown> | undefined)?.[key], value);
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
  readonly headers: Headers;
}

let small: ReturnType<typeof aSmallWorld>;
let faces: FosFace[];
let planned: { verb: string; path: RegExp; effect: FaultEffect; fired: number }[];

beforeEach(() => {
  small = aSmallWorld();
  faces = [];
  planned = [];
});

afterEach(async () => {
  await Promise.all(faces.map((face) => face.stop()));
  small.world.close();
});

async function aFace(
  options: Partial<FosFaceOptions> = {},
  name = firstSwitch(),
): Promise<{ face: FosFace; url: string }> {
  const face = createFabricFace(small.world, name, {
    clock: small.clock,
    random: new SeededRandom(1),
    faultFor: ({ verb, path }) => {
      const rule = planned.find((each) => each.verb === verb && each.path.test(path) && each.fired === 0);
      if (rule) rule.fired++;
      return rule?.effect;
    },
    ...options,
  });
  faces.push(face);
  return { face, url: (await face.start()).url };
}

function firstSwitch(): string {
  return Object.keys(small.world.fabrics.fabric('fabric-a').switches)[0] as string;
}

function plan(verb: string, path: RegExp, effect: FaultEffect): (typeof planned)[number] {
  const rule = { verb, path, effect, fired: 0 };
  planned.push(rule);
  return rule;
}

class Client {
  constructor(
    readonly url: string,
    public key = BASIC,
    readonly accept = JSON_TYPE,
  ) {}

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const headers = { authorization: this.key, accept: this.accept, 'content-type': JSON_TYPE };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(this.url + path, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type') === JSON_TYPE;
    return {
      status: response.status,
      text,
      headers: response.headers,
      body: isJson ? (JSON.parse(text) as unknown) : {},
    };
  }

  async login(): Promise<this> {
    const answer = await this.call('POST', '/rest/login');
    expect(answer.status).toBe(200);
    this.key = answer.headers.get('authorization') ?? '';
    return this;
  }

  async effective(): Promise<Tree> {
    return dig(
      (await this.call('GET', `${ZONES}/effective-configuration`)).body,
      'Response',
      'effective-configuration',
    ) as Tree;
  }

  commit(checksum: unknown, more: object): Promise<Answer> {
    return this.call('PATCH', `${ZONES}/effective-configuration`, { checksum, ...more });
  }

  zone(name: string, members: string[], method = 'POST'): Promise<Answer> {
    return this.call(method, `${ZONES}/defined-configuration/zone/zone-name/${name}`, {
      'member-entry': { 'entry-name': members },
    });
  }

  inCfg(zone: string, method = 'POST'): Promise<Answer> {
    return this.call(method, `${ZONES}/defined-configuration/cfg/cfg-name/rw_cfg`, {
      'member-zone': { 'zone-name': [zone] },
    });
  }
}

async function aClient(options: Partial<FosFaceOptions> = {}, name?: string): Promise<Client> {
  return new Client((await aFace(options, name)).url).login();
}

function errorOf(answer: Answer): Tree {
  return dig(answer.body, 'errors', 'error', 0) as Tree;
}

describe('FOS sessions', () => {
  it('are replayed by the key of the login and end at logout', async () => {
    const client = await aClient();
    expect(client.key).toMatch(/^Custom_Basic /);
    expect((await client.call('GET', '/rest/running/brocade-chassis/chassis')).status).toBe(200);
    expect((await client.call('POST', '/rest/logout')).status).toBe(204);
    expect((await client.call('GET', '/rest/running/brocade-chassis/chassis')).status).toBe(401);
  });

  it('are refused beyond three until one is given back or expires', async () => {
    const { url, face } = await aFace({ idleExpiryMs: 60_000 });
    for (let n = 0; n < 3; n++) await new Client(url).login();
    expect((await new Client(url).call('POST', '/rest/login')).status).toBe(503);
    await small.clock.advance(61_000);
    await new Client(url).login();
    expect(face.sessions.count).toBe(1);
  });

  it('need the right password and the yang-data media types', async () => {
    const { url } = await aFace();
    expect((await new Client(url, 'Basic eDp5').call('POST', '/rest/login')).status).toBe(401);
    const client = await new Client(url).login();
    const plain = new Client(url, client.key, 'application/json');
    expect((await plain.call('GET', '/rest/running/brocade-chassis/chassis')).status).toBe(406);
  });

  it('are throttled with 503 where the switch throttles', async () => {
    const client = await aClient({ throttle: { requests: 2, perMs: 1000 } });
    expect((await client.call('GET', `${ZONES}/effective-configuration`)).status).toBe(200);
    expect((await client.call('GET', `${ZONES}/effective-configuration`)).status).toBe(503);
    await small.clock.advance(1000);
    expect((await client.call('GET', `${ZONES}/effective-configuration`)).status).toBe(200);
  });
});

describe('FOS paths', () => {
  it('of 8.x are answered with an invalid URI error on 9.x', async () => {
    const client = await aClient();
    const answer = await client.call('GET', '/rest/running/zoning/effective-configuration');
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toMatchObject({
      'error-type': 'application',
      'error-tag': 'unknown-element',
      'error-message': 'Invalid REST URI',
      'error-info': { 'error-code': 5, 'error-module': 'rest' },
    });
  });

  it('tell firmware, domain and session limit', async () => {
    const client = await aClient();
    const sw = await client.call('GET', '/rest/running/brocade-fibrechannel-switch/fibrechannel-switch');
    expect(dig(sw.body, 'Response', 'fibrechannel-switch', 0, 'firmware-version')).toMatch(/^v9/);
    const management = await client.call('GET', '/rest/running/brocade-chassis/management-interface-configuration');
    expect(dig(management.body, 'Response', 'management-interface-configuration', 'max-rest-sessions')).toBe(3);
  });

  it('speak XML unless JSON is asked for', async () => {
    const { url } = await aFace();
    const client = await new Client(url).login();
    const xml = await new Client(url, client.key, 'application/yang-data+xml').call(
      'GET',
      `${ZONES}/effective-configuration`,
    );
    expect(xml.text).toContain('<Response><effective-configuration>');
    const response = await fetch(`${url}${ZONES}/defined-configuration/zone`, {
      method: 'POST',
      headers: { authorization: client.key, accept: '*/*', 'content-type': 'application/yang-data+xml' },
      body: `<zone><zone-name>x1</zone-name><member-entry><entry-name>${INITIATOR}</entry-name></member-entry></zone>`,
    });
    expect(response.status).toBe(201);
    expect(
      dig((await client.call('GET', `${ZONES}/defined-configuration/zone`)).body, 'Response', 'zone', 0, 'zone-name'),
    ).toBe('x1');
  });

  it('work over TLS', async () => {
    const certificate = await selfSignedCertificate();
    const { url } = await aFace({ tls: { cert: certificate.certPem, key: certificate.keyPem } });
    const status = await new Promise((resolve, reject) => {
      const options = { method: 'POST', ca: certificate.certPem, agent: false, headers: { authorization: BASIC } };
      httpsRequest(`${url}/rest/login`, options, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect([url.startsWith('https:'), status]).toEqual([true, 200]);
  });
});

describe('FOS zoning', () => {
  it('stages, commits with the checksum and shows aliases expanded', async () => {
    const client = await aClient();
    const before = await client.effective();
    expect(before).toMatchObject({
      'db-transaction': 0,
      'transaction-token': 0,
      checksum: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const alias = { alias: [{ 'alias-name': 'host_a', 'member-entry': { 'alias-entry-name': [INITIATOR] } }] };
    expect(
      (await client.call('POST', `${ZONES}/defined-configuration`, { 'defined-configuration': alias })).status,
    ).toBe(201);
    expect((await client.zone('rw_z1', ['host_a', TARGET])).status).toBe(201);
    expect((await client.inCfg('rw_z1')).status).toBe(201);
    const open = await client.effective();
    expect(open['db-transaction']).toBeGreaterThan(0);
    expect(open['transaction-token']).toBeGreaterThan(0);
    expect(open['enabled-zone']).toBeUndefined();
    expect((await client.commit(before['checksum'], { 'cfg-name': 'rw_cfg' })).status).toBe(204);
    const after = await client.effective();
    expect(after).toMatchObject({ 'cfg-name': 'rw_cfg', 'db-transaction': 0, 'transaction-token': 0 });
    expect(after['checksum']).not.toBe(before['checksum']);
    expect(dig(after, 'enabled-zone', 0, 'member-entry', 'entry-name')).toEqual([INITIATOR, TARGET]);
    expect(small.world.fabrics.fabric('fabric-a').effective).toHaveProperty('rw_z1');
  });

  it('saves without changing what is effective', async () => {
    const client = await aClient();
    await client.zone('rw_z1', [INITIATOR, TARGET]);
    expect((await client.commit((await client.effective())['checksum'], { 'cfg-action': 1 })).status).toBe(204);
    expect((await client.effective())['cfg-name']).toBeUndefined();
    expect((await client.call('GET', `${ZONES}/defined-configuration/zone/zone-name/rw_z1`)).status).toBe(200);
  });

  it('refuses a wrong or missing checksum and keeps the transaction open', async () => {
    const client = await aClient();
    await client.zone('rw_z1', [INITIATOR, TARGET]);
    expect((await client.commit('0'.repeat(32), { 'cfg-action': 1 })).status).toBe(400);
    expect((await client.commit(undefined, { 'cfg-action': 1 })).status).toBe(400);
    expect((await client.effective())['db-transaction']).toBeGreaterThan(0);
  });

  it('aborts everything that is staged', async () => {
    const client = await aClient();
    await client.zone('rw_z1', [INITIATOR, TARGET]);
    expect((await client.call('PATCH', `${ZONES}/effective-configuration`, { 'cfg-action': 4 })).status).toBe(204);
    expect((await client.effective())['db-transaction']).toBe(0);
    expect((await client.call('GET', `${ZONES}/defined-configuration/zone`)).status).toBe(404);
  });

  it('answers a second create, a present member and a missing member with an error', async () => {
    const client = await aClient();
    await client.zone('rw_z1', [INITIATOR, TARGET]);
    expect((await client.zone('rw_z1', [INITIATOR])).status).toBe(400);
    expect((await client.zone('rw_z1', ['21:00:00:00:00:00:00:99'])).status).toBe(201);
    expect((await client.zone('rw_z1', ['21:00:00:00:00:00:00:98'], 'DELETE')).status).toBe(400);
    expect((await client.zone('rw_z1', ['21:00:00:00:00:00:00:99'], 'DELETE')).status).toBe(204);
    expect((await client.zone('no space', [INITIATOR])).status).toBe(400);
    expect((await client.zone('z'.repeat(65), [INITIATOR])).status).toBe(400);
  });

  it('accepts the deletion of a zone that a cfg still lists and fails at the commit', async () => {
    const client = await aClient();
    await client.zone('rw_z1', [INITIATOR, TARGET]);
    await client.inCfg('rw_z1');
    await client.commit((await client.effective())['checksum'], { 'cfg-name': 'rw_cfg' });
    expect((await client.call('DELETE', `${ZONES}/defined-configuration/zone/zone-name/rw_z1`)).status).toBe(204);
    const failed = await client.commit((await client.effective())['checksum'], { 'cfg-name': 'rw_cfg' });
    expect(failed.status).toBe(400);
    expect(errorOf(failed)).toMatchObject({
      'error-type': 'protocol',
      'error-tag': 'Operation-failed',
      'error-path': '/effective-configuration/',
      'error-message': '"rw_z1" not found',
      'error-info': { 'error-code': -1, 'error-module': 'zone' },
    });
    expect((await client.effective())['enabled-zone']).toHaveLength(1);
  });

  it('expunges an object with all that mentions it', async () => {
    const client = await aClient();
    await client.zone('rw_z1', [INITIATOR, TARGET]);
    await client.inCfg('rw_z1');
    const expunge = { 'zone-operation-parameters': [{ action: 'expunge', 'zone-object': 'rw_z1' }] };
    expect((await client.call('POST', '/rest/operations/zone', expunge)).status).toBe(204);
    expect((await client.commit((await client.effective())['checksum'], { 'cfg-action': 1 })).status).toBe(204);
  });

  it.each([
    ['replace', ['21:00:00:00:00:00:00:99']],
    ['merge', [INITIATOR, TARGET, '21:00:00:00:00:00:00:99']],
  ] as const)('patches members in %s mode', async (patchMode, expected) => {
    const client = await aClient({ patchMode });
    await client.zone('rw_z1', [INITIATOR, TARGET]);
    expect((await client.zone('rw_z1', ['21:00:00:00:00:00:00:99'], 'PATCH')).status).toBe(204);
    const read = await client.call('GET', `${ZONES}/defined-configuration/zone/zone-name/rw_z1`);
    expect(dig(read.body, 'Response', 'zone', 0, 'member-entry', 'entry-name')).toEqual(expected);
  });

  it('sends lists of one as their element where the switch does', async () => {
    const client = await aClient({ singleAsObject: true });
    await client.zone('rw_z1', [INITIATOR]);
    const read = await client.call('GET', `${ZONES}/defined-configuration/zone`);
    expect(dig(read.body, 'Response', 'zone')).toMatchObject({
      'zone-name': 'rw_z1',
      'member-entry': { 'entry-name': INITIATOR },
    });
    const refused = await client.zone('rw_z1', [INITIATOR]);
    expect(dig(refused.body, 'errors', 'error', 'error-type')).toBe('protocol');
  });

  it('makes peer zones and tells zones, peers and limits apart', async () => {
    const client = await aClient({ dbMaxBytes: 400 });
    const peer = {
      zone: {
        'zone-name': 'peer1',
        'zone-type-string': 'user-created-peer-zone',
        'member-entry': { 'entry-name': [INITIATOR], 'principal-entry-name': [TARGET] },
      },
    };
    expect((await client.call('POST', `${ZONES}/defined-configuration/zone`, peer)).status).toBe(201);
    const many = Array.from({ length: 20 }, (_each, n) => `21:00:00:00:00:00:01:${String(n).padStart(2, '0')}`);
    expect((await client.zone('rw_big', many)).status).toBe(400);
    expect((await client.effective())['db-avail']).toBeLessThan(400);
  });

  it('keeps others out while another administrator or another switch holds the transaction', async () => {
    const client = await aClient();
    small.world.fabrics.stage('fabric-a', 'fos:elsewhere', () => undefined);
    const refused = await client.zone('rw_z1', [INITIATOR, TARGET]);
    expect(refused.status).toBe(400);
    const lock = await client.call('GET', `${ZONES}/fabric-lock`);
    expect(dig(lock.body, 'Response', 'fabric-lock')).toMatchObject({ 'remaining-time': 300, timeout: 300 });
    await small.clock.advance(301_000);
    expect(
      dig(
        (await client.call('GET', `${ZONES}/fabric-lock`)).body,
        'Response',
        'fabric-lock',
        'lock-principal-domain-id',
      ),
    ).toBe(0);
    expect((await client.zone('rw_z1', [INITIATOR, TARGET])).status).toBe(201);
  });
});

describe('FOS faults', () => {
  it('lose the response after the commit took effect', async () => {
    const client = await aClient();
    await client.zone('rw_z1', [INITIATOR, TARGET]);
    const { checksum } = await client.effective();
    const fault = plan('PATCH', /effective/, { kind: 'lose-response' });
    await expect(client.commit(checksum, { 'cfg-action': 1 })).rejects.toThrow();
    expect(fault.fired).toBe(1);
    expect((await client.effective())['checksum']).not.toBe(checksum);
  });

  it('lose the request before anything happened', async () => {
    const client = await aClient();
    const fault = plan('POST', /zone-name/, { kind: 'lose-request' });
    await expect(client.zone('rw_z1', [INITIATOR])).rejects.toThrow();
    expect([fault.fired, (await client.effective())['db-transaction']]).toEqual([1, 0]);
  });

  it('answer 503 and 500 in the format of the switch', async () => {
    const client = await aClient();
    for (const status of [503, 500]) {
      const fault = plan('GET', /effective/, { kind: 'status', status });
      const answer = await client.call('GET', `${ZONES}/effective-configuration`);
      expect([fault.fired, answer.status, errorOf(answer)['error-type']]).toEqual([1, status, 'application']);
    }
  });

  it.each([
    ['lock-held', { kind: 'lock-held', by: 'somebody' }],
    ['checksum-conflict', { kind: 'checksum-conflict' }],
  ] as const)('refuse a commit for %s and change nothing', async (_name, effect) => {
    const client = await aClient();
    await client.zone('rw_z1', [INITIATOR, TARGET]);
    const { checksum } = await client.effective();
    const fault = plan('PATCH', /effective/, effect);
    expect((await client.commit(checksum, { 'cfg-action': 1 })).status).toBe(400);
    expect([fault.fired, (await client.effective())['checksum']]).toEqual([1, checksum]);
  });

  it('leave a commit half done: defined, not enabled', async () => {
    const client = await aClient();
    await client.zone('rw_z1', [INITIATOR, TARGET]);
    await client.inCfg('rw_z1');
    const fault = plan('PATCH', /effective/, { kind: 'commit-half-way' });
    expect((await client.commit((await client.effective())['checksum'], { 'cfg-name': 'rw_cfg' })).status).toBe(400);
    expect(fault.fired).toBe(1);
    expect((await client.effective())['cfg-name']).toBeUndefined();
    expect((await client.call('GET', `${ZONES}/defined-configuration/zone/zone-name/rw_z1`)).status).toBe(200);
  });
});

describe('FOS ports and name server', () => {
  it('list array logins, and nothing is 404', async () => {
    const client = await aClient();
    const rows = dig(
      (await client.call('GET', '/rest/running/brocade-name-server/fibrechannel-name-server')).body,
      'Response',
    );
    expect(dig(rows, 'fibrechannel-name-server', 0, 'name-server-device-type')).toBe('Physical Target');
    for (const port of Object.values(small.world.fabrics.fcSwitch(firstSwitch()).fcSwitch.ports)) {
      small.world.fabrics.setPort(firstSwitch(), port.name, { enabled: false, persistent: true }, 'test');
    }
    const none = await client.call('GET', '/rest/running/brocade-name-server/fibrechannel-name-server');
    expect([none.status, errorOf(none)['error-message']]).toEqual([404, 'No entries in Name Server']);
  });

  it('close a port persistently and open it again', async () => {
    const client = await aClient();
    const path = '/rest/running/brocade-interface/fibrechannel';
    const all = dig((await client.call('GET', path)).body, 'Response', 'fibrechannel') as Tree[];
    const busy = all.find((port) => port['neighbor']) as Tree;
    expect(busy).toMatchObject({ 'is-enabled-state': true, 'persistent-disable': 0, 'physical-state': 'online' });
    const one = `${path}/name/${encodeURIComponent(String(busy['name']))}`;
    expect((await client.call('PATCH', one, { 'persistent-disable': 1 })).status).toBe(204);
    const closed = dig((await client.call('GET', one)).body, 'Response', 'fibrechannel', 0);
    expect(closed).toMatchObject({ 'is-enabled-state': false, 'persistent-disable': 1, 'physical-state': 'offline' });
    expect(dig(closed, 'neighbor')).toBeUndefined();
    expect((await client.call('PATCH', one, { 'is-enabled-state': true })).status).toBe(400);
    small.world.fabrics.restartSwitch(firstSwitch(), 'test');
    expect(dig((await client.call('GET', one)).body, 'Response', 'fibrechannel', 0, 'is-enabled-state')).toBe(false);
    expect(
      (await client.call('PATCH', path, { fibrechannel: { name: busy['name'], 'persistent-disable': 0 } })).status,
    ).toBe(204);
    expect(dig((await client.call('GET', one)).body, 'Response', 'fibrechannel', 0, 'neighbor', 'wwn')).toHaveLength(1);
  });

  it('a plain disable is forgotten at the next restart', async () => {
    const client = await aClient();
    const path = '/rest/running/brocade-interface/fibrechannel';
    const all = dig((await client.call('GET', path)).body, 'Response', 'fibrechannel') as Tree[];
    const name = all.find((port) => port['neighbor'])?.['name'] as string;
    expect((await client.call('PATCH', path, { fibrechannel: [{ name, 'is-enabled-state': false }] })).status).toBe(
      204,
    );
    small.world.fabrics.restartSwitch(firstSwitch(), 'test');
    const one = await client.call('GET', `${path}/name/${name}`);
    expect(dig(one.body, 'Response', 'fibrechannel', 0, 'is-enabled-state')).toBe(true);
  });
});
