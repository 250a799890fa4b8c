import type {
  AdapterIdentityPort,
  BootPort,
  BootReading,
  BootSource,
  DeviceCall,
  DeviceConnection,
  DeviceEndpoint,
  DeviceIdentity,
  DeviceResult,
  HardwareFacts,
  HardwareFactsPort,
  IdentityCapability,
  PowerDraw,
  PowerMeterPort,
  PowerMethod,
  PowerPort,
  PowerReading,
  PowerRestorePolicy,
  PowerRestorePort,
  ReadResult,
  ServerIdentity,
  ServerIdentityReading,
} from '@rackwright/driver-core';
import { SystemBinding, type BoundSystem } from './binding.js';
import { BootControl } from './boot/boot-control.js';
import { identifyDevice } from './device-identity.js';
import { readHardwareFacts } from './facts/hardware-facts.js';
import { readWatts } from './facts/power-reading.js';
import { IdentityControl } from './identity/identity-control.js';
import { PowerControl } from './power/power-control.js';
import { PowerRestoreControl } from './power/power-restore.js';
import { endUnknown, refuse, settle, settleRead } from './protocol/call-end.js';
import { ReadScope } from './protocol/read-scope.js';
import { RedfishClient } from './protocol/redfish-client.js';

export interface RedfishDriverOptions {
  /** How the BMC is reached: `host`, `host:port` or an https URL; credential and trust as in driver-core. */
  readonly endpoint: DeviceEndpoint;
  /** Exact path of the system behind this BMC, as `listSystems` gives it. Needed where there are several. */
  readonly system?: string;
  /** Board or chassis serial the machine must show. Without it the first one seen is what it must go on showing. */
  readonly serial?: string;
}

/** All capabilities of one server behind one Redfish BMC; each port can be taken from it on its own. */
export type RedfishDriver = DeviceConnection &
  HardwareFactsPort &
  PowerPort &
  BootPort &
  AdapterIdentityPort &
  PowerMeterPort &
  PowerRestorePort;

class Driver implements RedfishDriver {
  private readonly client: RedfishClient;
  private readonly binding: SystemBinding;
  private readonly power: PowerControl;
  private readonly boot: BootControl;
  private readonly identity: IdentityControl;
  private readonly powerRestore: PowerRestoreControl;

  constructor(options: RedfishDriverOptions) {
    this.client = new RedfishClient(options.endpoint);
    this.binding = new SystemBinding(this.client, options.system, options.serial);
    this.client.recognisePeer = async (call) => void (await this.binding.bind(call));
    this.power = new PowerControl(this.client, this.binding);
    this.boot = new BootControl(this.client, this.binding);
    this.identity = new IdentityControl(this.client, this.binding);
    this.powerRestore = new PowerRestoreControl(this.client, this.binding);
  }

  identify(call: DeviceCall): Promise<ReadResult<DeviceIdentity>> {
    return settleRead(() => identifyDevice(this.client, this.binding, call));
  }

  close(): Promise<void> {
    return this.client.close();
  }

  listSystems(call: DeviceCall): Promise<ReadResult<readonly string[]>> {
    return settleRead(async () => {
      const value = await this.binding.systemUris(new ReadScope(this.client, call));
      return { value, at: call.clock.now(), source: `${this.client.origin}/redfish/v1/Systems` };
    });
  }

  readFacts(call: DeviceCall): Promise<ReadResult<HardwareFacts>> {
    return settleRead(async () => {
      const bound = await this.binding.bind(call);
      const value = await readHardwareFacts(bound.scope, bound);
      return { value, at: bound.system.at, source: this.sourceOf(bound) };
    });
  }

  readPower(call: DeviceCall): Promise<ReadResult<PowerReading>> {
    return settleRead(() => this.power.read(call));
  }

  ensurePower(want: 'on' | 'off', how: PowerMethod, call: DeviceCall): Promise<DeviceResult<PowerReading>> {
    return settle(() => this.power.ensure(want, how, call));
  }

  readBoot(call: DeviceCall): Promise<ReadResult<BootReading>> {
    return settleRead(() => this.boot.read(call));
  }

  ensureBoot(source: BootSource, call: DeviceCall): Promise<DeviceResult<BootReading>> {
    return settle(() => this.boot.ensure(source, call));
  }

  identityCapability(call: DeviceCall): Promise<ReadResult<IdentityCapability>> {
    return settleRead(() => this.identity.capability(call));
  }

  readIdentity(call: DeviceCall): Promise<ReadResult<ServerIdentityReading>> {
    return settleRead(() => this.identity.read(call));
  }

  ensureIdentity(want: ServerIdentity, call: DeviceCall): Promise<DeviceResult<ServerIdentityReading>> {
    return settle(() => this.identity.ensure(want, call));
  }

  readPowerDraw(call: DeviceCall): Promise<ReadResult<PowerDraw>> {
    return settleRead(async () => {
      const { scope, system, chassis } = await this.binding.bind(call);
      const found = await readWatts(scope, system, chassis);
      if (found) {
        return { value: { watts: found.watts }, at: call.clock.now(), source: `${this.client.origin}${found.source}` };
      }
      const isUnreadable = scope.gaps.some((gap) => gap.startsWith('unreadable'));
      if (isUnreadable) endUnknown('not-settled', 'the power reading cannot be read now');
      return refuse('redfish.no-power-reading', 'the device shows no power reading of this server');
    });
  }

  ensurePowerRestore(want: PowerRestorePolicy, call: DeviceCall): Promise<DeviceResult<PowerRestorePolicy>> {
    return settle(() => this.powerRestore.ensure(want, call));
  }

  private sourceOf({ system }: BoundSystem): string {
    return `${this.client.origin}${system.uri}`;
  }
}

/**
 * Makes a driver for one server behind a Redfish BMC. Nothing is sent until the first call.
 * Throws `redfish.bad-address` for an address that is none or is not https.
 */
export function createRedfishDriver(options: RedfishDriverOptions): RedfishDriver {
  return new Driver(options);
}
