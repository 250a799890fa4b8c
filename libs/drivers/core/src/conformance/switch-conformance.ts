import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeviceConnection } from '../device-identity.js';
import type { ReadResult } from '../device-result.js';
import type { PortStatePort, PortVlanPort, PortVlans, SwitchPortReading } from '../network-ports.js';
import { callThrough, RecordingGate, untilDone } from './conformance-call.js';

export type SwitchDriver = PortVlanPort & PortStatePort & DeviceConnection;

export interface SwitchConformanceHooks {
  /** A port the suite may change as it likes, and another one that must stay as it is. */
  readonly port: string;
  readonly untouchedPort: string;
  readonly parkingVlan: number;
  /** Two VLANs that are not the parking VLAN. */
  readonly vlans: readonly [number, number];
  /** What the switch really does with the port, read by a tool that is not the driver. */
  readonly truth?: (port: string) => Promise<{ readonly vlans: PortVlans; readonly closed: boolean }>;
}

export interface SwitchConformanceOptions {
  /** Called once, before the first case. */
  readonly makeDriver: () => Promise<SwitchDriver>;
  readonly hooks: SwitchConformanceHooks | (() => SwitchConformanceHooks);
}

/** What every driver of {@link PortVlanPort} and {@link PortStatePort} must do. Call it from a spec. */
export function describeSwitchConformance(name: string, options: SwitchConformanceOptions): void {
  describe(`${name}: switch conformance`, () => {
    let driver: SwitchDriver;
    let hooks: SwitchConformanceHooks;
    const gate = new RecordingGate();
    const read = async (port: string): Promise<SwitchPortReading> =>
      valueOf(await driver.readPort(port, callThrough(gate)));
    const vlans = (want: PortVlans): Promise<SwitchPortReading> =>
      untilDone(() => driver.ensureVlans(hooks.port, want, callThrough(gate))).then((end) => end.observed.value);
    const state = (want: 'open' | 'closed'): Promise<SwitchPortReading> =>
      untilDone(() => driver.ensurePortState(hooks.port, want, hooks.parkingVlan, callThrough(gate))).then(
        (end) => end.observed.value,
      );
    const truth = async (): Promise<unknown> => hooks.truth?.(hooks.port);

    beforeAll(async () => {
      driver = await options.makeDriver();
      hooks = typeof options.hooks === 'function' ? options.hooks() : options.hooks;
    });
    afterAll(async () => {
      await driver.close();
      expect(gate.open).toBe(0);
    });

    it('lists the ports it can read one by one', async () => {
      const ports = valueOf(await driver.listPorts(callThrough(gate)));
      expect(ports.map((port) => port.port)).toEqual(expect.arrayContaining([hooks.port, hooks.untouchedPort]));
      expect(await read(hooks.port)).toMatchObject({ port: hooks.port });
    });

    it('refuses a port that does not exist and changes nothing', async () => {
      const before = gate.mutations;
      const result = await driver.ensureVlans(
        'rw-no-such-port',
        { native: hooks.vlans[0], tagged: [] },
        callThrough(gate),
      );
      expect(result).toMatchObject({ kind: 'refused' });
      expect(gate.mutations).toBe(before);
    });

    it('sets a native VLAN, native and tagged, tagged only, and none, exactly', async () => {
      const [first, second] = hooks.vlans;
      await state('open');
      for (const want of [
        { native: first, tagged: [] },
        { native: first, tagged: [second] },
        { tagged: [first, second].sort((a, b) => a - b) },
        { tagged: [] },
      ]) {
        const reading = await vlans(want);
        expect(reading).toMatchObject({ state: 'open', carriesEverything: false });
        expect(reading.vlans).toEqual(want);
        if (hooks.truth) expect(await truth()).toEqual({ vlans: want, closed: false });
      }
    });

    it('sends nothing when the port is as wanted already', async () => {
      const want = { native: hooks.vlans[0], tagged: [] };
      await vlans(want);
      const before = gate.mutations;
      const again = await untilDone(() => driver.ensureVlans(hooks.port, want, callThrough(gate)));
      expect(again.changed).toBe(false);
      expect(gate.mutations).toBe(before);
    });

    it('keeps a closed port closed while its VLANs are prepared, and opens it to exactly those', async () => {
      await state('closed');
      const want = { native: hooks.vlans[1], tagged: [hooks.vlans[0]] };
      expect(await vlans(want)).toMatchObject({ state: 'closed', vlans: want });
      if (hooks.truth) expect(await truth()).toMatchObject({ closed: true });
      expect(await state('open')).toMatchObject({ state: 'open', vlans: want, carriesEverything: false });
      if (hooks.truth) expect(await truth()).toEqual({ vlans: want, closed: false });
    });

    it('never leaves a port to carry everything', async () => {
      await state('closed');
      expect((await state('open')).carriesEverything).toBe(false);
      expect((await vlans({ tagged: [] })).carriesEverything).toBe(false);
    });

    it('closes a closed port again without sending a change', async () => {
      await state('closed');
      const before = gate.mutations;
      await state('closed');
      expect(gate.mutations).toBe(before);
    });

    it('does not send when the gate refuses', async () => {
      const before = await read(hooks.port);
      gate.refuseMutations = true;
      try {
        const attempt = driver.ensurePortState(hooks.port, 'open', hooks.parkingVlan, callThrough(gate));
        await expect(attempt).rejects.toThrow('device.stale-epoch');
      } finally {
        gate.refuseMutations = false;
      }
      expect((await read(hooks.port)).state).toBe(before.state);
    });

    it('leaves the other ports alone', async () => {
      const before = await read(hooks.untouchedPort);
      await state('open');
      await vlans({ native: hooks.vlans[0], tagged: [] });
      await state('closed');
      expect(await read(hooks.untouchedPort)).toEqual(before);
    });
  });
}

function valueOf<T>(result: ReadResult<T>): T {
  if (result.kind !== 'done') throw new Error(`not read: ${JSON.stringify(result)}`);
  return result.observed.value;
}
