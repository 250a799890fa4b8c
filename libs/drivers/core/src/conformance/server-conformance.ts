import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DeviceConnection } from '../device-identity.js';
import type { DeviceCall, DeviceResult, ReadResult } from '../device-result.js';
import type {
  AdapterIdentityPort,
  BootPort,
  HardwareFactsPort,
  PortIdentity,
  PowerPort,
  PowerState,
  ServerIdentity,
} from '../server-ports.js';
import { callThrough, RecordingGate, untilDone } from './conformance-call.js';

export type ServerDriver = DeviceConnection & Partial<PowerPort & BootPort & AdapterIdentityPort & HardwareFactsPort>;

/** The truth behind the device, asked and moved by something that is not the driver. */
export interface ServerConformanceHooks {
  /** Board or chassis serial of the server. */
  readonly serial: string;
  /** What the machine really is, whatever its BMC says. */
  readonly truePower: () => Promise<PowerState> | PowerState;
  /** Puts the machine into a state, past the driver; clears boot override, identities and what waits. */
  readonly restore: (power: 'on' | 'off') => Promise<void> | void;
  /** Resets the machine so that pending settings apply, and waits until they have. */
  readonly reset?: () => Promise<void> | void;
  /** Identities for {@link AdapterIdentityPort}, one per port; absent where the adapter takes none. */
  readonly identity?: readonly PortIdentity[];
  /** What an adapter port really shows, whatever its BMC says. */
  readonly trueAddresses?: (port: string) => Promise<{ mac?: string; wwpn?: string }> | { mac?: string; wwpn?: string };
  /** Makes the driver see another machine at the same address; returns how to undo it. */
  readonly swapMachine?: () => Promise<() => Promise<void> | void> | (() => Promise<void> | void);
}

export interface ServerConformanceOptions {
  /** A driver with the capabilities it has; `serial` is what the machine must show. */
  readonly makeDriver: (options: { serial?: string }) => Promise<ServerDriver> | ServerDriver;
  readonly hooks: () => ServerConformanceHooks;
}

interface Bench {
  readonly driver: () => ServerDriver;
  readonly hooks: () => ServerConformanceHooks;
  readonly gate: RecordingGate;
  readonly call: () => DeviceCall;
}

function valueOf<T>(result: ReadResult<T>): T {
  if (result.kind !== 'done') throw new Error(`not read: ${JSON.stringify(result)}`);
  return result.observed.value;
}

type PowerDriver = DeviceConnection & PowerPort;

function powerSuite(bench: Bench): void {
  const power = (): PowerDriver => bench.driver() as PowerDriver;

  it('reads the power of the machine with its serial', async () => {
    await bench.hooks().restore('on');
    const reading = valueOf(await power().readPower(bench.call()));
    expect(reading.state).toBe('on');
    if (reading.serial !== undefined) expect(reading.serial).toBe(bench.hooks().serial);
  });

  it('switches off by force and says done only when the machine is off', async () => {
    await bench.hooks().restore('on');
    const end = await untilDone(() => power().ensurePower('off', 'force', bench.call()));
    expect(end.observed.value.state).toBe('off');
    expect(await bench.hooks().truePower()).toBe('off');
  });

  it('switches on', async () => {
    await bench.hooks().restore('off');
    await untilDone(() => power().ensurePower('on', 'graceful', bench.call()));
    expect(await bench.hooks().truePower()).toBe('on');
  });

  it('sends nothing that changes anything when the machine is as wanted', async () => {
    await bench.hooks().restore('off');
    const before = bench.gate.mutations;
    const result = await power().ensurePower('off', 'force', bench.call());
    expect(result).toMatchObject({ kind: 'done', changed: false });
    expect(bench.gate.mutations).toBe(before);
  });

  it('lets a refusing gate through and leaves the machine as it is', async () => {
    await bench.hooks().restore('on');
    bench.gate.refuseMutations = true;
    await expect(power().ensurePower('off', 'force', bench.call())).rejects.toThrow('device.stale-epoch');
    expect(await bench.hooks().truePower()).toBe('on');
  });

  it('changes nothing when another machine answers at the address', async () => {
    const swap = bench.hooks().swapMachine;
    if (swap === undefined) return;
    await bench.hooks().restore('on');
    const undo = await swap();
    const before = bench.gate.mutations;
    const result: DeviceResult<unknown> = await power().ensurePower('off', 'force', bench.call());
    expect(['refused', 'unknown']).toContain(result.kind);
    expect(bench.gate.mutations).toBe(before);
    await undo();
  });
}

function bootSuite(bench: Bench): void {
  const boot = (): DeviceConnection & BootPort => bench.driver() as DeviceConnection & BootPort;

  it('makes the next boot come from the network and back from the disk', async () => {
    await bench.hooks().restore('off');
    await untilDone(() => boot().ensureBoot('network', bench.call()));
    expect(valueOf(await boot().readBoot(bench.call())).source).toBe('network');
    await untilDone(() => boot().ensureBoot('disk', bench.call()));
    expect(valueOf(await boot().readBoot(bench.call())).source).toBe('disk');
  });

  it('does not send a boot source again that is set already', async () => {
    await bench.hooks().restore('off');
    await untilDone(() => boot().ensureBoot('network', bench.call()));
    const before = bench.gate.mutations;
    expect(await boot().ensureBoot('network', bench.call())).toMatchObject({ kind: 'done', changed: false });
    expect(bench.gate.mutations).toBe(before);
  });
}

