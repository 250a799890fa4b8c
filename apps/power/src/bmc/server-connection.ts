import type { DeviceToReach } from '@rackwright/device-registry';
import type {
  AdapterIdentityPort,
  BootPort,
  HardwareFactsPort,
  PowerMeterPort,
  PowerPort,
  PowerRestorePort,
} from '@rackwright/driver-core';
import { createIpmiDriver } from '@rackwright/driver-ipmi';
import { createIpxeDriver, type BootScriptStore } from '@rackwright/driver-ipxe';
import { createRedfishDriver } from '@rackwright/driver-redfish';
import { AppError } from '@rackwright/kernel';
import { IpmiServer } from './ipmi-server.js';
import { scriptPortsIn } from './script-ports.policy.js';

/** Everything one server offers through its BMC. Made for one machine: another one behind the address is refused. */
export interface ServerConnection {
  readonly power: PowerPort;
  readonly boot: BootPort;
  readonly facts: HardwareFactsPort;
  readonly restore: PowerRestorePort;
  /** Absent where nothing can programme or show an identity. */
  readonly identity?: AdapterIdentityPort;
  readonly meter?: PowerMeterPort;
  /** Whether closing ends what is under way on the device. */
  readonly closingEndsCalls: boolean;
  close(): Promise<void>;
}

/** Makes the connection that a BMC's driver word asks for. Throws `power.unknown-driver`. */
export function connectServer(
  { driver, endpoint, options }: DeviceToReach,
  serial: string | undefined,
  scripts: BootScriptStore,
): ServerConnection {
  if (driver === 'redfish') {
    const system = options['system'];
    const redfish = createRedfishDriver({
      endpoint,
      ...(system !== undefined && { system }),
      ...(serial !== undefined && { serial }),
    });
    const ports = { power: redfish, boot: redfish, facts: redfish, restore: redfish };
    return { ...ports, identity: redfish, meter: redfish, closingEndsCalls: true, close: () => redfish.close() };
  }
  if (driver !== 'ipmi' && driver !== 'ipmi+ipxe')
    throw new AppError('power.unknown-driver', `there is no driver ${driver}`);
  const ipmi = new IpmiServer(createIpmiDriver(endpoint, ipmiOptions(options)), serial, scriptPortsIn(options));
  const ports = { power: ipmi, boot: ipmi, facts: ipmi, restore: ipmi };
  const connection = { ...ports, closingEndsCalls: false, close: () => ipmi.close() };
  if (driver === 'ipmi' || serial === undefined) return connection;
  const identity = createIpxeDriver({ store: scripts, serverKey: serial, ports: scriptPortsIn(options), serial });
  return { ...connection, identity };
}

function ipmiOptions(options: Readonly<Record<string, string>>) {
  const { command, cipherSuite, sanDevice, firmware } = options;
  return {
    ...(command !== undefined && { command: command.split(' ') }),
    ...((cipherSuite === '3' || cipherSuite === '17') && { cipherSuite: Number(cipherSuite) as 3 | 17 }),
    ...((sanDevice === 'pxe' || sanDevice === 'disk') && { sanDevice: sanDevice as 'pxe' | 'disk' }),
    ...((firmware === 'legacy' || firmware === 'uefi') && { firmware: firmware as 'legacy' | 'uefi' }),
  };
}
