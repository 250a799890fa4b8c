import { request as httpsRequest } from 'node:https';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@rackwright/kernel';
import { selfSignedCertificate } from '../../capture/certificate.js';
import type { FaultEffect } from '../../face.js';
import { aSmallWorld } from '../../testing/small-world.js';
import { createArrayFace, type PowerStoreFace, type PowerStoreFaceOptions } from './index.js';

const BASIC = `Basic ${Buffer.from('admin:password').toString('base64')}`;
const [WWPN_1, WWPN_2] = ['20:00:0a:00:00:00:00:01', '20:00:0a:00:00:00:00:02'];

type Tree = Readonly<Record<string, unknown>>;
interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

let small: ReturnType<typeof aSmallWorld>;
let faces: PowerStoreFace[];
let url: string;
let planned: { verb: string; path: RegExp; effect: FaultEffect; fired: number }[];

beforeEach(async () => {
  small = aSmallWorld();
  faces = [];
  planned = [];
  url = (await (await aFace()).start()).url;
});

afterEach(async () => {
  await Promise.all(faces.map((face) => face.stop()));
  small.world.close();
});

async function aFace(options: Partial<PowerStoreFaceOptions> = {}): Promise<PowerStoreFace> {
  const face = createArrayFace(small.world, 'array-1', {
    clock: small.clock,
    random: new SeededRandom(5),
    faultFor: ({ verb, path }) => {
      const rule = planned.find((each) => each.verb === verb && each.path.test(path) && each.fired === 0);
      if (rule) rule.fired++;
      return rule?.effect;
    },
    ...options,
  });
  faces.push(face);
  return face;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = { authorization: BASIC },
): Promise<Answer> {
  const init = { method, headers: { 'content-type': 'application/json', ...headers } };
  const response = await fetch(`${url}/api/rest${path}`, {
    ...init,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  };
}

async function rows(path: string): Promise<Tree[]> {
  return (await call('GET', path)).body as Tree[];
}

function codeOf(answer: Answer): unknown {
  return (answer.body as { messages: Tree[] }).messages[0]?.['code'];
}

async function aHost(name: string, ...wwpns: string[]): Promise<string> {
  const initiators = wwpns.map((port_name) => ({ port_name, port_type: 'FC' }));
  const made = await call('POST', '/host', { name, os_type: 'Linux', initiators });
  expect(made.status).toBe(201);
  return (made.body as { id: string }).id;
}

async function volumeId(name: string): Promise<string> {
  return String((await rows(`/volume?name=eq.${name}`))[0]?.['id']);
}

/** A login over iSCSI whose machine went away without logging out: the array keeps it for a while. */
function deadSessionOf(iqn: string): void {
  const array = small.world.arrays.array('array-1');
  array.sessions['s1'] = {
    id: 's1',
    initiator: { kind: 'iscsi', name: iqn },
    target: array.targets.find((each) => each.kind === 'iscsi')?.name ?? '',
    volume: 'boot-01',
    server: 'rack-1',
    port: 'NIC.1-1',
    bootId: 0,
    openedMs: 0,
  };
}

describe('PowerStore sign-in', () => {
  it('takes Basic on any request and refuses wrong credentials', async () => {
    expect((await call('GET', '/cluster?select=name')).body).toEqual([{ name: 'array-1' }]);
    expect((await call('GET', '/cluster', undefined, {})).status).toBe(401);
    expect((await call('GET', '/cluster', undefined, { authorization: 'Basic eDp5' })).status).toBe(401);
  });

  it('takes the cookie, and the token with every change, until logout', async () => {
    const login = await call('GET', '/login_session');
    const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const token = login.headers.get('dell-emc-token') ?? '';
    expect((await call('GET', '/volume', undefined, { cookie })).status).toBe(200);
    const host = { name: 'h', os_type: 'Linux', initiators: [{ port_name: WWPN_1, port_type: 'FC' }] };
    expect((await call('POST', '/host', host, { cookie })).status).toBe(403);
    expect((await call('POST', '/host', host, { cookie, 'dell-emc-token': token })).status).toBe(201);
    expect((await call('POST', '/logout', undefined, { cookie, 'dell-emc-token': token })).status).toBe(204);
    expect((await call('GET', '/volume', undefined, { cookie })).status).toBe(403);
  });

  it('ends a session that is idle too long', async () => {
    const cookie = ((await call('GET', '/login_session')).headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    await small.clock.advance(3_600_001);
    expect((await call('GET', '/volume', undefined, { cookie })).status).toBe(403);
  });

  it('can demand the token with Basic too', async () => {
    url = (await (await aFace({ tokenNeeded: 'always' })).start()).url;
    expect((await call('POST', '/host', {})).status).toBe(403);
  });

  it('works over TLS', async () => {
    const certificate = await selfSignedCertificate();
    const secure = (await (await aFace({ tls: { cert: certificate.certPem, key: certificate.keyPem } })).start()).url;
    const status = await new Promise((resolve, reject) => {
      const options = { ca: certificate.certPem, agent: false, headers: { authorization: BASIC } };
      httpsRequest(`${secure}/api/rest/cluster`, options, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
  });
});

describe('PowerStore collections', () => {
  it('hold ids alone unless fields are selected', async () => {
    expect(Object.keys((await rows('/volume'))[0] ?? {})).toEqual(['id']);
    expect(Object.keys((await rows('/volume?select=name,size'))[0] ?? {})).toEqual(['name', 'size']);
    expect((await rows('/volume?select=*'))[0]).toMatchObject({ state: 'Ready' });
    expect((await call('GET', '/volume?select=nonsense')).status).toBe(400);
  });

  it('filter, order and embed', async () => {
    expect(await rows('/volume?select=name&name=eq.boot-02')).toEqual([{ name: 'boot-02' }]);
    expect(await rows('/volume?select=name&name=in.(boot-02,boot-03)&order=name.desc')).toEqual([
      { name: 'boot-03' },
      { name: 'boot-02' },
    ]);
    expect(await rows('/volume?select=name&name=ilike.*CLUSTER*')).toEqual([{ name: 'cluster-1' }]);
    expect(await rows('/volume?name=not.like.boot-*')).toHaveLength(1);
    expect((await call('GET', '/volume?name=boot-02')).status).toBe(400);
    const portals = await rows(
      '/ip_pool_address?select=address,ip_port(target_iqn)&purposes=cs.{Storage_Iscsi_Target}',
    );
    expect(portals).toEqual([{ address: '10.60.0.10', ip_port: { target_iqn: 'iqn.2015-10.com.dell:array-1' } }]);
    expect((await rows('/fc_port?select=wwn,is_link_up'))[0]).toMatchObject({ is_link_up: true });
  });

  it('come in parts with 206 and a content range', async () => {
    const part = await call('GET', '/volume?select=name&limit=4&offset=4&order=name');
    expect([part.status, part.headers.get('content-range')]).toEqual([206, '4-7/9']);
    const ranged = await call('GET', '/volume', undefined, { authorization: BASIC, range: '0-1' });
    expect([ranged.status, (ranged.body as unknown[]).length]).toEqual([206, 2]);
    expect((await call('GET', '/volume?limit=100')).status).toBe(200);
    const beyond = await call('GET', '/volume?offset=50');
    expect([beyond.status, codeOf(beyond)]).toEqual([416, '0xE04040010005']);
  });

  it('answer 404 for what is not there', async () => {
    const volume = await call('GET', '/volume/nope');
    expect([volume.status, codeOf(volume)]).toEqual([404, '0xE0A08001000E']);
    const host = await call('GET', '/host/nope');
    expect([host.status, codeOf(host)]).toEqual([404, '0xE0A010010003']);
    expect((await call('GET', '/nonsense')).status).toBe(404);
  });
});

describe('PowerStore hosts and mappings', () => {
  it('create, attach with a LUN id, list, detach and delete', async () => {
    const id = await aHost('rw_one', WWPN_1);
    const volume = await volumeId('boot-01');
    expect((await call('POST', `/host/${id}/attach`, { volume_id: volume, logical_unit_number: 7 })).status).toBe(204);
    const mappings = await rows(
      `/host_volume_mapping?host_id=eq.${id}&select=volume_id,logical_unit_number,volume(name)`,
    );
    expect(mappings).toEqual([{ volume_id: volume, logical_unit_number: 7, volume: { name: 'boot-01' } }]);
    expect((await call('DELETE', `/host/${id}`)).status).toBe(422);
    expect((await call('POST', `/host/${id}/detach`, { volume_id: volume })).status).toBe(204);
    const again = await call('POST', `/host/${id}/detach`, { volume_id: volume });
    expect([again.status, codeOf(again)]).toEqual([422, '0xE0A08001000F']);
    expect((await call('DELETE', `/host/${id}`)).status).toBe(204);
    expect(small.world.arrays.array('array-1').hosts).toEqual({});
  });

  it('attach from the volume side and pick the lowest free LUN id', async () => {
    const id = await aHost('rw_one', WWPN_1);
    const volume = await volumeId('boot-01');
    expect((await call('POST', `/volume/${volume}/attach`, { host_id: id })).status).toBe(204);
    expect(await rows(`/host_volume_mapping?select=logical_unit_number`)).toHaveLength(1);
    expect((await call('POST', `/volume/${volume}/detach`, { host_id: id })).status).toBe(204);
  });

  it('refuse a LUN id in use, a second attach, a taken initiator and a taken name', async () => {
    const id = await aHost('rw_one', WWPN_1);
    const [one, two] = [await volumeId('boot-01'), await volumeId('boot-02')];
    await call('POST', `/host/${id}/attach`, { volume_id: one, logical_unit_number: 1 });
    expect((await call('POST', `/host/${id}/attach`, { volume_id: two, logical_unit_number: 1 })).status).toBe(422);
    expect((await call('POST', `/host/${id}/attach`, { volume_id: one, logical_unit_number: 2 })).status).toBe(422);
    expect((await call('POST', `/host/${id}/attach`, { volume_id: two, logical_unit_number: -1 })).status).toBe(400);
    const initiators = [{ port_name: WWPN_1.toUpperCase(), port_type: 'FC' }];
    expect((await call('POST', '/host', { name: 'rw_two', os_type: 'Linux', initiators })).status).toBe(422);
    const other = [{ port_name: WWPN_2, port_type: 'FC' }];
    expect((await call('POST', '/host', { name: 'rw_one', os_type: 'Linux', initiators: other })).status).toBe(422);
    expect((await call('POST', '/host', { name: 'x', os_type: 'BeOS', initiators: other })).status).toBe(400);
  });

  it('add and remove initiators, one kind of change at a time', async () => {
    const id = await aHost('rw_one', WWPN_1);
    const add = { add_initiators: [{ port_name: WWPN_2, port_type: 'FC' }] };
    expect((await call('PATCH', `/host/${id}`, add)).status).toBe(204);
    expect((await call('PATCH', `/host/${id}`, { ...add, remove_initiators: [WWPN_1] })).status).toBe(400);
    expect((await call('PATCH', `/host/${id}`, { remove_initiators: [WWPN_1] })).status).toBe(204);
    expect((await call('PATCH', `/host/${id}`, { remove_initiators: [WWPN_1] })).status).toBe(422);
    const host = (await call('GET', `/host/${id}?select=name,host_initiators(port_name)`)).body;
    expect(host).toEqual({ name: 'rw_one', host_initiators: [{ port_name: WWPN_2 }] });
  });

  it('show a live session under its host, and as a discovered initiator once the host is gone', async () => {
    const iqn = 'iqn.2026-01.example:rack-1';
    const initiators = [{ port_name: iqn, port_type: 'iSCSI' }];
    const { body } = await call('POST', '/host', { name: 'rw_one', os_type: 'Linux', initiators });
    const { id } = body as { id: string };
    deadSessionOf(iqn);
    const host = (await call('GET', `/host/${id}?select=*`)).body as { host_initiators: Tree[] };
    expect(host.host_initiators[0]?.['active_sessions']).toMatchObject([{ fc_port_id: null, eth_port_id: 'iscsi-0' }]);
    expect(await rows('/discovered_initiator?select=name')).toEqual([]);
    await call('DELETE', `/host/${id}`);
    expect(await rows('/discovered_initiator?select=name,protocol_type')).toEqual([
      { name: iqn, protocol_type: 'iSCSI' },
    ]);
  });

  it('answer an asynchronous request with a job to read', async () => {
    const initiators = [{ port_name: WWPN_1, port_type: 'FC' }];
    const accepted = await call('POST', '/host?is_async=true', { name: 'rw_one', os_type: 'Linux', initiators });
    expect(accepted.status).toBe(202);
    const job = (await call('GET', `/job/${(accepted.body as { id: string }).id}?select=*`)).body;
    expect(job).toMatchObject({ state: 'COMPLETED', response_status: 201 });
  });
});

describe('PowerStore faults', () => {
  it('lose the response after an attach took effect, and the request before', async () => {
    const id = await aHost('rw_one', WWPN_1);
    const volume = await volumeId('boot-01');
    for (const [kind, count] of [
      ['lose-request', 0],
      ['lose-response', 1],
    ] as const) {
      planned = [{ verb: 'POST', path: /attach/, effect: { kind }, fired: 0 }];
      await expect(call('POST', `/host/${id}/attach`, { volume_id: volume })).rejects.toThrow();
      expect([planned[0]?.fired, (await rows('/host_volume_mapping')).length]).toEqual([1, count]);
    }
  });

  it('answer errors, HTML and half a body', async () => {
    planned = [{ verb: 'GET', path: /volume/, effect: { kind: 'status', status: 503, retryAfterS: 3 }, fired: 0 }];
    const busy = await call('GET', '/volume');
    expect([planned[0]?.fired, busy.status, busy.headers.get('retry-after')]).toEqual([1, 503, '3']);
    planned = [{ verb: 'GET', path: /volume/, effect: { kind: 'status', status: 504, body: '<html/>' }, fired: 0 }];
    await expect(call('GET', '/volume')).rejects.toThrow('JSON');
    planned = [{ verb: 'GET', path: /volume/, effect: { kind: 'truncate' }, fired: 0 }];
    await expect(call('GET', '/volume')).rejects.toThrow();
    expect(planned[0]?.fired).toBe(1);
  });

  it('delay an answer by simulated time', async () => {
    planned = [{ verb: 'GET', path: /volume/, effect: { kind: 'delay', delayMs: 5000 }, fired: 0 }];
    let done = false;
    const answer = call('GET', '/volume').then((each) => {
      done = true;
      return each;
    });
    await call('GET', '/cluster');
    expect([planned[0]?.fired, done]).toEqual([1, false]);
    await small.clock.advance(5000);
    expect((await answer).status).toBe(200);
  });
});
