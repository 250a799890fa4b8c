import type { AdapterPortKind } from '@rackwright/driver-core';
import { tryParseMac, tryParseWwn } from '@rackwright/kernel';
import { at, lastSegment, link, links, samePath, text, texts } from '../protocol/fields.js';
import type { ReadScope } from '../protocol/read-scope.js';
import type { Resource } from '../protocol/redfish-client.js';
import type { RedfishQuirks } from '../quirks/index.js';
import type { JsonObject } from '../transport/safe-json.js';
import { addressFacts, present, type AdapterFunction, type FunctionAddresses } from './adapter-function.js';
import { dellAddresses, dellAttribute, isAssigned, standardAddresses } from './function-addresses.js';
import { linkUpOf, lldpOf, speedOf, technologyOf } from './port-facts.js';

/** Every adapter of a system: those in its chassis and those its network interfaces point to. */
export async function adaptersOf(
  scope: ReadScope,
  system: Resource,
  chassis: readonly Resource[],
): Promise<readonly Resource[]> {
  const found: Resource[] = [];
  const add = (adapter: Resource | undefined): void => {
    if (adapter && !found.some((other) => samePath(other.uri, adapter.uri))) found.push(adapter);
  };
  for (const holder of chassis) {
    for (const adapter of await scope.members(link(at(holder.body, 'NetworkAdapters')))) add(adapter);
  }
  for (const networkInterface of await scope.members(link(at(system.body, 'NetworkInterfaces')))) {
    add(await scope.get(link(at(networkInterface.body, 'Links', 'NetworkAdapter'))));
  }
  return found;
}

/** The port behind a function: the assignment under any of its names through the schema's versions, else the first it could have. */
function portUriOf(ndf: Resource): string | undefined {
  const { body } = ndf;
  return (
    link(at(body, 'Links', 'PhysicalNetworkPortAssignment')) ??
    link(at(body, 'Links', 'PhysicalPortAssignment')) ??
    link(at(body, 'PhysicalPortAssignment')) ??
    links(at(body, 'AssignablePhysicalNetworkPorts'))[0] ??
    links(at(body, 'AssignablePhysicalPorts'))[0]
  );
}

function kindOf(
  ndf: Resource | undefined,
  addresses: FunctionAddresses,
  technology: string | undefined,
): AdapterPortKind {
  const type = text(at(ndf?.body, 'NetDevFuncType'));
  if (type?.startsWith('FibreChannel')) return 'fibre-channel';
  const hasMac = addresses.mac.current !== undefined || addresses.mac.permanent !== undefined;
  const hasWwpn = addresses.wwpn.current !== undefined || addresses.wwpn.permanent !== undefined;
  if (!hasMac && (hasWwpn || technology === 'FibreChannel')) return 'fibre-channel';
  return 'ethernet';
}

/** Name of a function inside the server: its own id where that names the adapter (Dell's FQDD), else adapter and id. */
function nameOf(adapter: Resource, leaf: string): string {
  const adapterName = lastSegment(adapter.uri);
  return leaf.startsWith(adapterName) || sharedSlot(adapterName, leaf) ? leaf : `${adapterName}-${leaf}`;
}

/** Dell's second embedded port is `NIC.Embedded.2-1-1` of adapter `NIC.Embedded.1`: an FQDD is unique in the server by itself. */
function sharedSlot(adapterName: string, leaf: string): boolean {
  const slot = /^[A-Za-z]+\.[A-Za-z]+\./.exec(adapterName)?.[0];
  return slot !== undefined && leaf.startsWith(slot);
}

/** True when there is something to write an identity to: a settings object, iDRAC's attributes, or proof by an assigned address. */
function isAssignable(ndf: Resource, dell: Resource | undefined, addresses: FunctionAddresses): boolean {
  const hasAddress =
    at(ndf.body, 'Ethernet', 'MACAddress') !== undefined || at(ndf.body, 'FibreChannel', 'WWPN') !== undefined;
  const hasSettings = link(at(ndf.body, '@Redfish.Settings', 'SettingsObject')) !== undefined;
  const attributes = at(dell?.body, 'Attributes');
  const hasDell = dellAttribute(attributes, 'mac') !== undefined || dellAttribute(attributes, 'wwpn') !== undefined;
  return hasDell || (hasAddress && hasSettings) || isAssigned(addresses);
}

/** The port of a function: by its link, else (iDRAC's InfiniBand ports link to a dead one) by the address the port lists. */
async function portOf(scope: ReadScope, adapter: Resource, ndf: Resource): Promise<JsonObject | undefined> {
  const linked = await scope.get(portUriOf(ndf));
  if (linked) return linked.body;
  const { mac, wwpn } = standardAddresses(ndf.body);
  const own = [mac.permanent, mac.current, wwpn.permanent, wwpn.current].filter((one) => one !== undefined);
  const siblings = link(at(adapter.body, 'Ports')) ?? link(at(adapter.body, 'NetworkPorts'));
  // Linked ports beside the one that is dead may be missing from the collection (R750): their common parent and the function's id name them.
  const named = siblings === undefined ? undefined : `${siblings.replace(/\/+$/, '')}/${lastSegment(ndf.uri)}`;
  const candidates = [...(await scope.members(siblings)), ...[await scope.get(named)].flatMap((one) => one ?? [])];
  return candidates.find((port) => {
    const listed = texts(at(port.body, 'AssociatedNetworkAddresses')).map(
      (one) => tryParseMac(one) ?? tryParseWwn(one),
    );
    return own.some((address) => listed.includes(address));
  })?.body;
}

