import { isDeepStrictEqual } from 'node:util';
import { inventory, network, storageIdentity as storage } from '@rackwright/contracts';
import { inventoryOf, withChange, type World, type WorldInventory } from '@rackwright/sim';
import { isAppError } from '@rackwright/kernel';
import { waitFor } from '@rackwright/testing';
import type { Estate } from './estate.js';
import { unfinishedWork } from './unfinished-work.js';

/** Where each profile is to be; absent profiles are on no server. */
export interface ExpectedWorld {
  /** Server by profile. */
  readonly placed: Readonly<Record<string, string>>;
  /** Servers that stand still, held by a stuck run: only invariants are checked on them, and that they are off. */
  readonly held?: readonly string[];
}

/** What a profile is, as its owners say. */
interface Resolved {
  readonly name: string;
  readonly server: string;
  readonly vnics: readonly {
    readonly mac: string;
    readonly nativeVlan?: number | undefined;
    readonly taggedVlans: readonly number[];
  }[];
  readonly vhbas: readonly { readonly wwpn: string; readonly wwnn: string }[];
  readonly initiator: string | undefined;
  readonly zones: readonly { readonly fabric: string; readonly members: readonly string[] }[];
  readonly masks: readonly {
    readonly array: string;
    readonly host: string;
    readonly luns: readonly { readonly volume: string; readonly lun: number }[];
  }[];
}

const SETTLE_MS = 6_000;

/**
 * Compares every device with what the services say should be there (I6, I7), the services with what the test expects,
 * and asks the checkers. What is only on its way is waited for, briefly.
 */
export async function problemsOfWorld(estate: Estate, expected: ExpectedWorld): Promise<string[]> {
  let problems: string[] = [];
  try {
    await waitFor(
      async () => {
        problems = await look(estate, expected);
        return problems.length === 0;
      },
      { withinMs: SETTLE_MS, everyMs: 100, what: 'the world to be right' },
    );
    return [];
  } catch (error) {
    if (!isAppError(error, 'testing.waited-in-vain')) throw error;
    return problems.length > 0 ? problems : [error.message];
  }
}

async function look(estate: Estate, expected: ExpectedWorld): Promise<string[]> {
  const { world, checkers } = estate.simulation;
  const placed = await Promise.all(
    Object.entries(expected.placed).map(([name, server]) => resolve(estate, name, server)),
  );
  const seen = inventoryOf(world);
  const held = new Set(expected.held ?? []);
  return [
    ...checkers.reports.map(({ violation }) => `${violation.invariant}: ${violation.message}`),
    ...(await truthProblems(estate, expected)),
    ...identityProblems(seen, placed, held, world),
    ...portProblems(seen, placed, held, estate),
    ...accessProblems(seen, placed, held.size > 0),
    ...powerProblems(seen, placed),
    ...(await unfinishedWork(estate.databases, held.size > 0)),
  ];
}

async function resolve({ queries }: Estate, name: string, server: string): Promise<Resolved> {
  const { id: profileId } = await queries.query(inventory.getProfile, { profile: name });
  const { vnics } = await queries.query(network.getVnics, { profileId });
  const { storage: initiators } = await queries.query(storage.getInitiators, { profileId });
  const { zones, masks } = await queries.query(storage.previewAccess, { profileId });
  return {
    name,
    server,
    vnics,
    vhbas: initiators?.vhbas ?? [],
    initiator: initiators?.iscsi?.initiator,
    zones,
    masks,
  };
}

/** What inventory says: who is where, and that nothing is locked or may still carry something. */
async function truthProblems({ queries }: Estate, { placed, held = [] }: ExpectedWorld): Promise<string[]> {
  const problems: string[] = [];
  const { items: servers } = await queries.query(inventory.listServers, { limit: 500 });
  const { items: profiles } = await queries.query(inventory.listProfiles, { limit: 500 });
  for (const profile of profiles) {
    const { name } = profile.definition;
    if (profile.server !== placed[name])
      problems.push(`inventory has ${name} on ${profile.server ?? 'no server'}, not on ${placed[name] ?? 'none'}`);
    if (profile.lockedBy !== undefined && held.length === 0) problems.push(`profile ${name} is locked`);
    for (const { server } of profile.formerHolders) {
      if (server !== placed[name] && !held.includes(server))
        problems.push(`${server} is still a former holder of ${name}`);
    }
  }
  const carriers = new Set(Object.values(placed));
  for (const server of servers.filter((each) => !held.includes(each.name))) {
    const wanted = carriers.has(server.name) ? 'assigned' : 'available';
    if (server.lifecycle !== wanted) problems.push(`${server.name} is ${server.lifecycle}, not ${wanted}`);
    if (server.lockedBy !== undefined) problems.push(`server ${server.name} is locked`);
  }
  return problems;
}

