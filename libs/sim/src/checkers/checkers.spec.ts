import { describe, expect, it } from '@jest/globals';
import { isAppError } from '@rackwright/kernel';
import {
  aSmallWorld,
  giveWwpn,
  openSanPort,
  serverOf,
  TEST_ACTOR,
  WWPN_A,
  zoneAndMask,
} from '../testing/small-world.js';
import type { World } from '../world/index.js';
import { inventoryOf } from './inventory-of.js';

const MINUTE_MS = 60_000;
const MAC = '02:00:00:00:00:01';

type Made = ReturnType<typeof aSmallWorld>;

async function aRunningSource(): Promise<Made> {
  const made = aSmallWorld({ seed: 42 });
  zoneAndMask(made.world, WWPN_A, 'boot-01');
  giveWwpn(made.world, 'blade-1', WWPN_A);
  openSanPort(made.world, 'blade-1');
  made.world.power.reset('blade-1', 'On', TEST_ACTOR);
  await made.clock.advance(4 * MINUTE_MS);
  return made;
}

function found(made: Made): readonly string[] {
  return made.checkers.status().violations.map((each) => each.invariant);
}

function openLanPort(world: World, port: string): void {
  world.network.configure('leaf-1', { [port]: { native: 101, protected: false } }, TEST_ACTOR);
}

