import { createHash } from 'node:crypto';
import { AppError } from '@rackwright/kernel';
import { checksumOf } from '../world/index.js';
import type {
  AdapterPortState,
  ArrayState,
  CableState,
  FabricState,
  PduState,
  ServerModel,
  ServerState,
  SwitchPortConfig,
  SwitchState,
  WorldState,
} from '../world/index.js';
import { BUILT_IN_MODELS } from './models.js';
import type { ServerGroup, SiteFile } from './site-schema.js';

/**
 * The world as it stands when the truck has left: everything racked and cabled, nothing switched on, every server port
 * parked, no zone, no mask. Serial numbers and permanent addresses follow from site and device names, so that adding a
 * server changes no other.
 */
export function buildWorld(site: SiteFile, seed = site.seed): WorldState {
  const taken = new Set<string>();
  const models = modelsOf(site);
  const servers = site.servers.flatMap((group) => serversOf(site, group, models, taken));
  const cables: CableState[] = [
    ...site.servers.flatMap(cablesOf),
    ...site.arrays.flatMap((array) =>
      array.targets.map(({ id, to }) => cable(site, 'array', array.name, { port: id, to })),
    ),
  ].map((each) => ({ ...each, to: { ...each.to, kind: kindOf(site, each.to.device) } }));
  const state: WorldState = {
    site: site.name,
    seed,
    timeMs: 0,
    sequence: 0,
    draws: 0,
    nextTimerId: 1,
    models,
    feeds: Object.fromEntries(site.feeds.map((name) => [name, { name, live: true }])),
    pdus: Object.fromEntries(site.racks.flatMap((rack) => rack.pdus.map((pdu) => [pdu.name, pduOf(pdu)]))),
    servers: byName(servers),
    switches: byName(site.switches.map((each) => switchOf(site, each))),
    fabrics: byName(site.fabrics.map((each) => fabricOf(site, each))),
    arrays: byName(site.arrays.map((each) => arrayOf(site, each))),
    cables,
    timers: {},
  };
  refuseLooseEnds(state);
  return state;
}

/** `blade-{nn}` and `eth{n+16}` for one member of a group. */
export function expand(pattern: string, number: number): string {
  return pattern.replace(/\{(n+)(?:\+(\d+))?\}/g, (_all, digits: string, plus?: string) =>
    String(number + Number(plus ?? 0)).padStart(digits.length, '0'),
  );
}

/** The members of a group, by number. */
export function numbersOf(group: { readonly first: number; readonly count: number }): readonly number[] {
  return Array.from({ length: group.count }, (_each, index) => group.first + index);
}

function modelsOf(site: SiteFile): Record<string, ServerModel> {
  const models = byName([...BUILT_IN_MODELS]);
  for (const { like, timings, persistence, ...own } of site.models) {
    const base = models[like];
    if (!base) throw new AppError('sim.invalid-site', `model ${own.name} is like ${like}, which there is not`);
    const merged = {
      ...base,
      ...own,
      timings: { ...base.timings, ...timings },
      persistence: { ...base.persistence, ...persistence },
    };
    models[own.name] = merged as ServerModel;
  }
  return models;
}

function serversOf(
  site: SiteFile,
  group: ServerGroup,
  models: Readonly<Record<string, ServerModel>>,
  taken: Set<string>,
): ServerState[] {
  const model = models[group.model];
  if (!model) throw new AppError('sim.invalid-site', `servers ${group.names}: there is no model ${group.model}`);
  const enclosure = site.enclosures.find((each) => each.name === group.enclosure);
  if (group.enclosure !== undefined && !enclosure) {
    throw new AppError('sim.invalid-site', `servers ${group.names}: there is no enclosure ${group.enclosure}`);
  }
  return numbersOf(group).map((number) => {
    const name = expand(group.names, number);
    const outlets = (group.outlets ?? enclosure?.outlets ?? []).map((each) => expand(each, number));
    const ports = group.ports.map((port) => portOf(site, name, port, taken));
    return server({ site, group, model, name, number, outlets, ports });
  });
}

