import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@rackwright/testing';
import { GatewayWorld } from './gateway-world.js';

let world: GatewayWorld;
let token: string;

beforeAll(async () => {
  world = await GatewayWorld.start('storage-identity', 'saga-coordinator');
  token = await world.signIn();
  await waitFor(async () => (await world.call('GET', '/api/v1/runs', { token })).status === 200);
  await waitFor(async () => (await world.call('GET', '/api/v1/wwn-pools', { token })).status === 200);
}, 60_000);
afterAll(() => world.close());

const SITE = `
apiVersion: rackwright/v1
kind: ServerProfile
metadata: { name: web01 }
spec: { vnics: [{ name: eth0, native: red, address: 10.20.0.5 }] }
---
{ apiVersion: rackwright/v1, kind: Network, metadata: { name: red }, spec: { vlan: 10, subnet: 10.20.0.0/16 } }
---
{ apiVersion: rackwright/v1, kind: MacPool, metadata: { name: macs } }
---
{ apiVersion: rackwright/v1, kind: WwnPool, metadata: { name: wwns } }
---
{ apiVersion: rackwright/v1, kind: Server, metadata: { name: blade1 }, spec: { boardSerial: SN1 } }
`;

const apply = (text: string) => world.yaml('/api/v1/documents/apply', text, token);

describe('a server profile', () => {
  it('is defined by a run, once, together with what it refers to', async () => {
    const first = await apply(SITE);
    expect(first.body).toMatchObject({
      results: expect.arrayContaining([expect.objectContaining({ runId: expect.any(String) })]),
    });
    const again = await apply(SITE);
    const results = again.body['results'] as { action: string }[];
    expect(results.map(({ action }) => action)).toEqual(Array(5).fill('unchanged'));
    const profile = await world.call('GET', '/api/v1/profiles/web01', { token });
    expect(profile.body).toMatchObject({
      state: 'ready',
      vnics: [{ name: 'eth0', mac: expect.stringMatching(/^([0-9a-f]{2}:){5}/), nativeVlan: 10 }],
      formerHolders: [],
    });
    expect((await world.call('GET', '/api/v1/runs', { token })).body).toMatchObject({
      total: 1,
      items: [{ state: 'done' }],
    });
  });

  it('is changed by another run, and its cosmetic edits keep its MAC', async () => {
    const mac = (await world.call('GET', '/api/v1/profiles/web01', { token })).body['vnics'];
    const edited = await apply(SITE.replace('spec: { vnics', 'spec: { description: shop, vnics'));
    expect(edited.body['results']).toContainEqual(
      expect.objectContaining({
        name: 'web01',
        action: 'update',
        diff: [{ path: '/spec/description', before: '', after: 'shop' }],
      }),
    );
    expect((await world.call('GET', '/api/v1/profiles/web01', { token })).body['vnics']).toEqual(mac);
  });

  it.each([
    [
      'a WWN outside of every pool',
      'vhbas: [{ name: fc0, fabric: fa, wwpn: "50:01:43:80:12:34:56:78" }]',
      'unknown-fabric',
    ],
    ['a volume that is not there', 'iscsi: { vnic: eth0 }, volumes: [{ volume: nothing, lun: 0 }]', 'unknown-volume'],
    [
      'two boot volumes',
      'volumes: [{ volume: a, lun: 0, boot: true }, { volume: b, lun: 1, boot: true }]',
      'two-boot-volumes',
    ],
    ['an address somebody has', 'description: x', 'address-taken'],
  ])('with %s is refused as a whole', async (_what, spec, code) => {
    const text = `{apiVersion: rackwright/v1, kind: ServerProfile, metadata: {name: bad}, spec: {${spec}, vnics: [{name: eth0, native: red, address: 10.20.0.5}]}}`;
    const answer = await apply(text);
    expect(answer.status).toBe(422);
    expect(answer.body['errors']).toContainEqual(expect.objectContaining({ code, line: 1 }));
    expect((await world.call('GET', '/api/v1/profiles/bad', { token })).status).toBe(404);
  });

  it('is planned for by names; a plan that cannot run says why, and does not run', async () => {
    const plan = await world.call('POST', '/api/v1/plans', {
      token,
      body: { kind: 'associate', profile: 'web01', server: 'blade1' },
    });
    expect(plan.status).toBe(201);
    expect(plan.body).toMatchObject({ state: 'blocked', blockedBy: [expect.anything()] });
    const path = plan.headers.get('location') ?? '';
    expect((await world.call('GET', path, { token })).body).toMatchObject({ id: plan.body['id'] });
    const start = await world.call('POST', `${path}/runs`, { token, headers: { 'idempotency-key': 'b1' } });
    expect(start.body).toMatchObject({ status: 409, code: 'plan-blocked', action: expect.any(String) });
  });

  it('is removed by a plan whose start, repeated, is one run; waiting for it ends with it', async () => {
    const plan = await world.call('POST', '/api/v1/plans', {
      token,
      body: { kind: 'delete-profile', profile: 'web01' },
    });
    expect(plan.body).toMatchObject({ state: 'ready' });
    const start = () =>
      world.call('POST', `/api/v1/plans/${String(plan.body['id'])}/runs`, {
        token,
        headers: { 'idempotency-key': 'd1' },
      });
    const started = await start();
    expect(started.status).toBe(202);
    const location = started.headers.get('location') ?? '';
    expect(location).toBe(`/api/v1/runs/${String(started.body['runId'])}`);
    expect((await start()).body).toEqual(started.body);
    const run = await world.call('GET', location, { token, headers: { prefer: 'wait=20' } });
    expect(run.body).toMatchObject({ state: 'done' });
    expect(run.headers.get('preference-applied')).toBe('wait=20');
    expect((await world.call('GET', '/api/v1/profiles/web01', { token })).status).toBe(404);
    const late = await world.call('POST', `${location}/retry`, { token, body: { reason: 'again' } });
    expect(late.body).toMatchObject({ status: 409, code: 'run-not-stuck' });
  });
});
