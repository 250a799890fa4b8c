import {
  endCall,
  settle,
  settleRead,
  type BootPort,
  type BootReading,
  type BootSource,
  type DeviceCall,
  type DeviceConnection,
  type DeviceEndpoint,
  type DeviceIdentity,
  type DeviceResult,
  type HardwareFacts,
  type HardwareFactsPort,
  type Observed,
  type PowerMethod,
  type PowerPort,
  type PowerReading,
  type PowerRestorePolicy,
  type PowerRestorePort,
  type ReadResult,
} from '@rackwright/driver-core';
import { factsOf } from './ipmi-facts.js';
import { BOOT_DEVICES, IPMI_QUIRKS, type BootDevice } from './ipmi-tables.js';
import {
  parseBootFlags,
  parseController,
  parseFru,
  parseGuid,
  parsePower,
  parseRestorePolicy,
  type BootFlags,
  type FruFacts,
} from './ipmi-text.js';
import { Ipmitool } from './ipmitool.js';

export interface IpmiDriverOptions {
  /** Default `['ipmitool']`. */
  readonly command?: readonly string[];
  /** Default 17; 3 for older BMCs. */
  readonly cipherSuite?: 3 | 17;
  /** Boot device that means `san`: `pxe` (default) where iPXE opens the LUN, `disk` where an adapter's own firmware does. */
  readonly sanDevice?: 'pxe' | 'disk';
  /** Default `legacy`. */
  readonly firmware?: 'legacy' | 'uefi';
}

/** Makes a driver for one BMC. Address: `host` or `host:port` (623). Throws `ipmi.invalid-address`. */
export function createIpmiDriver(endpoint: DeviceEndpoint, options: IpmiDriverOptions = {}): IpmiDriver {
  return new IpmiDriver(endpoint, options);
}

/** Keeps boot flags past the 60 seconds after which a BMC may drop them (parameter 3, bit 3). */
const KEEP_BOOT_FLAGS = ['raw', '0x00', '0x08', '0x03', '0x08'];

export class IpmiDriver implements PowerPort, BootPort, HardwareFactsPort, PowerRestorePort, DeviceConnection {
  private readonly tool: Ipmitool;

  constructor(
    endpoint: DeviceEndpoint,
    private readonly options: IpmiDriverOptions,
  ) {
    const { address, credential } = endpoint;
    const { command = ['ipmitool'], cipherSuite = 17 } = options;
    this.tool = new Ipmitool({ address, credential, command, cipherSuite });
  }

  identify(call: DeviceCall): Promise<ReadResult<DeviceIdentity>> {
    return this.read('fru', call, async () => {
      const fru = await this.readFru(call);
      const { firmware } = parseController(await this.tool.run(['mc', 'info'], false, call));
      const serial = fru.boardSerial ?? fru.serial;
      return {
        ...(fru.vendor === undefined ? {} : { vendor: fru.vendor }),
        ...(fru.model === undefined ? {} : { model: fru.model }),
        ...(firmware === undefined ? {} : { firmware }),
        ...(serial === undefined ? {} : { serial }),
      };
    });
  }

  /** Sessions end with their command. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  readPower(call: DeviceCall): Promise<ReadResult<PowerReading>> {
    return this.read('chassis power', call, () => this.power(call));
  }

  /** `off` by force is a hard off; graceful asks the operating system and may be ignored: `pending` until it is off. */
  ensurePower(want: 'on' | 'off', how: PowerMethod, call: DeviceCall): Promise<DeviceResult<PowerReading>> {
    return settle(async () => {
      const before = await this.power(call);
      if (before.state === want)
        return { kind: 'done' as const, observed: this.observe(before, 'chassis power', call), changed: false };
      const word = want === 'on' ? 'on' : how === 'force' ? 'off' : 'soft';
      await this.tool.run(['chassis', 'power', word], true, call);
      const observed = this.observe(await this.power(call), 'chassis power', call);
      if (observed.value.state === want) return { kind: 'done' as const, observed, changed: true };
      return { kind: 'pending' as const, handle: { kind: 'settling' as const }, observed };
    });
  }

  readBoot(call: DeviceCall): Promise<ReadResult<BootReading>> {
    return this.read('boot flags', call, async () => {
      const flags = await this.bootFlags(call);
      const isValid = flags.valid || (await this.flagsNeverValid(call));
      return { source: isValid ? flags.source : 'none', once: !flags.persistent, raw: flags.raw };
    });
  }