function server(made: {
  site: SiteFile;
  group: ServerGroup;
  model: ServerModel;
  name: string;
  number: number;
  outlets: readonly string[];
  ports: AdapterPortState[];
}): ServerState {
  const { site, group, model, name, number } = made;
  const digest = (what: string): string => hash(`${site.name}/${name}/${what}`);
  const uuidHex = digest('uuid');
  const uuid = uuidHex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
  return {
    name,
    site: site.name,
    rack: group.rack,
    ...(group.enclosure === undefined ? {} : { enclosure: group.enclosure, slot: number }),
    model: model.name,
    serials: {
      system: digest('system').slice(0, 7).toUpperCase(),
      board: `CN${digest('board').slice(0, 12).toUpperCase()}`,
      chassis: digest('chassis').slice(0, 7).toUpperCase(),
    },
    permanentUuid: uuid,
    uuid,
    ports: made.ports,
    outlets: made.outlets,
    phase: 'off',
    bootId: 0,
    bootProgress: 'None',
    reportedPower: 'Off',
    lastResetMs: -1e9,
    inventoried: true,
    powerRestore: model.powerRestore,
    lastStop: 'hard',
    dark: false,
    onBeforeLoss: false,
    persistence: model.persistence,
    boot: {
      overrideEnabled: 'Disabled',
      overrideTarget: 'None',
      overrideMode: 'UEFI',
      uefiTarget: '',
      order: ['Boot0000', 'Boot0001'],
    },
    locator: false,
    maintenance: { hung: false, ignoresResets: false },
    extra: {},
  };
}

function portOf(
  site: SiteFile,
  serverName: string,
  port: ServerGroup['ports'][number],
  taken: Set<string>,
): AdapterPortState {
  const seed = `${site.name}/${serverName}/${port.name}`;
  const permanent =
    port.kind === 'ethernet'
      ? { mac: unique(taken, seed, (digest) => `b8:2a:72:${octets(digest, 3)}`) }
      : {
          wwpn: unique(taken, seed, (digest) => `21:00:00:24:ff:${octets(digest, 3)}`),
          wwnn: unique(taken, `${seed}/node`, (digest) => `20:00:00:24:ff:${octets(digest, 3)}`),
        };
  return {
    name: port.name,
    adapter: port.adapter,
    adapterModel: port.adapterModel,
    kind: port.kind,
    auxPowered: port.auxPowered ?? port.kind === 'ethernet',
    speedMbps: port.speedMbps ?? (port.kind === 'ethernet' ? 25_000 : 16_000),
    permanent,
    current: { ...permanent, bootTargets: [] },
  };
}

function cablesOf(group: ServerGroup): CableState[] {
  return numbersOf(group).flatMap((number) =>
    group.ports.flatMap((port) => {
      if (port.to === undefined) return [];
      const from = { kind: 'server', device: expand(group.names, number), port: port.name } as const;
      return [{ from, to: { kind: 'switch', ...splitEnd(expand(port.to, number)) } as const, broken: false }];
    }),
  );
}

function cable(site: SiteFile, kind: 'array', device: string, end: { port: string; to: string }): CableState {
  const to = splitEnd(end.to);
  return { from: { kind, device, port: end.port }, to: { kind: kindOf(site, to.device), ...to }, broken: false };
}

function splitEnd(text: string): { device: string; port: string } {
  const colon = text.indexOf(':');
  if (colon < 0) throw new AppError('sim.invalid-site', `"${text}" is not a device and a port (switch:port)`);
  return { device: text.slice(0, colon), port: text.slice(colon + 1) };
}

function kindOf(site: SiteFile, device: string): 'switch' | 'fc-switch' {
  return site.fabrics.some((fabric) => fabric.switches.some((each) => each.name === device)) ? 'fc-switch' : 'switch';
}

function pduOf(pdu: { name: string; feed: string; outlets: number }): PduState {
  const outlets = Object.fromEntries(Array.from({ length: pdu.outlets }, (_each, index) => [index + 1, { on: true }]));
  return { name: pdu.name, feed: pdu.feed, outlets, extra: {} };
}

function switchOf(site: SiteFile, made: SiteFile['switches'][number]): SwitchState {
  const names = Array.from({ length: made.ports }, (_each, index) => expand(made.portNames, index + 1));
  return {
    name: made.name,
    site: site.name,
    chassisId: `b0:26:28:${octets(hash(`${site.name}/${made.name}`), 3)}`,
    parkingVlan: made.parkingVlan,
    applyDelayMs: made.applyDelayMs,
    ports: byName(
      names.map((name) => {
        const config = firstConfig(site, made, name);
        return { name, config, applied: { ...config }, extra: {} };
      }),
    ),
    nextCfg: 0,
    curCfg: 0,
    reachable: true,
    extra: {},
  };
}

