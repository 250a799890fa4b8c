import { describe, expect, it } from '@jest/globals';
import {
  aSmallWorld,
  giveWwpn,
  openSanPort,
  serverOf,
  TEST_ACTOR,
  WWPN_A,
  zoneAndMask,
} from '../testing/small-world.js';
import { isClean } from './identity.js';

const MINUTE_MS = 60_000;

function aReadyServer(): ReturnType<typeof aSmallWorld> {
  const made = aSmallWorld();
  zoneAndMask(made.world, WWPN_A, 'boot-01');
  giveWwpn(made.world, 'blade-1', WWPN_A);
  openSanPort(made.world, 'blade-1');
  return made;
}

describe('power', () => {
  it('goes through transition, POST and boot, with the reported state lagging', async () => {
    const { world, clock } = aReadyServer();
    const server = serverOf(world, 'blade-1');
    expect(world.power.reset('blade-1', 'On', TEST_ACTOR)).toEqual({ ok: true });
    expect(world.power.reported(server)).toBe('PoweringOn');
    await clock.advance(4_000);
    expect(server.phase).toBe('post');
    await clock.advance(1_000);
    expect(world.power.reported(server)).toBe('On');
    await clock.advance(3 * MINUTE_MS);
    expect(server.phase).toBe('os-running');
    expect(server.bootedFrom).toBe('array-1/boot-01');
    expect(world.power.reset('blade-1', 'ForceOff', TEST_ACTOR)).toEqual({ ok: true });
    await clock.advance(3_100);
    expect(server.phase).toBe('off');
    expect(world.power.reported(server)).toBe('PoweringOff');
    await clock.advance(1_000);
    expect(world.power.reported(server)).toBe('Off');
    world.close();
  });

  it('stands at "no bootable device" when no boot target answers', async () => {
    const { world, clock } = aSmallWorld();
    giveWwpn(world, 'blade-1', WWPN_A);
    world.power.reset('blade-1', 'On', TEST_ACTOR);
    await clock.advance(3 * MINUTE_MS);
    expect(serverOf(world, 'blade-1').phase).toBe('no-boot');
    expect(serverOf(world, 'blade-1').screen).toContain('no bootable device');
    world.close();
  });

  it('goes dark with both feeds and comes back as its policy says', async () => {
    const { world, clock } = aReadyServer();
    const server = serverOf(world, 'blade-1');
    world.identity.setPowerRestore(server, 'previous', TEST_ACTOR);
    world.power.reset('blade-1', 'On', TEST_ACTOR);
    await clock.advance(3 * MINUTE_MS);
    world.power.setFeed('feed-a', false, 'fault');
    expect(server.phase).toBe('os-running');
    world.power.setFeed('feed-b', false, 'fault');
    expect(server.phase).toBe('off');
    expect(world.power.hasMains(server)).toBe(false);
    world.power.setFeed('feed-a', true, 'fault');
    await clock.advance(3 * MINUTE_MS);
    expect(server.phase).toBe('os-running');
    world.close();
  });

  it('loses a virtual WWPN at a cold boot when the policy keeps it over warm resets only', async () => {
    const { world, clock } = aReadyServer();
    const server = serverOf(world, 'blade-1');
    world.identity.setPersistence(server, { nonAuxPowered: ['warm-reset'] }, TEST_ACTOR);
    world.power.reset('blade-1', 'On', TEST_ACTOR);
    await clock.advance(3 * MINUTE_MS);
    world.power.reset('blade-1', 'ForceRestart', TEST_ACTOR);
    await clock.advance(3 * MINUTE_MS);
    const port = server.ports.find((each) => each.name === 'FC.1-1');
    expect(port?.current.wwpn).toBe(WWPN_A);
    world.power.reset('blade-1', 'ForceOff', TEST_ACTOR);
    await clock.advance(10_000);
    expect(port?.current.wwpn).toBe(port?.permanent.wwpn);
    world.close();
  });
});

