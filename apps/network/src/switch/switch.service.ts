import { Injectable } from '@nestjs/common';
import { done, refused, network, type InputOf, type OutcomeOf, type ResultOf } from '@rackwright/contracts';
import { DeviceStore } from '@rackwright/device-registry';
import type { SwitchPortReading } from '@rackwright/driver-core';
import { AppError } from '@rackwright/kernel';
import { EventBus } from '@rackwright/messaging';
import type { Tx } from '@rackwright/persistence';

/** Kind under which switches are registered, and the prefix of their lanes. */
export const SWITCH = 'switch';
export type SwitchOptions = Readonly<Record<string, string>>;

/** VLAN in which closed ports of this switch rest. */
export function parkingVlanOf(options: SwitchOptions): number {
  return Number(options['parkingVlan'] ?? '4094');
}

/** Switches: enrolled, listed with what was read last. */
@Injectable()
export class SwitchService {
  constructor(
    private readonly devices: DeviceStore,
    private readonly events: EventBus,
  ) {}

  async put(tx: Tx, input: InputOf<typeof network.putSwitch>): Promise<OutcomeOf<typeof network.putSwitch>> {
    const [used] = await tx.query<{ name: string }>('SELECT name FROM networks WHERE vlan = $1', [input.parkingVlan]);
    if (used)
      return refused(
        'parking-vlan-in-use',
        `network ${used.name} has VLAN ${input.parkingVlan}; closed ports must rest where nobody is`,
      );
    const put = await this.devices.put(tx, {
      kind: SWITCH,
      name: input.name,
      driver: input.driver,
      address: input.address,
      site: input.site,
      trust: input.trust,
      sealedCredential: input.credential,
      options: { parkingVlan: String(input.parkingVlan) },
    });
    if (put === 'address-taken') return refused('address-taken', `another switch has the address ${input.address}`);
    if (put !== 'unchanged')
      await this.events.emit(tx, network.switchEnrolled, { switch: input.name, address: input.address });
    return done({ changed: put !== 'unchanged' });
  }

  async list(): Promise<ResultOf<typeof network.listSwitches>> {
    const devices = await this.devices.list(SWITCH);
    return {
      items: devices.map((device) => ({
        name: device.name,
        driver: device.driver,
        address: device.address,
        parkingVlan: parkingVlanOf(device.options),
        ...(device.read_at !== null && { readAt: device.read_at.toISOString(), ports: portsOf(device.reading).length }),
        ...((device.read_at !== null || device.problem !== null) && { reachable: device.problem === null }),
        ...(device.problem !== null && { problem: device.problem }),
      })),
    };
  }

  async ports(name: string): Promise<ResultOf<typeof network.getSwitchPorts>> {
    const device = await this.devices.get(SWITCH, name);
    if (!device) throw new AppError('network.unknown-switch', `there is no switch ${name}`);
    const ports = portsOf(device.reading).map((reading) => ({
      port: reading.port,
      state: reading.state,
      ...(reading.vlans.native !== undefined && { nativeVlan: reading.vlans.native }),
      taggedVlans: [...reading.vlans.tagged],
      carriesEverything: reading.carriesEverything,
    }));
    return { ports, ...(device.read_at !== null && { readAt: device.read_at.toISOString() }) };
  }
}

function portsOf(reading: unknown): readonly SwitchPortReading[] {
  return Array.isArray(reading) ? (reading as SwitchPortReading[]) : [];
}
