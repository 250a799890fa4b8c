import type { inventory, network, power, ResultOf, storageIdentity as storage } from '@rackwright/contracts';
import type { Kind } from '@rackwright/documents';

type ItemOf<Q extends { result: { _zod: { output: { items: unknown[] } } } }> =
  Q['result']['_zod']['output']['items'][number];

/** Something that is there, in the words of documents, as far as its owner tells. */
export interface Existing {
  readonly kind: Kind;
  readonly name: string;
  readonly group?: string | undefined;
  /** Fields its owner tells; one that is `undefined` is known to be unset. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** Profiles that use it. */
  readonly profiles?: readonly string[];
  readonly id?: string;
}

/** `Network/red` */
export function keyOf(kind: string, name: string): string {
  return `${kind}/${name}`;
}

export function siteOf({ name, description, racks }: ItemOf<typeof inventory.listSites>): Existing {
  return { kind: 'Site', name, spec: { description, racks } };
}

export function serverPoolOf({ name, description, qualification }: ItemOf<typeof inventory.listServerPools>): Existing {
  return { kind: 'ServerPool', name, spec: { description, qualification } };
}

export function networkOf(item: ItemOf<typeof network.listNetworks>): Existing {
  const { name, group, vlan, subnet, gateway, description, profiles } = item;
  return { kind: 'Network', name, group, profiles, spec: { vlan, subnet, gateway, description } };
}

export function networkSetOf({ name, networks }: ItemOf<typeof network.listNetworkSets>): Existing {
  return { kind: 'NetworkSet', name, spec: { networks } };
}

export function macPoolOf({ name, prefix }: ItemOf<typeof network.listMacPools>): Existing {
  return { kind: 'MacPool', name, spec: { prefix } };
}

export function storagePoolOf({ name, kind, prefix }: ItemOf<typeof storage.listWwnPools>): Existing {
  return { kind: kind === 'wwn' ? 'WwnPool' : 'IqnPool', name, spec: { prefix } };
}

export function switchOf({ name, driver, address, parkingVlan }: ItemOf<typeof network.listSwitches>): Existing {
  return { kind: 'Switch', name, spec: { driver, address, parkingVlan } };
}

export function fabricOf({ name, driver, address }: ItemOf<typeof storage.listFabrics>): Existing {
  return { kind: 'Fabric', name, spec: { driver, address } };
}

export function arrayOf({ name, driver, address }: ItemOf<typeof storage.listArrays>): Existing {
  return { kind: 'Array', name, spec: { driver, address } };
}

export function volumeOf(item: ItemOf<typeof storage.listVolumes>): Existing {
  const { name, group, array, arrayVolume, shared, profiles } = item;
  return { kind: 'Volume', name, group, profiles, spec: { array, arrayVolume, shared } };
}

export function bmcOf({ name, driver, address }: ItemOf<typeof power.listBmcs>): Existing {
  return { kind: 'Bmc', name, spec: { driver, address } };
}

/** Architecture and cabling are left out where facts of the hardware cover what was declared. */
export function serverOf(item: inventory.ServerView): Existing {
  const { id, name, boardSerial, bmc, site, rack, position, chassis, powerFeeds, pool } = item;
  return { kind: 'Server', name, id, spec: { boardSerial, bmc, site, rack, position, chassis, powerFeeds, pool } };
}

export function profileOf({ id, definition }: ResultOf<typeof inventory.getProfile>): Existing {
  const { name, group, ...spec } = definition;
  return { kind: 'ServerProfile', name, group, id, spec: { uuid: undefined, iscsi: undefined, ...spec } };
}