/** Array ports carry their VLAN from the start; every other port rests closed. */
function firstConfig(site: SiteFile, made: SiteFile['switches'][number], port: string): SwitchPortConfig {
  const target = site.arrays.flatMap((array) => array.targets).find((each) => each.to === `${made.name}:${port}`);
  const open = { adminUp: true, tagged: [], carriesEverything: false } as const;
  if (target?.kind === 'iscsi') return { ...open, native: target.vlan, protected: false };
  return { ...open, native: made.parkingVlan, protected: true };
}

function fabricOf(site: SiteFile, made: SiteFile['fabrics'][number]): FabricState {
  const defined = { configurations: { [made.configuration]: [] }, zones: {}, aliases: {} };
  const base = { defined, effective: {}, defaultZoneOpen: false };
  const toArrays = new Set(site.arrays.flatMap((array) => array.targets.map((target) => target.to)));
  return {
    ...base,
    name: made.name,
    site: site.name,
    switches: byName(
      made.switches.map((each) => {
        const ports = Array.from({ length: each.ports }, (_port, index) => {
          const name = `0/${index}`;
          const enabled = toArrays.has(`${each.name}:${name}`);
          return { name, enabled, persistentDisabled: !enabled };
        });
        const wwn = `10:00:00:05:1e:${octets(hash(`${site.name}/${each.name}`), 3)}`;
        return { ...each, wwn, ports: byName(ports), reachable: true, extra: {} };
      }),
    ),
    checksum: checksumOf(base),
    lastToken: 0,
    logins: [],
  };
}

function arrayOf(site: SiteFile, made: SiteFile['arrays'][number]): ArrayState {
  const digest = (what: string): string => hash(`${site.name}/${made.name}/${what}`);
  const volumes = made.volumes.flatMap((group) =>
    numbersOf(group).map((number) => {
      const name = expand(group.names, number);
      const id = digest(name).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
      return {
        name,
        id,
        sizeGiB: group.sizeGiB,
        serial: `naa.68ccf098${digest(name).slice(0, 24)}`,
        shared: group.shared,
      };
    }),
  );
  return {
    name: made.name,
    site: site.name,
    serial: `PS${digest('serial').slice(0, 12).toUpperCase()}`,
    deadSessionTimeoutMs: made.deadSessionTimeoutMs,
    targets: made.targets.map((target) => {
      if (target.kind === 'iscsi') {
        return { id: target.id, kind: 'iscsi', name: target.iqn, portal: target.portal, vlan: target.vlan };
      }
      const wwpn = `58:cc:f0:90:${octets(digest(target.id), 4)}`;
      return { id: target.id, kind: 'fibre-channel', name: wwpn, wwnn: `58:cc:f0:98:${octets(digest('node'), 4)}` };
    }),
    volumes: byName(volumes),
    hosts: {},
    sessions: {},
    writes: {},
    nextId: 1,
    extra: {},
  };
}

/** A cable to a port that is not there, or two cables in one port, is a mistake in the file. */
function refuseLooseEnds(state: WorldState): void {
  const ends = new Set<string>();
  for (const { to, from } of state.cables) {
    const fcSwitch = Object.values(state.fabrics).find((fabric) => fabric.switches[to.device])?.switches[to.device];
    const ports = to.kind === 'switch' ? state.switches[to.device]?.ports : fcSwitch?.ports;
    const end = `${to.device}:${to.port}`;
    if (!ports?.[to.port])
      throw new AppError('sim.invalid-site', `${from.device} is cabled to ${end}, which there is not`);
    if (ends.has(end)) throw new AppError('sim.invalid-site', `two cables end in ${end}`);
    ends.add(end);
  }
  for (const server of Object.values(state.servers)) {
    const missing = server.outlets.find((each) => {
      const [pdu = '', outlet = ''] = each.split('/');
      return !state.pdus[pdu]?.outlets[outlet];
    });
    if (missing !== undefined) throw new AppError('sim.invalid-site', `${server.name}: there is no outlet ${missing}`);
  }
}

function byName<T extends { readonly name: string }>(items: readonly T[]): Record<string, T> {
  return Object.fromEntries(items.map((item) => [item.name, item]));
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function octets(hex: string, count: number): string {
  return (hex.slice(0, count * 2).match(/../g) ?? []).join(':');
}

function unique(taken: Set<string>, seed: string, make: (digest: string) => string): string {
  for (let salt = 0; ; salt++) {
    const made = make(hash(`${seed}/${salt}`));
    if (taken.has(made)) continue;
    taken.add(made);
    return made;
  }
}
