import type {
  BootPort,
  BootReading,
  BootSource,
  DeviceCall,
  DeviceResult,
  HardwareFacts,
  HardwareFactsPort,
  PowerMethod,
  PowerPort,
  PowerReading,
  PowerRestorePolicy,
  PowerRestorePort,
  ReadResult,
} from '@rackwright/driver-core';
import type { IpmiDriver } from '@rackwright/driver-ipmi';
import type { ScriptPortOption } from './script-ports.policy.js';

/**
 * One server behind IPMI. The protocol binds nothing: the FRU's serial is compared before every change, and where the
 * FRU has none, the readings carry none either and nothing but the address says which machine this is.
 */
export class IpmiServer implements PowerPort, BootPort, HardwareFactsPort, PowerRestorePort {
  constructor(
    private readonly driver: IpmiDriver,
    private readonly serial: string | undefined,
    private readonly ports: readonly ScriptPortOption[],
  ) {}

  async readPower(call: DeviceCall): Promise<ReadResult<PowerReading>> {
    const read = await this.driver.readPower(call);
    const shown = read.kind === 'done' ? read.observed.value.serial : undefined;
    if (this.serial === undefined || shown === undefined || shown === this.serial) return read;
    return {
      kind: 'refused',
      code: 'device.wrong-system',
      message: `another machine answers: serial ${shown} instead of ${this.serial}; nothing was changed`,
    };
  }

  ensurePower(want: 'on' | 'off', how: PowerMethod, call: DeviceCall): Promise<DeviceResult<PowerReading>> {
    return this.recognised(call, () => this.driver.ensurePower(want, how, call));
  }

  readBoot(call: DeviceCall): Promise<ReadResult<BootReading>> {
    return this.driver.readBoot(call);
  }

  ensureBoot(source: BootSource, call: DeviceCall): Promise<DeviceResult<BootReading>> {
    return this.recognised(call, () => this.driver.ensureBoot(source, call));
  }

  ensurePowerRestore(want: PowerRestorePolicy, call: DeviceCall): Promise<DeviceResult<PowerRestorePolicy>> {
    return this.recognised(call, () => this.driver.ensurePowerRestore(want, call));
  }

  listSystems(call: DeviceCall): Promise<ReadResult<readonly string[]>> {
    return this.driver.listSystems(call);
  }

  /** The ports are those the operator named: a boot script is what programmes them. */
  async readFacts(call: DeviceCall): Promise<ReadResult<HardwareFacts>> {
    const read = await this.driver.readFacts(call);
    if (read.kind !== 'done' || this.ports.length === 0) return read;
    const ports = this.ports.map(({ name, permanentMac }) => ({
      name,
      kind: 'ethernet' as const,
      assignable: true,
      ...(permanentMac !== undefined && { permanentMac }),
    }));
    return { ...read, observed: { ...read.observed, value: { ...read.observed.value, ports } } };
  }

  close(): Promise<void> {
    return this.driver.close();
  }

  private async recognised<T>(call: DeviceCall, change: () => Promise<DeviceResult<T>>): Promise<DeviceResult<T>> {
    const read = await this.readPower(call);
    if (read.kind === 'done') return change();
    return read.kind === 'unknown' ? { kind: 'unknown', why: read.why, message: read.message } : read;
  }
}
