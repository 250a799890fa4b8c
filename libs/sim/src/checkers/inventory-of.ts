import { isClean, isClosed, permanentIdentity, vlansOf, type World } from '../world/index.js';

/** What one server port carries that is not its own by birth. */
export interface PortLeftover {
  readonly server: string;
  readonly port: string;
  readonly mac?: string;
  readonly wwpn?: string;
  readonly wwnn?: string;
  readonly initiator?: string;
  readonly bootTargets: readonly string[];
  /** True when something waits for the next reset. */
  readonly pending: boolean;
}

/** Everything on every device that an allocation could explain or not: identities, zones, masks, VLANs, sessions. */
export interface WorldInventory {
  readonly powered: readonly string[];
  readonly identities: readonly PortLeftover[];
  /** Effective zones by fabric. */
  readonly zones: readonly { readonly fabric: string; readonly zone: string; readonly members: readonly string[] }[];
  /** Zones in a database that are not in effect. */
  readonly definedOnly: readonly { readonly fabric: string; readonly zone: string }[];
  readonly openTransactions: readonly { readonly fabric: string; readonly owner: string }[];
  readonly masks: readonly {
    readonly array: string;
    readonly host: string;
    readonly initiators: readonly string[];
    readonly volume: string;
    readonly lun: number;
  }[];
  readonly sessions: readonly { readonly array: string; readonly initiator: string; readonly volume: string }[];
  /** Server-facing Ethernet ports as the data plane works. */
  readonly vlans: readonly {
    readonly switch: string;
    readonly port: string;
    readonly native?: number;
    readonly tagged: readonly number[];
    readonly closed: boolean;
  }[];
  readonly sanPorts: readonly { readonly switch: string; readonly port: string; readonly enabled: boolean }[];
}

/**
 * Reads off every device what an allocation has to account for, sorted, ready to be compared with what is expected to
 * be there (I6, I7): what is here and not expected is left over, what is expected and not here is missing.
 */
export function inventoryOf(world: World): WorldInventory {
  const { servers, fabrics, arrays } = world.state;
  return {
    powered: Object.values(servers)
      .filter((server) => server.phase !== 'off')
      .map((server) => server.name)
      .sort(),
    identities: identitiesOf(world),
    zones: Object.values(fabrics).flatMap((fabric) =>
      Object.entries(fabric.effective).map(([zone, { members, principals }]) => {
        return { fabric: fabric.name, zone, members: [...principals, ...members].sort() };
      }),
    ),
    definedOnly: Object.values(fabrics).flatMap((fabric) =>
      Object.keys(fabric.defined.zones)
        .filter((zone) => !fabric.effective[zone])
        .map((zone) => ({ fabric: fabric.name, zone })),
    ),
    openTransactions: Object.values(fabrics).flatMap((fabric) =>
      fabric.transaction ? [{ fabric: fabric.name, owner: fabric.transaction.owner }] : [],
    ),
    masks: Object.values(arrays).flatMap((array) =>
      Object.values(array.hosts).flatMap((host) =>
        host.mappings.map(({ volume, lun }) => {
          const initiators = host.initiators.map((each) => each.name).sort();
          return { array: array.name, host: host.name, initiators, volume, lun };
        }),
      ),
    ),
    sessions: Object.values(arrays).flatMap((array) =>
      Object.values(array.sessions).map(({ initiator, volume }) => {
        return { array: array.name, initiator: initiator.name, volume };
      }),
    ),
    ...portsOf(world),
  };
}

function identitiesOf(world: World): readonly PortLeftover[] {
  return Object.values(world.state.servers).flatMap((server) =>
    server.ports
      .filter((port) => !isClean(port) || port.pending)
      .map((port) => {
        const own = permanentIdentity(port);
        const { mac, wwpn, wwnn, iscsi, bootTargets } = port.current;
        return {
          server: server.name,
          port: port.name,
          ...(mac !== undefined && mac !== own.mac ? { mac } : {}),
          ...(wwpn !== undefined && wwpn !== own.wwpn ? { wwpn } : {}),
          ...(wwnn !== undefined && wwnn !== own.wwnn ? { wwnn } : {}),
          ...(iscsi ? { initiator: iscsi.initiator } : {}),
          bootTargets: bootTargets.map((boot) => `${boot.target}/${boot.lun}`),
          pending: port.pending !== undefined,
        };
      }),
  );
}

function portsOf(world: World): Pick<WorldInventory, 'vlans' | 'sanPorts'> {
  const { cables, switches } = world.state;
  const toServers = cables.filter((cable) => cable.from.kind === 'server');
  return {
    vlans: toServers.flatMap(({ to }) => {
      const device = to.kind === 'switch' ? switches[to.device] : undefined;
      const applied = device?.ports[to.port]?.applied;
      if (!device || !applied) return [];
      const closed = isClosed(applied, device.parkingVlan);
      return [{ switch: to.device, port: to.port, ...vlansOf(applied), closed }];
    }),
    sanPorts: toServers
      .filter(({ to }) => to.kind === 'fc-switch')
      .map(({ to }) => {
        const { fcSwitch } = world.fabrics.fcSwitch(to.device);
        return { switch: to.device, port: to.port, enabled: fcSwitch.ports[to.port]?.enabled === true };
      }),
  };
}
