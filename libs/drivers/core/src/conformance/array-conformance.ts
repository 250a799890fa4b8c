import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeviceConnection } from '../device-identity.js';
import type { ReadResult } from '../device-result.js';
import type { ArrayHost, Initiator, LunMapping, LunMaskingPort } from '../storage-ports.js';
import { callThrough, RecordingGate, untilDone } from './conformance-call.js';

export type ArrayDriver = LunMaskingPort & DeviceConnection;

/** A session that the suite's own initiator holds open. */
export interface LiveSession {
  end(): Promise<void>;
}

export interface ArrayConformanceHooks {
  /** Two volumes with the LUNs at which they may be mapped. */
  readonly mappings: readonly [LunMapping, LunMapping];
  readonly initiators: readonly [Initiator, Initiator];
  /** A host object that is not ours and must stay as it is, by name; where the array has one. */
  readonly foreignHost?: string;
  /** True when this initiator really gets the volume, asked by a tool that is not the driver. */
  readonly canReach?: (initiator: Initiator, mapping: LunMapping) => Promise<boolean>;
  /** Logs in and keeps the session open. */
  readonly logIn?: (initiator: Initiator, mapping: LunMapping) => Promise<LiveSession>;
  /** Whether `ensureNoSessions` can end a live session itself; if not it stays `pending` until the initiator is gone. */
  readonly endsSessions: boolean;
}

export interface ArrayConformanceOptions {
  readonly makeDriver: () => Promise<ArrayDriver>;
  readonly hooks: ArrayConformanceHooks | (() => ArrayConformanceHooks);
}

