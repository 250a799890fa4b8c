import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { power, type OutcomeOf } from '@rackwright/contracts';
import { waitFor } from '@rackwright/testing';
import { OFF_DWELL_MS, PowerWorld, type Target } from './power-world.js';

let world: PowerWorld;
let blade: Target;
let other: Target;
let rack: Target;
beforeAll(async () => {
  world = await PowerWorld.start();
  blade = await world.enrol('blade-1');
  other = await world.enrol('blade-2');
  rack = await world.enrol('rack-1');
}, 60_000);
afterEach(() => {
  world.simulation.faults.clear();
  for (const { name } of [blade, other, rack])
    world.simulation.world.power.setBmcFault(name, { powerLie: null, answersAs: null });
});
afterAll(() => world.close());

/** Counts requests without changing any. */
function counted(device: string, verb: string, path: string): () => number {
  const id = world.simulation.faults.plan({ device, verb, path, times: 1e6, effect: { kind: 'delay', delayMs: 0 } });
  return () => world.simulation.faults.list().find((rule) => rule.id === id)?.seen ?? 0;
}

function off(target: Target, proof: 'one-reading' | 'two-readings', graceMs = 0) {
  return world.ask(power.ensureOff, { ...world.on(target), graceMs, proof });
}

function factsOf(outcome: OutcomeOf<typeof power.ensureOff>) {
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
  return outcome.result.evidence;
}

describe('switching off', () => {
  it('is proven by two readings a dwell apart, each in a session of its own', async () => {
    await world.bring('blade-1', 'on');
    const evidence = factsOf(await off(blade, 'two-readings'));
    expect(world.server('blade-1').phase).toBe('off');
    const readings = evidence.filter(({ fact }) => fact === 'power-off');
    expect(readings).toHaveLength(2);
    const [first, second] = readings.map(({ at }) => Date.parse(at));
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(OFF_DWELL_MS);
    for (const reading of readings)
      expect(reading).toMatchObject({ subject: blade.serverId, value: 'Off', serial: blade.boardSerial });
    expect(evidence.map(({ fact }) => fact)).toContain('power-restore-off');

    // The connection for work and the one for reading are signed in by now: what signs in are the two readings.
    const logins = counted('blade-1', 'POST', '/SessionService/Sessions');
    factsOf(await off(blade, 'one-reading'));
    const before = logins();
    expect(await world.ask(power.checkClean, world.on(blade))).toMatchObject({ kind: 'done' });
    expect(logins() - before).toBe(2);
  });

  it('asks the operating system once, and forces only after the grace', async () => {
    await world.bring('blade-1', 'on');
    await waitFor(() => world.server('blade-1').phase === 'os-running' || world.server('blade-1').phase === 'no-boot');
    const ignored = world.simulation.faults.plan({
      device: 'blade-1',
      verb: 'POST',
      path: 'Reset',
      effect: { kind: 'accept-and-ignore' },
    });
    const startedMs = performance.now();
    factsOf(await off(blade, 'one-reading', 600));
    expect(world.simulation.faults.firedCount(ignored)).toBe(1);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(600);
    expect(world.server('blade-1')).toMatchObject({ phase: 'off', lastStop: 'hard' });
  });

  it('reads again when the answer to ForceOff was lost', async () => {
    await world.bring('blade-1', 'on');
    const lost = world.simulation.faults.plan({
      device: 'blade-1',
      verb: 'POST',
      path: 'Reset',
      effect: { kind: 'lose-response' },
    });
    factsOf(await off(blade, 'two-readings'));
    expect(world.simulation.faults.firedCount(lost)).toBe(1);
    expect(world.server('blade-1').phase).toBe('off');
  });

  it('does not believe a BMC that says Off and then On', async () => {
    await world.bring('blade-2', 'on');
    world.simulation.world.power.setBmcFault('blade-2', { powerLie: 'Off' });
    const asked = world.ask(power.checkClean, world.on(other));
    await waitFor(async () => {
      const rows = await world.rows<{ progress: { off?: object } }>(
        "SELECT progress FROM device_operations WHERE lane = 'bmc:blade-2' AND finished_at IS NULL",
      );
      return rows.some(({ progress }) => progress.off !== undefined);
    });
    world.simulation.world.power.setBmcFault('blade-2', { powerLie: null });
    expect(await asked).toMatchObject({ kind: 'refused', code: 'not-off' });
  });

  it('starts again when something was sent between two readings', async () => {
    await world.bring('blade-2', 'off');
    const asked = world.ask(power.checkClean, world.on(other));
    await waitFor(async () => {
      const rows = await world.rows<{ id: string; progress: { off?: object } }>(
        "SELECT id, progress FROM device_operations WHERE lane = 'bmc:blade-2' AND finished_at IS NULL",
      );
      return rows.some(({ progress }) => progress.off !== undefined);
    });
    expect(await world.ask(power.ensureOn, world.on(other))).toMatchObject({ kind: 'done' });
    expect(await asked).toMatchObject({ kind: 'refused', code: 'not-off' });
  });
});

describe('the machine behind a BMC', () => {
  it('is left alone when it has another serial than the command names', async () => {
    await world.bring('blade-1', 'on');
    const resets = counted('blade-1', 'POST', 'Reset');
    expect(await off({ ...blade, boardSerial: 'SOMEBODY-ELSE' }, 'one-reading')).toMatchObject({
      kind: 'refused',
      code: 'wrong-device',
    });
    world.simulation.world.power.setBmcFault('blade-1', { answersAs: 'blade-2' });
    expect(await off(blade, 'one-reading')).toMatchObject({ kind: 'refused', code: 'wrong-device' });
    expect(await off(blade, 'two-readings')).toMatchObject({ kind: 'refused', code: 'wrong-device' });
    expect(resets()).toBe(0);
    expect(world.server('blade-1').phase).not.toBe('off');
  });

  it('is unknown when no BMC manages it', async () => {
    const serverId = blade.serverId.replace(/.$/, (last) => (last === '0' ? '1' : '0')) as Target['serverId'];
    expect(await off({ ...blade, serverId }, 'one-reading')).toMatchObject({ code: 'unknown-device' });
  });
});

describe('a command of an older epoch', () => {
  it('is refused when it arrives', async () => {
    const newer = await world.raise(rack);
    expect(await off(rack, 'one-reading')).toMatchObject({ kind: 'refused', code: 'stale-epoch' });
    rack = newer;
  });

  it('is stopped at the gate when it is under way, and nothing reaches the BMC', async () => {
    await world.bring('rack-1', 'on');
    expect(await world.ask(power.ensureOn, world.on(rack))).toMatchObject({ kind: 'done' });
    const slow = world.simulation.faults.plan({
      device: 'rack-1',
      verb: 'GET',
      path: '/Chassis',
      times: 1_000,
      // Long enough for the raise to come in between the read and the reset on a busy machine, too.
      effect: { kind: 'delay', delayMs: 2_000 },
    });
    const resets = counted('rack-1', 'POST', 'Reset');
    const asked = off(rack, 'one-reading');
    await waitFor(async () => {
      const rows = await world.rows(
        "SELECT 1 FROM device_operations WHERE kind = 'ensure-off' AND finished_at IS NULL",
      );
      return rows.length > 0;
    });
    const newer = await world.raise(rack);
    expect(await asked).toMatchObject({ kind: 'refused', code: 'stale-epoch' });
    expect(world.simulation.faults.firedCount(slow)).toBeGreaterThan(0);
    expect(resets()).toBe(0);
    expect(world.server('rack-1').phase).not.toBe('off');
    rack = newer;
  });
});
