import { at, lastSegment, link, list, text } from '../protocol/fields.js';
import type { ReadScope } from '../protocol/read-scope.js';
import type { Resource } from '../protocol/redfish-client.js';
import type { JsonObject } from '../transport/safe-json.js';
import { addressFacts, present, type AdapterFunction } from './adapter-function.js';
import { standardAddresses } from './function-addresses.js';
import { byName } from './network-adapters.js';
import { linkUpOf, speedOf } from './port-facts.js';

interface Seen {
  readonly name: string;
  readonly kind: 'ethernet' | 'fibre-channel';
  readonly model?: string | undefined;
  readonly port: JsonObject;
}

function made({ name, kind, model, port }: Seen): AdapterFunction | undefined {
  const mac = at(port, 'MACAddress') ?? at(port, 'MacAddress');
  const addresses = standardAddresses({
    Ethernet: { MACAddress: mac, PermanentMACAddress: at(port, 'PermanentMACAddress') },
    FibreChannel: { WWPN: at(port, 'PortWWN') ?? at(port, 'WWPN'), WWNN: at(port, 'NodeWWN') ?? at(port, 'WWNN') },
  });
  if (addresses.mac.current === undefined && addresses.wwpn.current === undefined) return undefined;
  const facts = present({
    name,
    kind,
    adapterModel: model,
    ...addressFacts(addresses),
    linkUp: linkUpOf(port),
    speedMbps: speedOf(port),
    assignable: false,
  });
  return { name, kind, addresses, facts };
}

/** iLO's own list of adapters (`Oem.Hpe.Links.NetworkAdapters`): it knows slots and HBAs where the standard list is empty. */
export async function readHpeAdapters(scope: ReadScope, system: Resource): Promise<readonly AdapterFunction[]> {
  const hpe =
    at(system.body, 'Oem', 'Hpe', 'Links', 'NetworkAdapters') ??
    at(system.body, 'Oem', 'Hp', 'links', 'NetworkAdapters');
  const found: AdapterFunction[] = [];
  for (const adapter of await scope.members(link(hpe))) {
    const slot = text(at(adapter.body, 'StructuredName')) ?? lastSegment(adapter.uri);
    const model = text(at(adapter.body, 'Name'));
    const of = (kind: Seen['kind'], ports: unknown): readonly AdapterFunction[] =>
      list(ports).flatMap(
        (port, index) => made({ name: `${slot}-${index + 1}`, kind, model, port: (port ?? {}) as JsonObject }) ?? [],
      );
    found.push(
      ...of('ethernet', at(adapter.body, 'PhysicalPorts')),
      ...of('fibre-channel', at(adapter.body, 'FcPorts')),
    );
  }
  return found.sort(byName);
}

/** VLANs, bonds and the cable to the BMC itself are no ports of the server. */
function isPhysical(body: JsonObject): boolean {
  return (
    text(at(body, 'EthernetInterfaceType')) !== 'Virtual' && link(at(body, 'Links', 'HostInterface')) === undefined
  );
}

/** `Systems/…/EthernetInterfaces`, for devices that show no adapters: a MAC each, and rarely the permanent one. */
export async function readEthernetInterfaces(scope: ReadScope, system: Resource): Promise<readonly AdapterFunction[]> {
  const all = await scope.members(link(at(system.body, 'EthernetInterfaces')));
  const interfaces = all.flatMap(({ uri, body }) =>
    isPhysical(body) ? (made({ name: lastSegment(uri), kind: 'ethernet', port: body }) ?? []) : [],
  );
  const found: AdapterFunction[] = [];
  for (const one of interfaces.sort(byName)) {
    const twin = found.find((other) => other.addresses.mac.current === one.addresses.mac.current);
    if (twin) scope.gap(`interfaces ${twin.name} and ${one.name} show the same MAC address: listed once`);
    else found.push(one);
  }
  return found;
}

/** Switch neighbours iDRAC keeps apart from the ports, by function name. `No Link` and stale rows are no neighbours. */
export async function readDellNeighbours(
  scope: ReadScope,
  manager: Resource | undefined,
): Promise<ReadonlyMap<string, { chassisId?: string; portId?: string }>> {
  const found = new Map<string, { chassisId?: string; portId?: string }>();
  const collection = link(at(manager?.body, 'Links', 'Oem', 'Dell', 'DellSwitchConnectionCollection'));
  for (const { body } of await scope.members(collection)) {
    const name = text(at(body, 'FQDD'));
    const portId = text(at(body, 'SwitchPortConnectionID'));
    const isLive = at(body, 'StaleData') !== 'Stale' && portId !== undefined && !portId.startsWith('No ');
    if (name !== undefined && isLive)
      found.set(name, present({ chassisId: text(at(body, 'SwitchConnectionID')), portId }));
  }
  return found;
}