async function functionOf(
  scope: ReadScope,
  adapter: Resource,
  ndf: Resource,
  quirks: RedfishQuirks,
): Promise<AdapterFunction | undefined> {
  const port = await portOf(scope, adapter, ndf);
  const oem = link(at(ndf.body, 'Links', 'Oem', 'Dell', 'DellNetworkAttributes'));
  const dell = quirks.identityVia === 'dell-oem' ? await scope.get(oem) : undefined;
  const standard = standardAddresses(ndf.body);
  const addresses = dell ? dellAddresses(standard, at(dell.body, 'Attributes')) : standard;
  const technology = technologyOf(port);
  const kind = kindOf(ndf, addresses, technology);
  const name = nameOf(adapter, lastSegment(ndf.uri));
  const isOther = technology === 'InfiniBand';
  if (isOther) scope.gap(`${name} runs InfiniBand: listed by its MAC address, not assignable`);
  if (addresses.mac.current === undefined && addresses.wwpn.current === undefined)
    scope.gap(`${name} shows no address`);
  const facts = present({
    name,
    kind,
    adapterModel: text(at(adapter.body, 'Model')) ?? text(at(adapter.body, 'Name')),
    ...addressFacts(addresses),
    linkUp: linkUpOf(port),
    speedMbps: speedOf(port),
    lldp: lldpOf(port),
    assignable: !isOther && isAssignable(ndf, dell, addresses),
  });
  return { name, kind, addresses, ndf, ...(dell && { dell }), facts };
}

/** A port of an adapter that shows no functions: its own list of addresses is all there is. */
function bareFunction(adapter: Resource, port: Resource): AdapterFunction | undefined {
  const technology = technologyOf(port.body);
  const listed =
    links(at(port.body, 'AssociatedNetworkAddresses'))[0] ??
    links(at(port.body, 'Ethernet', 'AssociatedMACAddresses'))[0] ??
    links(at(port.body, 'FibreChannel', 'AssociatedWorldWideNames'))[0];
  const addresses = standardAddresses({ Ethernet: { MACAddress: listed }, FibreChannel: { WWPN: listed } });
  const name = nameOf(adapter, lastSegment(port.uri));
  const kind = kindOf(undefined, addresses, technology);
  if (addresses.mac.current === undefined && addresses.wwpn.current === undefined) return undefined;
  const facts = present({
    name,
    kind,
    adapterModel: text(at(adapter.body, 'Model')) ?? text(at(adapter.body, 'Name')),
    ...addressFacts(addresses),
    linkUp: linkUpOf(port.body),
    speedMbps: speedOf(port.body),
    lldp: lldpOf(port.body),
    assignable: false,
  });
  return { name, kind, addresses, facts };
}

async function functionsOf(
  scope: ReadScope,
  adapter: Resource,
  quirks: RedfishQuirks,
): Promise<readonly AdapterFunction[]> {
  const controllers = at(adapter.body, 'Controllers');
  const fromControllers = Array.isArray(controllers)
    ? controllers.flatMap((controller) => links(at(controller, 'Links', 'NetworkDeviceFunctions')))
    : [];
  const members = await scope.memberLinks(link(at(adapter.body, 'NetworkDeviceFunctions')));
  const uris = members.length > 0 ? members : fromControllers;
  const found: AdapterFunction[] = [];
  for (const uri of uris) {
    const ndf = await scope.get(uri);
    const made = ndf && (await functionOf(scope, adapter, ndf, quirks));
    if (made) found.push(made);
  }
  if (found.length > 0) return found;
  const ports = link(at(adapter.body, 'Ports')) ?? link(at(adapter.body, 'NetworkPorts'));
  return (await scope.members(ports)).flatMap((port) => bareFunction(adapter, port) ?? []);
}

/** Functions that no adapter lists and the system's interfaces link to: collections are incomplete in the field (and in a DMTF mockup). */
async function linkedFunctions(
  scope: ReadScope,
  system: Resource,
  quirks: RedfishQuirks,
): Promise<readonly AdapterFunction[]> {
  const uris: string[] = [];
  for (const { body } of await scope.members(link(at(system.body, 'NetworkInterfaces')))) {
    uris.push(...(await scope.memberLinks(link(at(body, 'NetworkDeviceFunctions')))));
  }
  for (const { body } of await scope.members(link(at(system.body, 'EthernetInterfaces')))) {
    uris.push(...links(at(body, 'Links', 'NetworkDeviceFunctions')));
  }
  const found: AdapterFunction[] = [];
  for (const uri of uris) {
    const ndf = await scope.get(uri);
    const adapter = await scope.get(uri.split('/NetworkDeviceFunctions/')[0]);
    const made = ndf && adapter && (await functionOf(scope, adapter, ndf, quirks));
    if (made) found.push(made);
  }
  return found;
}

/** Every function of every adapter, each once, by name. */
export async function readAdapterFunctions(
  scope: ReadScope,
  system: Resource,
  chassis: readonly Resource[],
  quirks: RedfishQuirks,
): Promise<readonly AdapterFunction[]> {
  const found = new Map<string, AdapterFunction>();
  const adapters = await adaptersOf(scope, system, chassis);
  const listed: AdapterFunction[] = [];
  for (const adapter of adapters) listed.push(...(await functionsOf(scope, adapter, quirks)));
  const linked = adapters.length === 0 ? [] : await linkedFunctions(scope, system, quirks);
  for (const made of [...listed, ...linked]) {
    const known = found.get(made.name);
    if (known === undefined) found.set(made.name, made);
    else if (!samePath(known.ndf?.uri ?? '', made.ndf?.uri ?? '')) {
      scope.gap(`two functions are called ${made.name}: the second was left out`);
    }
  }
  return [...found.values()].sort(byName);
}

/** By name, numbers as numbers: the order does not depend on the device's. */
export function byName(left: AdapterFunction, right: AdapterFunction): number {
  return left.name.localeCompare(right.name, 'en', { numeric: true });
}