  /** Sets the device persistently. IPMI has no SAN: `san` is what `sanDevice` says. */
  ensureBoot(source: BootSource, call: DeviceCall): Promise<DeviceResult<BootReading>> {
    return settle(async () => {
      const device = this.deviceFor(source);
      const lenient = await this.flagsNeverValid(call);
      const before = await this.bootFlags(call);
      const reading = (flags: BootFlags): Observed<BootReading> =>
        this.observe({ source, once: !flags.persistent, raw: flags.raw }, 'boot flags', call);
      if (shows(before, device, lenient)) return { kind: 'done' as const, observed: reading(before), changed: false };
      // Best effort: not every BMC knows it, and without it the flags may be dropped before the next power-on.
      await this.tool.attempt(KEEP_BOOT_FLAGS, true, call);
      const efi = this.options.firmware === 'uefi' ? ',efiboot' : '';
      await this.tool.run(['chassis', 'bootdev', BOOT_DEVICES[device].word, `options=persistent${efi}`], true, call);
      const after = await this.bootFlags(call);
      if (shows(after, device, lenient)) return { kind: 'done' as const, observed: reading(after), changed: true };
      const message = `boot flags read back as ${after.raw}, not as ${device}`;
      return { kind: 'unknown' as const, why: 'not-settled' as const, message };
    });
  }

  listSystems(call: DeviceCall): Promise<ReadResult<readonly string[]>> {
    return this.read('chassis', call, async () => {
      await this.power(call);
      return ['chassis'];
    });
  }

  readFacts(call: DeviceCall): Promise<ReadResult<HardwareFacts>> {
    return this.read('fru', call, async () => {
      const controller = parseController(await this.tool.run(['mc', 'info'], false, call));
      const guid = await this.tool.attempt(['mc', 'guid'], false, call);
      const uuid = guid.kind === 'ok' ? parseGuid(guid.text) : undefined;
      return factsOf({ fru: await this.readFru(call), controller, uuid });
    });
  }

  ensurePowerRestore(want: PowerRestorePolicy, call: DeviceCall): Promise<DeviceResult<PowerRestorePolicy>> {
    return settle(async () => {
      const before = await this.restorePolicy(call);
      const changed = before !== want;
      if (changed) await this.tool.run(['chassis', 'policy', want], true, call);
      const value = changed ? await this.restorePolicy(call) : before;
      const observed = this.observe(value, 'chassis status', call);
      if (value === want) return { kind: 'done' as const, observed, changed };
      return {
        kind: 'unknown' as const,
        why: 'not-settled' as const,
        message: `the policy reads back as ${value}`,
        lastKnown: observed,
      };
    });
  }

  private async power(call: DeviceCall): Promise<PowerReading> {
    const power = parsePower(await this.tool.run(['chassis', 'power', 'status'], false, call));
    const { boardSerial, serial } = await this.readFru(call);
    const known = boardSerial ?? serial;
    return { ...power, ...(known === undefined ? {} : { serial: known }) };
  }

  /** The chassis FRU; empty where the BMC has none: then nothing but its address says which machine this is. */
  private async readFru(call: DeviceCall): Promise<FruFacts> {
    const end = await this.tool.attempt(['fru', 'print', '0'], false, call);
    return end.kind === 'ok' ? parseFru(end.text) : {};
  }

  private async bootFlags(call: DeviceCall): Promise<BootFlags> {
    const text = await this.tool.run(['chassis', 'bootparam', 'get', '5'], false, call);
    return (
      parseBootFlags(text) ?? endCall({ kind: 'unknown', why: 'unparseable', message: 'no boot flags in the answer' })
    );
  }

  private async restorePolicy(call: DeviceCall): Promise<PowerRestorePolicy> {
    const text = await this.tool.run(['chassis', 'status'], false, call);
    return (
      parseRestorePolicy(text) ??
      endCall({ kind: 'unknown', why: 'unparseable', message: 'no power restore policy in the answer' })
    );
  }

  private async flagsNeverValid(call: DeviceCall): Promise<boolean> {
    const { manufacturer, product } = parseController(await this.tool.run(['mc', 'info'], false, call));
    return IPMI_QUIRKS.some(
      (row) => row.manufacturer === manufacturer && row.product === product && row.bootFlagsNeverValid,
    );
  }

  private deviceFor(source: BootSource): BootDevice {
    if (source === 'network') return 'pxe';
    return source === 'san' ? (this.options.sanDevice ?? 'pxe') : source;
  }

  private read<T>(what: string, call: DeviceCall, work: () => Promise<T>): Promise<ReadResult<T>> {
    return settleRead(async () => ({ kind: 'done' as const, observed: this.observe(await work(), what, call) }));
  }

  private observe<T>(value: T, what: string, call: DeviceCall): Observed<T> {
    return { value, at: call.clock.now(), source: `${this.tool.device} ${what}` };
  }
}

function shows(flags: BootFlags, device: BootDevice, lenient: boolean): boolean {
  const selectors: readonly number[] = BOOT_DEVICES[device].selectors;
  const isSet = selectors.includes(flags.selector);
  if (device === 'none') return isSet || (!flags.valid && !lenient);
  return isSet && (lenient || (flags.valid && flags.persistent));
}