describe('checkers', () => {
  it('pass a move in the right order, without a zoning or masking change', async () => {
    const made = await aRunningSource();
    const { world, clock, checkers } = made;
    const before = world.mutationsOf('fabric') + world.mutationsOf('array');
    world.power.reset('blade-1', 'GracefulShutdown', TEST_ACTOR);
    await clock.advance(MINUTE_MS);
    openSanPort(world, 'blade-1', false);
    giveWwpn(world, 'blade-2', WWPN_A);
    openSanPort(world, 'blade-2');
    world.power.reset('blade-2', 'On', TEST_ACTOR);
    await clock.advance(4 * MINUTE_MS);
    expect(serverOf(world, 'blade-2').bootedFrom).toBe('array-1/boot-01');
    expect(world.mutationsOf('fabric') + world.mutationsOf('array')).toBe(before);
    const lifetimes = world.state.arrays['array-1']?.writes['boot-01']?.lifetimes.map((each) => each.server);
    expect(lifetimes).toEqual(['blade-1', 'blade-2']);
    checkers.assertClean();
    world.close();
  });

  it('catch two live holders of one MAC (I1)', async () => {
    const made = aSmallWorld();
    const { world, clock } = made;
    for (const [name, port] of [
      ['blade-1', 'eth1'],
      ['blade-2', 'eth2'],
    ] as const) {
      world.identity.stage(serverOf(world, name), 'NIC.1-1', { mac: MAC }, TEST_ACTOR);
      openLanPort(world, port);
    }
    // Planted past every rule: the world itself would only get here through a chain of mistakes.
    for (const name of ['blade-1', 'blade-2']) {
      const server = serverOf(world, name);
      server.phase = 'os-running';
      for (const port of server.ports) if (port.name === 'NIC.1-1') port.current.mac = MAC;
    }
    await clock.advance(1_000);
    expect(found(made)).toContain('I1');
    world.close();
  });

  it('catch a power-on while the source lives (I3), stop the world and say how it came', async () => {
    const made = await aRunningSource();
    const { world, checkers } = made;
    giveWwpn(world, 'blade-2', WWPN_A);
    world.power.reset('blade-2', 'On', TEST_ACTOR);
    expect(found(made)).toEqual(['I3']);
    const report = checkers.reports[0];
    expect([report?.seed, report?.violation.servers]).toEqual([42, ['blade-2', 'blade-1']]);
    expect(report?.history.at(-1)?.kind).toBe('reset');
    expect(() => openSanPort(world, 'blade-3')).toThrow('stopped');
    try {
      checkers.assertClean();
      expect('a violation').toBe('reported');
    } catch (error) {
      expect(isAppError(error, 'sim.violation')).toBe(true);
    }
    world.close();
  });

  it('catch a second path to one volume even when identities differ (I2)', async () => {
    const made = await aRunningSource();
    const { world, clock } = made;
    const other = serverOf(world, 'blade-2').ports.find((each) => each.name === 'FC.1-1')?.permanent.wwpn ?? '';
    openSanPort(world, 'blade-2');
    world.power.reset('blade-2', 'On', TEST_ACTOR);
    await clock.advance(MINUTE_MS);
    expect(found(made)).toEqual([]);
    zoneAndMask(world, other, 'boot-01');
    expect(found(made)).toEqual(['I2']);
    world.close();
  });

  it('catch overlapping writers, which no configuration shows (I2)', async () => {
    const made = await aRunningSource();
    const { world, clock } = made;
    const writes = world.state.arrays['array-1']?.writes['boot-01'];
    const last = writes?.lifetimes[0];
    if (!writes || !last) throw new Error('the source never wrote');
    const sequence = world.state.sequence;
    writes.lifetimes.push({ ...last, server: 'blade-3', bootId: 9, firstSequence: sequence, lastSequence: sequence });
    await clock.advance(2_000);
    expect(found(made)).toEqual(['I2']);
    world.close();
  });

  it('catch programming a server that runs, or that still shows another identity (I4)', async () => {
    const running = await aRunningSource();
    giveWwpn(running.world, 'blade-1', '20:00:0a:00:00:00:00:99');
    expect(found(running)).toEqual(['I4']);
    running.world.close();
    const off = await aRunningSource();
    off.world.power.reset('blade-1', 'ForceOff', TEST_ACTOR);
    await off.clock.advance(MINUTE_MS);
    giveWwpn(off.world, 'blade-1', WWPN_A);
    expect(found(off)).toEqual([]);
    giveWwpn(off.world, 'blade-1', '20:00:0a:00:00:00:00:99');
    expect(found(off)).toEqual(['I4']);
    off.world.close();
  });

  it('let a server be programmed whose cleared identity waits for the reset (I4)', async () => {
    const made = await aRunningSource();
    const { world, clock } = made;
    world.power.reset('blade-1', 'ForceOff', TEST_ACTOR);
    await clock.advance(MINUTE_MS);
    const server = serverOf(world, 'blade-1');
    const port = server.ports.find((each) => each.name === 'FC.1-1');
    const { wwpn = '', wwnn = '' } = port?.permanent ?? {};
    world.identity.stage(server, 'FC.1-1', { wwpn, wwnn, bootTargets: [] }, TEST_ACTOR);
    giveWwpn(world, 'blade-1', '20:00:0a:00:00:00:00:99');
    expect(found(made)).toEqual([]);
    world.close();
  });

  it('catch a quarantined server that comes alive with a port open (I8)', async () => {
    const made = await aRunningSource();
    const { world, checkers, clock } = made;
    world.power.reset('blade-1', 'ForceOff', TEST_ACTOR);
    await clock.advance(MINUTE_MS);
    checkers.inert.quarantine('blade-1');
    world.core.change({ kind: 'note', device: { kind: 'feed', name: 'feed-a' }, actor: 'physics' }, () => undefined);
    expect(found(made)).toEqual([]);
    world.power.pressPowerButton('blade-1', 'fault');
    expect(found(made)).toEqual(['I8']);
    world.close();
  });

  it('list what an allocation has to account for', async () => {
    const { world } = await aRunningSource();
    const inventory = inventoryOf(world);
    expect(inventory.powered).toEqual(['blade-1']);
    expect(inventory.identities).toMatchObject([{ server: 'blade-1', port: 'FC.1-1', wwpn: WWPN_A, pending: false }]);
    expect(inventory.masks).toMatchObject([{ array: 'array-1', initiators: [WWPN_A], volume: 'boot-01', lun: 1 }]);
    expect(inventory.zones).toMatchObject([{ fabric: 'fabric-a', zone: 'rw_20000a0000000001' }]);
    expect(inventory.sanPorts.filter((port) => port.enabled)).toEqual([{ switch: 'fc-a', port: '0/1', enabled: true }]);
    expect(inventory.vlans.every((port) => port.closed)).toBe(true);
    world.close();
  });
});