describe('paths and writes', () => {
  it('writes while the path is complete and stops when the port is closed', async () => {
    const { world, clock, checkers } = aReadyServer();
    world.power.reset('blade-1', 'On', TEST_ACTOR);
    await clock.advance(4 * MINUTE_MS);
    const writes = (): number => world.state.arrays['array-1']?.writes['boot-01']?.count ?? 0;
    expect(writes()).toBeGreaterThan(10);
    expect(world.fabrics.fabric('fabric-a').logins.map((login) => login.wwpn)).toContain(WWPN_A);
    openSanPort(world, 'blade-1', false);
    const before = writes();
    await clock.advance(10_000);
    expect(writes()).toBe(before);
    expect(world.arrays.sessions('array-1')).toHaveLength(0);
    checkers.assertClean();
    world.close();
  });

  it('goes on writing after an unmask until the session is ended', async () => {
    const { world, clock } = aReadyServer();
    world.power.reset('blade-1', 'On', TEST_ACTOR);
    await clock.advance(4 * MINUTE_MS);
    const writes = (): number => world.state.arrays['array-1']?.writes['boot-01']?.count ?? 0;
    const host = Object.values(world.arrays.array('array-1').hosts)[0];
    world.arrays.unmap('array-1', host?.id ?? '', 'boot-01', TEST_ACTOR);
    const atUnmask = writes();
    await clock.advance(5_000);
    expect(writes()).toBeGreaterThan(atUnmask);
    expect(world.arrays.endSessions('array-1', WWPN_A, TEST_ACTOR)).toBe(1);
    const atEnd = writes();
    await clock.advance(5_000);
    expect(writes()).toBe(atEnd);
    world.close();
  });

  it('leaves a dead iSCSI session after a hard power-off until it times out', async () => {
    const { world, clock } = aSmallWorld();
    const server = serverOf(world, 'rack-1');
    const initiator = 'iqn.2026-01.example:rack-1';
    const target = 'iqn.2015-10.com.dell:array-1';
    const bootTargets = [{ kind: 'iscsi', target, portal: '10.60.0.10:3260', lun: 0 } as const];
    world.identity.stage(server, 'NIC.1-1', { iscsi: { initiator }, bootTargets }, TEST_ACTOR);
    const initiators = [{ kind: 'iscsi', name: initiator } as const];
    const host = world.arrays.createHost('array-1', { name: 'rw_rack-1', initiators }, TEST_ACTOR);
    world.arrays.map('array-1', host.ok ? host.value.id : '', { volume: 'boot-02' }, TEST_ACTOR);
    world.network.configure('leaf-1', { eth5: { native: 60, protected: false } }, TEST_ACTOR);
    await clock.advance(1_000);
    world.power.reset('rack-1', 'On', TEST_ACTOR);
    await clock.advance(5 * MINUTE_MS);
    expect(server.bootedFrom).toBe('array-1/boot-02');
    world.power.reset('rack-1', 'ForceOff', TEST_ACTOR);
    await clock.advance(10_000);
    expect(world.arrays.sessions('array-1', initiator)).toHaveLength(1);
    await clock.advance(MINUTE_MS);
    expect(world.arrays.sessions('array-1', initiator)).toHaveLength(0);
    world.close();
  });
});

describe('switches', () => {
  it('applies to the data plane later than to the database', async () => {
    const { world, clock } = aSmallWorld();
    const cfg = world.network.configure('leaf-1', { eth1: { native: 101, protected: false } }, TEST_ACTOR);
    const leaf = world.network.switch('leaf-1');
    expect([leaf.curCfg, leaf.ports['eth1']?.applied.native]).toEqual([0, 4094]);
    await clock.advance(100);
    expect([leaf.curCfg, leaf.ports['eth1']?.applied.native]).toEqual([cfg, 101]);
    expect(world.mutationsOf('switch', 'port-config')).toBe(1);
    world.close();
  });
});

describe('identity', () => {
  it('shows a staged identity only after the reset', async () => {
    const { world, clock } = aReadyServer();
    const port = serverOf(world, 'blade-1').ports.find((each) => each.name === 'FC.1-1');
    expect(port?.current.wwpn).toBe(port?.permanent.wwpn);
    expect(port?.pending?.wwpn).toBe(WWPN_A);
    world.power.reset('blade-1', 'On', TEST_ACTOR);
    await clock.advance(5_000);
    expect(port?.current.wwpn).toBe(WWPN_A);
    expect(port && isClean(port)).toBe(false);
    world.close();
  });

  it('never takes effect with identity optimisation off', async () => {
    const { world, clock } = aReadyServer();
    const server = serverOf(world, 'blade-1');
    world.identity.setPersistence(server, { optimisation: false }, TEST_ACTOR);
    world.power.reset('blade-1', 'On', TEST_ACTOR);
    await clock.advance(5_000);
    const port = server.ports.find((each) => each.name === 'FC.1-1');
    expect([port?.pending, port?.current.wwpn]).toEqual([undefined, port?.permanent.wwpn]);
    world.close();
  });
});

describe('zoning', () => {
  it('refuses a stale checksum and a second editor, and aborts an edit that nobody finishes', async () => {
    const { world, clock } = aSmallWorld();
    const edit = (): void => undefined;
    expect(world.fabrics.stage('fabric-a', 'one', edit)).toEqual({ ok: true });
    expect(world.fabrics.stage('fabric-a', 'two', edit)).toEqual({ ok: false, why: 'locked-by-other' });
    expect(world.fabrics.save('fabric-a', 'one', { checksum: 'stale' })).toEqual({
      ok: false,
      why: 'checksum-mismatch',
    });
    await clock.advance(6 * MINUTE_MS);
    expect(world.fabrics.fabric('fabric-a').transaction).toBeUndefined();
    world.close();
  });
});
