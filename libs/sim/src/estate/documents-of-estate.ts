import type { EstateDocument } from '../simulation/estate.js';

/** A document of the product's API: what `apply` takes. Specs are given as they are; the API checks them. */
export interface SiteDocument {
  readonly apiVersion: 'rackwright/v1';
  readonly kind:
    | ('Site' | 'ServerPool' | 'Server' | 'Network' | 'MacPool' | 'WwnPool' | 'IqnPool')
    | ('Switch' | 'Fabric' | 'Array' | 'Volume' | 'Bmc');
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Names of what a site needs and no device tells: one pool for each kind of identity. */
const POOL_NAME = 'default';
const IQN_PREFIX = 'iqn.2026-01.org.rackwright';

interface Machine {
  readonly name: string;
  readonly site: string;
  readonly rack: string;
  readonly enclosure?: string;
  readonly slot?: number;
  readonly outlets: readonly string[];
  readonly boardSerial: string;
}
interface CableSpec {
  readonly switch: string;
  readonly kind: 'switch' | 'fabric';
  readonly links: readonly { readonly port: string; readonly server?: string; readonly adapterPort: string }[];
}
interface Cable {
  readonly port: string;
  readonly device: string;
  readonly devicePort: string;
}

/**
 * What an operator of a simulated site would apply to get it managed: every document in an order in which it can be
 * applied. Server pools are the groups of servers, by their names without the number; a volume is called as its array
 * calls it, with the array's name before it where two arrays use one name. Contains the devices' credentials. Pure.
 */
export function documentsOfEstate(estate: readonly EstateDocument[]): SiteDocument[] {
  const of = (kind: EstateDocument['kind']): EstateDocument[] => estate.filter((each) => each.kind === kind);
  const machines = of('Bmc').map((bmc) => bmc.spec['server'] as Machine);
  const site = machines[0]?.site ?? 'site-1';
  return [
    made('Site', site, { racks: unique(machines.map(({ rack }) => rack)).map((name) => ({ name })) }),
    ...unique(machines.map(({ name }) => poolOf(name))).map((name) => made('ServerPool', name, {})),
    ...of('Network').map(networkDocument),
    made('MacPool', POOL_NAME, {}),
    made('WwnPool', POOL_NAME, {}),
    made('IqnPool', POOL_NAME, { prefix: IQN_PREFIX }),
    ...of('Switch').map(({ metadata, spec }) => {
      return made('Switch', metadata.name, { ...reach(spec), parkingVlan: spec['parkingVlan'], site });
    }),
    ...fabricDocuments(of('Fabric'), site),
    ...of('Array').map(({ metadata, spec }) => made('Array', metadata.name, { ...reach(spec), site })),
    ...volumeDocuments(of('Array')),
    ...serverDocuments(machines, cablesOf(of('Cabling'), of('Fabric'))),
    ...of('Bmc').map(({ metadata, spec }) => made('Bmc', metadata.name, reach(spec))),
  ];
}

function made(kind: SiteDocument['kind'], name: string, spec: SiteDocument['spec']): SiteDocument {
  return { apiVersion: 'rackwright/v1', kind, metadata: { name }, spec };
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

/** `blade-a-07` is one of the `blade-a`. */
function poolOf(server: string): string {
  return server.replace(/-\d+$/, '');
}

function networkDocument({ metadata, spec }: EstateDocument): SiteDocument {
  const { vlan, subnet, purpose } = spec;
  return made('Network', metadata.name, {
    vlan,
    ...(subnet !== undefined && { subnet }),
    ...(purpose !== undefined && { description: `for ${String(purpose)}` }),
  });
}

/** How to reach a device and how to know that it is the right one. */
function reach({ driver, address, credential, tls }: EstateDocument['spec']): SiteDocument['spec'] {
  const caPem = (tls as { caPem?: string } | undefined)?.caPem;
  return {
    driver,
    address,
    trust: caPem === undefined ? { kind: 'none' } : { kind: 'ca', caPem },
    ...(credential !== undefined && { credential }),
  };
}

/** A fabric is reached through the first of its switches. */
function fabricDocuments(switches: readonly EstateDocument[], site: string): SiteDocument[] {
  const byFabric = new Map<string, EstateDocument>();
  for (const each of switches) {
    const fabric = String(each.spec['fabric']);
    if (!byFabric.has(fabric)) byFabric.set(fabric, each);
  }
  return [...byFabric].map(([fabric, { spec }]) => made('Fabric', fabric, { ...reach(spec), site }));
}

function volumeDocuments(arrays: readonly EstateDocument[]): SiteDocument[] {
  const all = arrays.flatMap(({ metadata, spec }) =>
    (spec['volumes'] as { name: string; shared: boolean }[]).map((volume) => ({ ...volume, array: metadata.name })),
  );
  const uses = new Map<string, number>();
  for (const { name } of all) uses.set(name, (uses.get(name) ?? 0) + 1);
  return all.map(({ name, array, shared }) =>
    made('Volume', uses.get(name) === 1 ? name : `${array}-${name}`, { array, arrayVolume: name, shared }),
  );
}

function serverDocuments(machines: readonly Machine[], cables: ReadonlyMap<string, readonly Cable[]>): SiteDocument[] {
  return machines.map(({ name, site, rack, enclosure, slot, outlets, boardSerial }) =>
    made('Server', name, {
      boardSerial,
      bmc: name,
      site,
      rack,
      ...(slot !== undefined && { position: String(slot) }),
      ...(enclosure !== undefined && { chassis: enclosure }),
      powerFeeds: outlets,
      pool: poolOf(name),
      cabling: cables.get(name) ?? [],
    }),
  );
}

/** Cables by server; Fibre Channel ones end in the fabric, by the port of its switch. */
function cablesOf(
  cabling: readonly EstateDocument[],
  switches: readonly EstateDocument[],
): ReadonlyMap<string, readonly Cable[]> {
  const fabrics = new Map(switches.map(({ metadata, spec }) => [metadata.name, String(spec['fabric'])]));
  const cables = new Map<string, Cable[]>();
  for (const { spec } of cabling) {
    const { switch: end, links } = spec as unknown as CableSpec;
    for (const { port, server, adapterPort } of links) {
      if (server === undefined) continue;
      const cable = { port: adapterPort, device: fabrics.get(end) ?? end, devicePort: port };
      cables.set(server, [...(cables.get(server) ?? []), cable]);
    }
  }
  return cables;
}