/** What every driver of {@link LunMaskingPort} must do. Call it from a spec. */
export function describeArrayConformance(name: string, options: ArrayConformanceOptions): void {
  describe(`${name}: array conformance`, () => {
    let driver: ArrayDriver;
    let hooks: ArrayConformanceHooks;
    const gate = new RecordingGate();
    const call = (): ReturnType<typeof callThrough> => callThrough(gate);
    const ensure = (want: ArrayHost): ReturnType<typeof untilDone<ArrayHost>> =>
      untilDone(() => driver.ensureHost(want, call()));
    const read = async (host: string): Promise<ArrayHost | undefined> => valueOf(await driver.readHost(host, call()));
    const web = (more: Partial<ArrayHost> = {}): ArrayHost => ({
      name: 'rw_conformance-web',
      initiators: [hooks.initiators[0]],
      mappings: [hooks.mappings[0]],
      ...more,
    });

    beforeAll(async () => {
      driver = await options.makeDriver();
      hooks = typeof options.hooks === 'function' ? options.hooks() : options.hooks;
    });
    afterEach(async () => {
      await untilDone(() => driver.ensureNoHost('rw_conformance-web', call()));
    });
    afterAll(async () => {
      await driver.close();
      expect(gate.open).toBe(0);
    });

    it('lists volumes and targets', async () => {
      const volumes = valueOf(await driver.volumes(call())).map((volume) => volume.name);
      expect(volumes).toEqual(expect.arrayContaining(hooks.mappings.map((mapping) => mapping.volume)));
      expect(valueOf(await driver.targets(call())).length).toBeGreaterThan(0);
    });

    it('makes a host with its initiator and mapping, and reads it back', async () => {
      expect(await read('rw_conformance-web')).toBeUndefined();
      const end = await ensure(web());
      expect(end.changed).toBe(true);
      expect(end.observed.value).toEqual(web());
      expect(await read('rw_conformance-web')).toEqual(web());
      expect(valueOf(await driver.hosts(call()))).toContainEqual(web());
    });

    it('lets exactly the masked initiator reach exactly the mapped volume', async () => {
      if (!hooks.canReach) return;
      const [first, second] = hooks.initiators;
      const [mapped, other] = hooks.mappings;
      await ensure(web());
      expect(await hooks.canReach(first, mapped)).toBe(true);
      expect(await hooks.canReach(second, mapped)).toBe(false);
      expect(await hooks.canReach(first, other)).toBe(false);
    });

    it('sends nothing when the host is as wanted already', async () => {
      await ensure(web());
      const before = gate.mutations;
      expect((await ensure(web())).changed).toBe(false);
      expect(gate.mutations).toBe(before);
    });

    it('adds and removes mappings and initiators, no more and no less', async () => {
      await ensure(web());
      const both = web({ initiators: [...hooks.initiators], mappings: [...hooks.mappings] });
      expect(normal((await ensure(both)).observed.value)).toEqual(normal(both));
      const swapped = web({ initiators: [hooks.initiators[1]], mappings: [hooks.mappings[1]] });
      expect((await ensure(swapped)).observed.value).toEqual(swapped);
      if (hooks.canReach) {
        expect(await hooks.canReach(hooks.initiators[0], hooks.mappings[1])).toBe(false);
        expect(await hooks.canReach(hooks.initiators[1], hooks.mappings[1])).toBe(true);
      }
    });

    it('refuses an initiator that belongs to another host', async () => {
      await ensure(web());
      const other = web({ name: 'rw_conformance-mail', mappings: [] });
      expect(await driver.ensureHost(other, call())).toMatchObject({ kind: 'refused' });
      expect(await read('rw_conformance-web')).toEqual(web());
      await untilDone(() => driver.ensureNoHost('rw_conformance-mail', call()));
    });

    it('refuses a volume that does not exist', async () => {
      const want = web({ mappings: [{ volume: 'rw-no-such-volume', lun: 1 }] });
      expect(await driver.ensureHost(want, call())).toMatchObject({ kind: 'refused' });
    });

    it('refuses hosts without our mark', async () => {
      const before = gate.mutations;
      const foreign = hooks.foreignHost ?? 'somebody-elses-host';
      expect(await driver.ensureHost(web({ name: foreign }), call())).toMatchObject({ kind: 'refused' });
      expect(await driver.ensureNoHost(foreign, call())).toMatchObject({ kind: 'refused' });
      expect(gate.mutations).toBe(before);
    });

    it('removes a host with its masks, and says so again when it is gone already', async () => {
      await ensure(web());
      const first = await untilDone(() => driver.ensureNoHost('rw_conformance-web', call()));
      expect(first.changed).toBe(true);
      expect(await read('rw_conformance-web')).toBeUndefined();
      if (hooks.canReach) expect(await hooks.canReach(hooks.initiators[0], hooks.mappings[0])).toBe(false);
      expect((await untilDone(() => driver.ensureNoHost('rw_conformance-web', call()))).changed).toBe(false);
    });

    it('does not send when the gate refuses', async () => {
      gate.refuseMutations = true;
      try {
        await expect(driver.ensureHost(web(), call())).rejects.toThrow('device.stale-epoch');
      } finally {
        gate.refuseMutations = false;
      }
      expect(await read('rw_conformance-web')).toBeUndefined();
    });

    it('shows a live session, and calls sessions gone only when they are', async () => {
      const [initiator] = hooks.initiators;
      expect(valueOf(await driver.sessions([initiator], call()))).toEqual([]);
      expect(await driver.ensureNoSessions([initiator], call())).toMatchObject({ kind: 'done', changed: false });
      if (!hooks.logIn) return;
      await ensure(web());
      const session = await hooks.logIn(initiator, hooks.mappings[0]);
      try {
        const live = valueOf(await driver.sessions([initiator], call()));
        expect(live.map((one) => one.initiator)).toContainEqual(initiator);
        expect(valueOf(await driver.sessions([hooks.initiators[1]], call()))).toEqual([]);
        await ensure(web({ mappings: [] }));
        if (!hooks.endsSessions) {
          expect(await driver.ensureNoSessions([initiator], call())).toMatchObject({ kind: 'pending' });
          await session.end();
        }
        await untilDone(() => driver.ensureNoSessions([initiator], call()));
        expect(valueOf(await driver.sessions([initiator], call()))).toEqual([]);
      } finally {
        await session.end();
      }
    });
  });
}

function valueOf<T>(result: ReadResult<T>): T {
  if (result.kind !== 'done') throw new Error(`not read: ${JSON.stringify(result)}`);
  return result.observed.value;
}

function normal(host: ArrayHost): unknown {
  const text = (value: unknown): string => JSON.stringify(value);
  return { ...host, initiators: host.initiators.map(text).sort(), mappings: host.mappings.map(text).sort() };
}
