import type { Endpoint } from '../face.js';
import { expand, numbersOf, type SiteFile } from '../site/index.js';
import { cableFrom, type World } from '../world/index.js';

/** One document of the estate, in the shape of every document of the product. */
export interface EstateDocument {
  readonly apiVersion: 'rackwright/v1';
  readonly kind: 'Bmc' | 'Switch' | 'Fabric' | 'Array' | 'Network' | 'Cabling';
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

interface EstateSource {
  readonly world: World;
  readonly site: SiteFile;
  readonly endpoints: readonly Endpoint[];
  readonly caPem: string;
}

/**
 * What an operator of this site would know and type in: addresses, credentials, certificates, cables, networks. Nothing
 * of the truth inside the devices. Faces that were not started are left out.
 */
export function estateOf(source: EstateSource): readonly EstateDocument[] {
  return [
    ...source.site.networks.map(({ name, ...spec }) => made('Network', name, spec)),
    ...source.endpoints.flatMap((endpoint) => deviceDocument(source, endpoint)),
    ...cablingDocuments(source),
  ];
}

function made(kind: EstateDocument['kind'], name: string, spec: EstateDocument['spec']): EstateDocument {
  return { apiVersion: 'rackwright/v1', kind, metadata: { name }, spec };
}

function deviceDocument(source: EstateSource, endpoint: Endpoint): EstateDocument[] {
  const { world } = source;
  const { device, url, host, port, credential, tls } = endpoint;
  const reach = { address: url, host, port, ...(credential ? { credential } : {}), ...(tls ? { tls } : {}) };
  switch (endpoint.kind) {
    case 'bmc':
      return [made('Bmc', device, { driver: 'redfish', ...reach, ...serverFacts(source, device) })];
    case 'switch': {
      const { chassisId, parkingVlan, ports } = world.network.switch(device);
      const bridge = 'br0';
      return [
        made('Switch', device, {
          driver: 'ovsdb',
          ...reach,
          chassisId,
          bridge,
          parkingVlan,
          ports: Object.keys(ports),
        }),
      ];
    }
    case 'fabric': {
      const { fabric, fcSwitch } = world.fabrics.fcSwitch(device);
      const configuration = Object.keys(fabric.defined.configurations)[0];
      const spec = { driver: 'brocade-fos', fabric: fabric.name, ...reach, domainId: fcSwitch.domainId, configuration };
      return [made('Fabric', device, spec)];
    }
    case 'array': {
      const { serial, targets, volumes } = world.arrays.array(device);
      const shown = targets.map(({ id, kind, name, portal, vlan }) => ({
        id,
        kind,
        name,
        portal,
        vlan,
        fabric: fabricOf(world, device, id),
      }));
      const sizes = Object.values(volumes).map(({ name, sizeGiB, shared }) => ({ name, sizeGiB, shared }));
      return [made('Array', device, { driver: 'dell-powerstore', ...reach, serial, targets: shown, volumes: sizes })];
    }
    default:
      return [];
  }
}

function serverFacts({ world, site }: EstateSource, name: string): EstateDocument['spec'] {
  const server = world.power.server(name);
  const { rack, enclosure, slot, outlets, model, serials } = server;
  const group = site.servers.find((each) => numbersOf(each).some((number) => expand(each.names, number) === name));
  const numbers = group ? numbersOf(group) : [];
  const spares = group && group.spares > 0 ? numbers.slice(-group.spares) : [];
  const spare = spares.some((number) => expand(group?.names ?? '', number) === name);
  const adapters = server.ports.map((port) => {
    return {
      name: port.name,
      kind: port.kind,
      mac: port.permanent.mac,
      wwpn: port.permanent.wwpn,
      wwnn: port.permanent.wwnn,
    };
  });
  return {
    server: {
      name,
      site: site.name,
      rack,
      enclosure,
      slot,
      outlets,
      model,
      boardSerial: serials.board,
      serial: serials.system,
      spare,
      adapters,
    },
  };
}

/** One document per switch, with the cables that end in it. */
function cablingDocuments({ world }: EstateSource): readonly EstateDocument[] {
  const { cables } = world.state;
  const ends = [...new Set(cables.map((cable) => cable.to.device))];
  return ends.map((device) => {
    const mine = cables.filter((cable) => cable.to.device === device);
    const kind = mine[0]?.to.kind === 'fc-switch' ? 'fabric' : 'switch';
    const links = mine.map(({ from, to }) => ({ port: to.port, [from.kind]: from.device, adapterPort: from.port }));
    return made('Cabling', device, { switch: device, kind, links });
  });
}

function fabricOf(world: World, array: string, target: string): string | undefined {
  const cable = cableFrom(world.state, array, target);
  return cable?.to.kind === 'fc-switch' ? world.fabrics.fcSwitch(cable.to.device).fabric.name : undefined;
}
