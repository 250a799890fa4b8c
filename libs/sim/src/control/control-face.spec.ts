import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startSimulation, type Simulation } from '../simulation/index.js';
import { shippedSite } from '../testing/small-world.js';
import { ControlFace } from './control-face.js';

const TOKEN = 'a-token-for-this-test';
let simulation: Simulation;
let control: ControlFace;
let url: string;

beforeEach(async () => {
  simulation = await startSimulation({ site: shippedSite('small'), scale: 1, faces: [] });
  control = new ControlFace(simulation, { token: TOKEN });
  url = await control.start();
});

afterEach(async () => {
  await control.stop();
  await simulation.stop();
});

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, connection: 'close' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

describe('the control door', () => {
  it('opens to the token only; health to everybody', async () => {
    expect((await fetch(`${url}/world`)).status).toBe(401);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await call('GET', '/world/servers/blade-1')).body).toMatchObject({ name: 'blade-1', phase: 'off' });
    expect((await call('GET', '/world/servers/nobody')).status).toBe(404);
  });

  it('plants physical faults and says when one makes no sense', async () => {
    const { world } = simulation;
    const post = (body: unknown): ReturnType<typeof call> => call('POST', '/faults/physical', body);
    expect((await post({ kind: 'power-button', server: 'blade-1' })).status).toBe(200);
    expect(world.state.servers['blade-1']?.phase).toBe('powering-on');
    await post({ kind: 'bmc-lies', server: 'blade-1', report: 'Off' });
    expect(world.power.reported(world.power.server('blade-1'))).toBe('Off');
    await post({ kind: 'cable', device: 'blade-1', port: 'FC.1-1', broken: true });
    expect(
      world.state.cables.find((each) => each.from.device === 'blade-1' && each.from.port === 'FC.1-1')?.broken,
    ).toBe(true);
    await post({ kind: 'fabric-lock', fabric: 'fabric-a', held: true });
    expect(world.fabrics.fabric('fabric-a').transaction?.owner).toBe('foreign:admin2');
    await post({ kind: 'fabric-lock', fabric: 'fabric-a', held: false });
    await post({ kind: 'foreign-zone', fabric: 'fabric-a', zone: 'z1', members: ['20:00:00:00:00:00:00:01'] });
    expect(Object.keys(world.fabrics.fabric('fabric-a').effective)).toEqual(['z1']);
    await post({ kind: 'server-mains', server: 'blade-1', live: false });
    expect(world.state.servers['blade-1']?.phase).toBe('off');
    expect((await post({ kind: 'earthquake' })).status).toBe(400);
    expect((await post({ kind: 'feed', feed: 'feed-z', live: false })).status).toBe(404);
    expect(world.mutationCounts()).toEqual({});
  });

  it('plans request faults, counts them, and shows the checkers', async () => {
    const rule = { device: 'blade-1', verb: 'GET', effect: { kind: 'hang' } };
    expect((await call('POST', '/faults/requests', { id: 'h', ...rule })).body).toEqual({ id: 'h' });
    expect(simulation.faults.next({ device: 'blade-1', verb: 'GET', path: '/redfish/v1' })).toEqual({ kind: 'hang' });
    expect((await call('GET', '/faults')).body).toMatchObject([{ id: 'h', seen: 1, fired: 1 }]);
    expect((await call('DELETE', '/faults/requests/h')).body).toEqual({ id: 'h', fired: 1 });
    expect((await call('GET', '/checkers')).body).toMatchObject({ ok: true, stopped: false, violations: [] });
  });

  it('changes the speed of time', async () => {
    const before = simulation.world.timeMs;
    expect((await call('POST', '/time', { scale: 5_000 })).status).toBe(200);
    await call('POST', '/faults/physical', { kind: 'power-button', server: 'blade-1' });
    await simulation.clock.sleep(200_000);
    expect(simulation.world.timeMs - before).toBeGreaterThan(190_000);
    expect(simulation.world.state.servers['blade-1']?.phase).toBe('no-boot');
  });
});
