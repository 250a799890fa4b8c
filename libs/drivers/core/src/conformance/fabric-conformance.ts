import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Wwn } from '@rackwright/kernel';
import type { DeviceConnection } from '../device-identity.js';
import type { ReadResult } from '../device-result.js';
import type { FabricReading, SanPortStatePort, Zone, ZoneChange, ZoningPort } from '../storage-ports.js';
import { callThrough, RecordingGate, untilDone } from './conformance-call.js';

export type FabricDriver = ZoningPort & SanPortStatePort & DeviceConnection;

export interface FabricConformanceHooks {
  readonly initiators: readonly [Wwn, Wwn];
  readonly target: Wwn;
  /** A zone of somebody else that is enabled and must stay as it is. */
  readonly foreignZone: string;
  /** A port of the switch that may be closed and opened. */
  readonly port: string;
  /** Stages an edit as another administrator and leaves it open; returns how to end that. */
  readonly foreignTransaction?: () => Promise<() => Promise<void>>;
  /** Sessions that are open on the switch, by its own account. */
  readonly openSessions?: () => number;
}

export interface FabricConformanceOptions {
  readonly makeDriver: () => Promise<FabricDriver>;
  readonly hooks: FabricConformanceHooks | (() => FabricConformanceHooks);
}

const NAMES = ['rw_conf_web', 'rw_conf_mail'] as const;

/** What every driver of {@link ZoningPort} and {@link SanPortStatePort} must do. Call it from a spec. */
export function describeFabricConformance(name: string, options: FabricConformanceOptions): void {
  describe(`${name}: fabric conformance`, () => {
    let driver: FabricDriver;
    let hooks: FabricConformanceHooks;
    const gate = new RecordingGate();
    const call = (): ReturnType<typeof callThrough> => callThrough(gate);
    const read = async (): Promise<FabricReading> => valueOf(await driver.readFabric(call()));
    const ensure = (change: ZoneChange): ReturnType<typeof untilDone<FabricReading>> =>
      untilDone(() => driver.ensureZones(change, call()));
    const zone = (index: 0 | 1): Zone => ({ name: NAMES[index], members: [hooks.initiators[index], hooks.target] });
    const named = (zones: readonly Zone[], wanted: string): unknown => sorted(zones.find((one) => one.name === wanted));

    beforeAll(async () => {
      driver = await options.makeDriver();
      hooks = typeof options.hooks === 'function' ? options.hooks() : options.hooks;
    });
    afterEach(async () => {
      await ensure({ ensure: [], remove: [...NAMES] });
    });
    afterAll(async () => {
      await driver.close();
      expect(gate.open).toBe(0);
      if (hooks.openSessions) expect(hooks.openSessions()).toBe(0);
    });

    it('makes several zones in one change, enabled and stored, and leaves others as they are', async () => {
      const before = await read();
      const end = await ensure({ ensure: [zone(0), zone(1)], remove: [] });
      expect(end.changed).toBe(true);
      const after = await read();
      for (const index of [0, 1] as const) {
        expect(named(after.enabledZones, NAMES[index])).toEqual(sorted(zone(index)));
        expect(named(after.definedZones, NAMES[index])).toEqual(sorted(zone(index)));
      }
      expect(named(after.enabledZones, hooks.foreignZone)).toEqual(named(before.enabledZones, hooks.foreignZone));
      expect(after.checksum).not.toBe(before.checksum);
      expect(after.openTransaction).toBeUndefined();
    });

    it('changes members to exactly the wanted ones, and removes in the same transaction', async () => {
      await ensure({ ensure: [zone(0), zone(1)], remove: [] });
      const narrowed = { name: NAMES[0], members: [hooks.initiators[1], hooks.target] };
      await ensure({ ensure: [narrowed], remove: [NAMES[1]] });
      const after = await read();
      expect(named(after.enabledZones, NAMES[0])).toEqual(sorted(narrowed));
      expect(named(after.enabledZones, NAMES[1])).toBeUndefined();
      expect(named(after.definedZones, NAMES[1])).toBeUndefined();
    });

    it('sends nothing when the zones are as wanted already', async () => {
      await ensure({ ensure: [zone(0)], remove: [] });
      const before = gate.mutations;
      expect((await ensure({ ensure: [zone(0)], remove: [NAMES[1]] })).changed).toBe(false);
      expect(gate.mutations).toBe(before);
    });

    it('refuses zones without our mark', async () => {
      const before = gate.mutations;
      expect(await driver.ensureZones({ ensure: [], remove: [hooks.foreignZone] }, call())).toMatchObject({
        kind: 'refused',
      });
      const foreign = { name: hooks.foreignZone, members: [hooks.target] };
      expect(await driver.ensureZones({ ensure: [foreign], remove: [] }, call())).toMatchObject({ kind: 'refused' });
      expect(gate.mutations).toBe(before);
    });

    it('is busy while somebody else edits, and leaves their edit alone', async () => {
      if (!hooks.foreignTransaction) return;
      const end = await hooks.foreignTransaction();
      try {
        const before = gate.mutations;
        expect(await driver.ensureZones({ ensure: [zone(0)], remove: [] }, call())).toMatchObject({ kind: 'busy' });
        expect(gate.mutations).toBe(before);
        expect((await read()).openTransaction).toBeDefined();
      } finally {
        await end();
      }
    });

    it('does not send when the gate refuses, and leaves no transaction open', async () => {
      gate.refuseMutations = true;
      try {
        await expect(driver.ensureZones({ ensure: [zone(0)], remove: [] }, call())).rejects.toThrow(
          'device.stale-epoch',
        );
      } finally {
        gate.refuseMutations = false;
      }
      expect((await read()).openTransaction).toBeUndefined();
      expect(named((await read()).definedZones, NAMES[0])).toBeUndefined();
    });

    it('closes a port for good and opens it again', async () => {
      const set = (want: 'open' | 'closed'): ReturnType<typeof driver.ensureSanPortState> =>
        driver.ensureSanPortState(hooks.port, want, call());
      const closed = await untilDone(() => set('closed'));
      expect(closed.observed.value).toMatchObject({ state: 'closed', persistent: true, loggedIn: [] });
      const before = gate.mutations;
      expect((await untilDone(() => set('closed'))).changed).toBe(false);
      expect(gate.mutations).toBe(before);
      expect((await untilDone(() => set('open'))).observed.value.state).toBe('open');
      expect(valueOf(await driver.listSanPorts(call())).map((port) => port.port)).toContain(hooks.port);
    });

    it('refuses a port that does not exist', async () => {
      expect(await driver.readSanPort('99/99', call())).toMatchObject({ kind: 'refused' });
      expect(await driver.ensureSanPortState('99/99', 'closed', call())).toMatchObject({ kind: 'refused' });
    });

    it('lists logins by WWPN', async () => {
      expect(Array.isArray(valueOf(await driver.logins(call())))).toBe(true);
    });
  });
}

function valueOf<T>(result: ReadResult<T>): T {
  if (result.kind !== 'done') throw new Error(`not read: ${JSON.stringify(result)}`);
  return result.observed.value;
}

function sorted(zone: Zone | undefined): unknown {
  return zone && { name: zone.name, members: [...zone.members].sort() };
}
