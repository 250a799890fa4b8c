import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { power } from '@rackwright/contracts';
import { waitFor } from '@rackwright/testing';
import { PowerWorld } from './power-world.js';

let world: PowerWorld;
beforeAll(async () => {
  world = await PowerWorld.start();
}, 60_000);
afterAll(() => world.close());

const NAMES = ['blade-1', 'blade-2', 'blade-3', 'blade-4', 'rack-1', 'rack-2'];

describe('discovery', () => {
  it('makes a server in inventory of every enrolled BMC, by its board serial', async () => {
    await Promise.all(NAMES.map((name) => world.putBmc(name)));
    await waitFor(async () => {
      const bmcs = await Promise.all(NAMES.map((name) => world.bmc(name)));
      return bmcs.every((bmc) => bmc?.serverId !== undefined);
    });
    const servers = await world.servers();
    expect(servers.map(({ boardSerial }) => boardSerial).sort()).toEqual(
      NAMES.map((name) => world.server(name).serials.board).sort(),
    );
  });

  it('tells inventory the power it reads, again and again', async () => {
    const { boardSerial } = { boardSerial: world.server('blade-2').serials.board };
    const powerShown = async () =>
      (await world.servers()).find((server) => server.boardSerial === boardSerial)?.power?.state;
    await world.bring('blade-2', 'off');
    await waitFor(async () => (await powerShown()) === 'off');
    await world.bring('blade-2', 'on');
    await waitFor(async () => (await powerShown()) === 'on');
    const serverId = (await world.bmc('blade-2'))?.serverId;
    if (!serverId) throw new Error('not registered');
    expect(await world.queries.query(power.readPower, { serverId })).toMatchObject({ state: 'on', raw: 'On' });
  });

  it('pins the certificate of a first contact and sends the password only afterwards', async () => {
    await world.putBmc('rack-1', { kind: 'first-use' });
    const { tls } = world.simulation.endpointOf('bmc', 'rack-1');
    await waitFor(async () => (await world.bmc('rack-1'))?.fingerprint === tls?.fingerprintSha256);
    await waitFor(async () => (await world.bmc('rack-1'))?.reachable === true);
  });

  it('reads the facts again when asked, and says which server they belong to', async () => {
    const outcome = await world.ask(power.refreshServer, { bmc: 'blade-3' });
    expect(outcome).toMatchObject({ kind: 'done', result: { serverId: (await world.bmc('blade-3'))?.serverId } });
    expect(await world.ask(power.refreshServer, { bmc: 'nobody' })).toMatchObject({ code: 'unknown-bmc' });
  });

  it('says what is wrong with a BMC that nobody can sign in to, and forgets it when told', async () => {
    const fault = world.simulation.faults.plan({
      device: 'rack-2',
      path: '/Systems',
      times: 10_000,
      effect: { kind: 'status', status: 503 },
    });
    await waitFor(async () => (await world.bmc('rack-2'))?.reachable === false);
    expect(world.simulation.faults.firedCount(fault)).toBeGreaterThan(0);
    world.simulation.faults.clear();
    await waitFor(async () => (await world.bmc('rack-2'))?.reachable === true);
    expect(await world.ask(power.deleteBmc, { name: 'rack-2' })).toEqual({ kind: 'done', result: {} });
    expect(await world.bmc('rack-2')).toBeUndefined();
  });
});