function identityProblems(
  seen: WorldInventory,
  placed: readonly Resolved[],
  held: ReadonlySet<string>,
  world: World,
): string[] {
  const problems: string[] = [];
  const owners = new Map(placed.map((profile) => [profile.server, profile]));
  for (const port of seen.identities.filter(({ server }) => !held.has(server))) {
    const profile = owners.get(port.server);
    const place = `${port.server} ${port.port}`;
    if (waitsForSomethingElse(world, port)) problems.push(`something else waits for a reset on ${place}`);
    const shown = [port.mac, port.wwpn, port.wwnn, port.initiator].filter((name) => name !== undefined);
    if (!profile && (shown.length > 0 || port.bootTargets.length > 0))
      problems.push(`left over on ${place}: ${JSON.stringify(port)}`);
    const foreign = profile ? shown.filter((name) => !namesOf(profile).has(name)) : [];
    if (profile && foreign.length > 0) problems.push(`${place} shows ${foreign.join(', ')}, not of ${profile.name}`);
  }
  for (const profile of placed) {
    const shown = new Set(
      (world.state.servers[profile.server]?.ports ?? []).flatMap(({ current }) =>
        [current.mac, current.wwpn, current.wwnn, current.iscsi?.initiator].filter((name) => name !== undefined),
      ),
    );
    for (const name of namesOf(profile))
      if (!shown.has(name as never)) problems.push(`${profile.server} does not show ${name} of ${profile.name}`);
  }
  return problems;
}

/** Writing back what an adapter shows anyway waits for a reset too, and changes nothing then. */
function waitsForSomethingElse(world: World, { server, port: name }: WorldInventory['identities'][number]): boolean {
  const port = world.state.servers[server]?.ports.find((each) => each.name === name);
  if (!port?.pending) return false;
  return !isDeepStrictEqual(withChange(port.current, port.pending), port.current);
}

function namesOf({ vnics, vhbas, initiator }: Resolved): ReadonlySet<string> {
  const names = [...vnics.map(({ mac }) => mac), ...vhbas.flatMap(({ wwpn, wwnn }) => [wwpn, wwnn])];
  return new Set(initiator === undefined ? names : [...names, initiator]);
}

/** Every switch port of a server: open exactly for what lives behind it, at rest otherwise. */
function portProblems(
  seen: WorldInventory,
  placed: readonly Resolved[],
  held: ReadonlySet<string>,
  estate: Estate,
): string[] {
  const { world } = estate.simulation;
  return world.state.cables.flatMap(({ from, to }) => {
    if (from.kind !== 'server' || held.has(from.device)) return [];
    const place = `${to.device} ${to.port} (${from.device} ${from.port})`;
    const profile = placed.find(({ server }) => server === from.device);
    if (!profile) {
      return estate.ports.rests(seen, to.device, to.port) ? [] : [`${place} of a free server is not at rest`];
    }
    const current = world.state.servers[from.device]?.ports.find(({ name }) => name === from.port)?.current;
    const vnic = profile.vnics.find(({ mac }) => mac === current?.mac);
    const vhba = profile.vhbas.find(({ wwpn }) => wwpn === current?.wwpn);
    const wanted = to.kind === 'switch' ? vnic && vlansText(vnic.nativeVlan, vnic.taggedVlans) : vhba && 'open';
    const is = openStateOf(seen, to.device, to.port);
    return wanted === is ? [] : [`${place} is ${is ?? 'closed'}, not ${wanted ?? 'closed'}`];
  });
}

function openStateOf(seen: WorldInventory, device: string, port: string): string | undefined {
  const lan = seen.vlans.find((each) => each.switch === device && each.port === port);
  if (lan) return lan.closed ? undefined : vlansText(lan.native, lan.tagged);
  const san = seen.sanPorts.find((each) => each.switch === device && each.port === port);
  return san?.enabled ? 'open' : undefined;
}

function vlansText(native: number | undefined, tagged: readonly number[]): string {
  return `open with untagged ${native ?? 'none'}, tagged ${[...tagged].sort().join(' ') || 'none'}`;
}

function accessProblems(seen: WorldInventory, placed: readonly Resolved[], isHeld: boolean): string[] {
  const key = (members: readonly string[]): string => [...new Set(members)].sort().join(' ');
  const wantedZones = placed.flatMap(({ zones }) => zones.map(({ fabric, members }) => `${fabric}: ${key(members)}`));
  const seenZones = seen.zones.map(({ fabric, members }) => `${fabric}: ${key(members)}`);
  const wantedMasks = placed.flatMap(({ masks }) =>
    masks.flatMap(({ array, host, luns }) => luns.map(({ volume, lun }) => `${array} ${host}: ${volume} as ${lun}`)),
  );
  const seenMasks = seen.masks.map(({ array, host, volume, lun }) => `${array} ${host}: ${volume} as ${lun}`);
  const names = new Set(placed.flatMap((profile) => [...namesOf(profile)]));
  return [
    ...missing(wantedZones, seenZones).map((zone) => `zone missing in ${zone}`),
    ...(isHeld ? [] : missing(seenZones, wantedZones).map((zone) => `zone left over in ${zone}`)),
    ...missing(wantedMasks, seenMasks).map((mask) => `mask missing on ${mask}`),
    ...(isHeld ? [] : missing(seenMasks, wantedMasks).map((mask) => `mask left over on ${mask}`)),
    ...seen.definedOnly.map(({ fabric, zone }) => `zone ${zone} in ${fabric} is defined and not in effect`),
    ...seen.openTransactions.map(({ fabric, owner }) => `transaction of ${owner} open in ${fabric}`),
    ...seen.sessions
      .filter(({ initiator }) => !names.has(initiator))
      .map(({ initiator, volume }) => `session of ${initiator} on ${volume}`),
  ];
}

function missing(wanted: readonly string[], seen: readonly string[]): string[] {
  return wanted.filter((each) => !seen.includes(each));
}

function powerProblems(seen: WorldInventory, placed: readonly Resolved[]): string[] {
  const on = placed.map(({ server }) => server);
  return [
    ...missing(on, seen.powered).map((server) => `${server} is off`),
    ...missing(seen.powered, on).map((server) => `${server} is on`),
  ];
}