function identitySuite(bench: Bench): void {
  const identity = (): DeviceConnection & AdapterIdentityPort =>
    bench.driver() as DeviceConnection & AdapterIdentityPort;
  const wanted = (): ServerIdentity => ({ ports: bench.hooks().identity ?? [] });
  const apply = async (want: ServerIdentity): Promise<void> => {
    const first = await identity().ensureIdentity(want, bench.call());
    if (first.kind !== 'done' && first.kind !== 'pending') throw new Error(`not programmed: ${JSON.stringify(first)}`);
    if (first.kind === 'pending') await bench.hooks().reset?.();
    await untilDone(() => identity().ensureIdentity(want, bench.call()));
  };

  it('programs the identity of every port and shows it after the reset', async () => {
    if (bench.hooks().identity === undefined) return;
    await bench.hooks().restore('off');
    await apply(wanted());
    for (const port of wanted().ports) {
      const shown = await bench.hooks().trueAddresses?.(port.port);
      if (shown && port.mac) expect(shown.mac).toBe(port.mac);
      if (shown && port.wwpn) expect(shown.wwpn).toBe(port.wwpn);
    }
  });

  it('says pending, not done, while the identity waits for a reset', async () => {
    if (bench.hooks().identity === undefined) return;
    await bench.hooks().restore('off');
    const capability = valueOf(await identity().identityCapability(bench.call()));
    if (capability.apply !== 'on-reset') return;
    expect(await identity().ensureIdentity(wanted(), bench.call())).toMatchObject({
      kind: 'pending',
      handle: { kind: 'reset' },
    });
    const reading = valueOf(await identity().readIdentity(bench.call()));
    expect(reading.ports.some((port) => port.pending !== undefined)).toBe(true);
  });

  it('gives a server its own identity back and reads it as clean', async () => {
    if (bench.hooks().identity === undefined) return;
    await bench.hooks().restore('off');
    await apply(wanted());
    await apply({ ports: [] });
    const reading = valueOf(await identity().readIdentity(bench.call()));
    const names = wanted().ports.map(({ port }) => port);
    expect(reading.ports.filter(({ port }) => names.includes(port)).every(({ clean }) => clean)).toBe(true);
  });

  it('takes a waiting identity back before it was applied', async () => {
    if (bench.hooks().identity === undefined) return;
    await bench.hooks().restore('off');
    const first = await identity().ensureIdentity(wanted(), bench.call());
    if (first.kind !== 'pending') return;
    await apply({ ports: [] });
    await bench.hooks().reset?.();
    const reading = valueOf(await identity().readIdentity(bench.call()));
    const names = wanted().ports.map(({ port }) => port);
    expect(reading.ports.filter(({ port, clean }) => names.includes(port) && !clean)).toEqual([]);
  });

  it('refuses a port that is not there and writes nothing', async () => {
    await bench.hooks().restore('off');
    const before = bench.gate.mutations;
    const result = await identity().ensureIdentity({ ports: [{ port: 'no-such-port' }] }, bench.call());
    expect(result.kind).toBe('refused');
    expect(bench.gate.mutations).toBe(before);
  });
}

function factsSuite(bench: Bench): void {
  const facts = (): DeviceConnection & HardwareFactsPort => bench.driver() as DeviceConnection & HardwareFactsPort;

  it('tells what the server is made of, without guessing', async () => {
    await bench.hooks().restore('off');
    const found = valueOf(await facts().readFacts(bench.call()));
    expect([found.boardSerial, found.serial]).toContain(bench.hooks().serial);
    expect(new Set(found.ports.map(({ name }) => name)).size).toBe(found.ports.length);
    const names = found.ports.filter(({ assignable }) => assignable).map(({ name }) => name);
    for (const { port } of bench.hooks().identity ?? []) expect(names).toContain(port);
    expect(bench.gate.mutations).toBe(0);
  });
}

/**
 * What every driver of a server must do. Parts a driver does not have (an IPMI driver has no identities) are given as
 * absent methods; the suite names what it covers. Call it from a spec, once per device the driver is proven on.
 */
export function describeServerConformance(
  name: string,
  options: ServerConformanceOptions & { readonly ports: readonly ('facts' | 'power' | 'boot' | 'identity')[] },
): void {
  describe(`${name}: server conformance`, () => {
    let driver: ServerDriver;
    let gate = new RecordingGate();
    const bench = {
      driver: () => driver,
      hooks: options.hooks,
      get gate() {
        return gate;
      },
      call: () => callThrough(gate),
    };

    beforeAll(async () => {
      await options.hooks().restore('off');
    });
    beforeEach(async () => {
      gate = new RecordingGate();
      driver = await options.makeDriver({ serial: options.hooks().serial });
    });
    afterEach(async () => {
      await driver.close();
      expect(gate.open).toBe(0);
    });
    afterAll(async () => {
      await options.hooks().restore('off');
    });

    it('identifies the machine by its board or chassis serial', async () => {
      const identity = valueOf(await driver.identify(bench.call()));
      if (identity.serial !== undefined) expect(identity.serial).toBe(options.hooks().serial);
    });

    it('can be closed twice', async () => {
      await driver.identify(bench.call());
      await driver.close();
      await expect(driver.close()).resolves.toBeUndefined();
    });

    if (options.ports.includes('facts')) describe('hardware facts', () => factsSuite(bench));
    if (options.ports.includes('power')) describe('power', () => powerSuite(bench));
    if (options.ports.includes('boot')) describe('boot', () => bootSuite(bench));
    if (options.ports.includes('identity')) describe('adapter identity', () => identitySuite(bench));
  });
}
