import type { DeviceCall, DeviceIdentity, Observed } from '@rackwright/driver-core';
import { present } from './facts/adapter-function.js';
import { realText } from './facts/serial-policy.js';
import type { SystemBinding } from './binding.js';
import { CallEnded } from './protocol/call-end.js';
import { at, link, text } from './protocol/fields.js';
import { ReadScope } from './protocol/read-scope.js';
import type { RedfishClient, Resource } from './protocol/redfish-client.js';

/** Refusals under which a device can still say who it is, without being one server. */
const NO_ONE_SERVER: ReadonlySet<string> = new Set([
  'redfish.no-systems',
  'redfish.system-not-bound',
  'device.certificate-not-pinned',
]);

/** A device with no server behind it (a PDU), with several, or not trusted yet: what its root tells, and its one chassis. */
async function identifyWithoutSystem(
  client: RedfishClient,
  root: Resource,
  call: DeviceCall,
  mayAsk: boolean,
): Promise<DeviceIdentity> {
  const scope = new ReadScope(client, call);
  const chassis = mayAsk ? await scope.members(link(at(root.body, 'Chassis'))) : [];
  const manager = mayAsk ? (await scope.members(link(at(root.body, 'Managers'))))[0] : undefined;
  const serials = new Set(chassis.flatMap(({ body }) => realText(at(body, 'SerialNumber')) ?? []));
  return present({
    vendor: text(at(root.body, 'Vendor')) ?? text(at(chassis[0]?.body, 'Manufacturer')),
    model: text(at(root.body, 'Product')) ?? text(at(chassis[0]?.body, 'Model')),
    firmware: text(at(manager?.body, 'FirmwareVersion')),
    // Several serials name no one machine.
    serial: serials.size === 1 ? [...serials][0] : undefined,
  });
}

/** Who answers: maker, model, BMC firmware, and the board or chassis serial of the bound system. */
export async function identifyDevice(
  client: RedfishClient,
  binding: SystemBinding,
  call: DeviceCall,
): Promise<Observed<DeviceIdentity>> {
  const root = await client.root(call);
  const observed = (value: DeviceIdentity): Observed<DeviceIdentity> => ({
    value,
    at: call.clock.now(),
    source: `${client.origin}${root.uri}`,
  });
  try {
    const { scope, system, serial } = await binding.bind(call);
    const managers = at(system.body, 'Links', 'ManagedBy');
    const manager = await scope.get(link(Array.isArray(managers) ? managers[0] : managers));
    return observed(
      present({
        vendor: text(at(system.body, 'Manufacturer')) ?? text(at(root.body, 'Vendor')),
        model: text(at(system.body, 'Model')),
        firmware: text(at(manager?.body, 'FirmwareVersion')),
        serial: serial?.serial,
      }),
    );
  } catch (error) {
    if (!(error instanceof CallEnded) || error.end.kind !== 'refused' || !NO_ONE_SERVER.has(error.end.code))
      throw error;
    return observed(
      await identifyWithoutSystem(client, root, call, error.end.code !== 'device.certificate-not-pinned'),
    );
  }
}
