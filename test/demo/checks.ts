import type { Profile, RackwrightClient } from '@rackwright/client';
import type { Clock } from '@rackwright/kernel';
import type { ArrayState, CableState, ServerState, WorldInventory } from '@rackwright/sim';
import type { CheckerStatus, SimulatedWorld } from '../e2e/instance/simulated-world.js';
import { bootsOf, MAIL, TRANSACTIONS, type DayRecord } from './day.js';

/** One claim about the hardware, and what was found. */
export interface Finding {
  readonly claim: string;
  readonly ok: boolean;
  readonly found: string;
}

/** Everything that is looked at in the evening. */
export interface Evening {
  readonly record: DayRecord;
  readonly inventory: WorldInventory;
  readonly servers: readonly ServerState[];
  readonly cables: readonly CableState[];
  readonly arrays: readonly ArrayState[];
  /** A little later, so that writes can be seen to go on. */
  readonly arraysLater: readonly ArrayState[];
  readonly checkers: CheckerStatus;
  readonly openRuns: number;
}

const WATCH_MS = 3_000;

export async function lookAround(
  record: DayRecord,
  { client, world, clock }: { client: RackwrightClient; world: SimulatedWorld; clock: Clock },
): Promise<Evening> {
  const arrays = await world.arrays();
  await clock.sleep(WATCH_MS);
  const open = await client.page('runs', { open: true });
  const [inventory, servers, cables] = await Promise.all([world.inventory(), world.servers(), world.cables()]);
  const [arraysLater, checkers] = [await world.arrays(), await world.checkers()];
  return { record, inventory, servers, cables, arrays, arraysLater, checkers, openRuns: open.items.length };
}

/** Every claim of the day, judged on the devices' truth. Pure. */
export function judge(evening: Evening): readonly Finding[] {
  const { record, inventory, checkers, openRuns } = evening;
  const holders = [...record.evening.values()].flatMap(({ server }) => server ?? []).sort();
  const same = (left: readonly string[], right: readonly string[]): boolean => left.join() === right.join();
  return [
    {
      claim: 'no safety invariant of the hardware was broken at any moment',
      ok: checkers.ok && !checkers.stopped,
      found: `${checkers.invariants.join(' ')} checked after each of ${checkers.checkedEvents} hardware events`,
    },
    {
      claim: 'moving changed no zoning and no masking',
      ok: record.changedByMoves.zoning === 0 && record.changedByMoves.masking === 0,
      found: `zoning ${record.changedByMoves.zoning}, masking ${record.changedByMoves.masking} (counted on the devices)`,
    },
    ...[...MAIL, ...TRANSACTIONS].flatMap((name) => profileFindings(name, evening)),
    {
      claim: 'servers without a profile are off, the others on',
      ok: same([...inventory.powered].sort(), holders),
      found: `on: ${[...inventory.powered].sort().join(', ')}`,
    },
    {
      claim: 'no identity is anywhere but on the server its profile is on',
      ok: same([...new Set(inventory.identities.map(({ server }) => server))].sort(), holders),
      found: `${inventory.identities.length} ports of ${holders.length} servers carry programmed identities`,
    },
    {
      claim: 'network ports are open for servers with a profile only',
      ok: openPorts(evening).every((server) => holders.includes(server)),
      found: `open for ${[...new Set(openPorts(evening))].sort().join(', ')}`,
    },
    {
      claim: 'nothing is left over on fabrics and arrays',
      ok: leftovers(evening).length === 0,
      found:
        leftovers(evening).join(', ') ||
        `${inventory.zones.length} zones, ${inventory.masks.length} mappings, all owned`,
    },
    { claim: 'every run has ended', ok: openRuns === 0, found: `${openRuns} open` },
  ];
}

/** What a profile is in one place and time, as text that can be compared. */
export function identityText(profile: Profile): string {
  const { vnics = [], storage = {}, uuid } = profile;
  return JSON.stringify([
    uuid,
    vnics.map(({ name, mac, address }) => [name, mac, address]),
    (storage.vhbas ?? []).map(({ name, wwpn, wwnn }) => [name, wwpn, wwnn]),
    (storage.volumes ?? []).map(({ volume, lun }) => [volume, lun]),
  ]);
}

function profileFindings(name: string, evening: Evening): readonly Finding[] {
  const [before, after] = [evening.record.morning.get(name), evening.record.evening.get(name)];
  if (before === undefined || after === undefined) {
    return [{ claim: `${name} is known`, ok: false, found: 'the API does not show it' }];
  }
  const stayed: Finding = {
    claim: `${name} kept its UUID, MACs, WWNs, addresses and disks`,
    ok: identityText(before) === identityText(after),
    found: macsOf(after).concat(wwpnsOf(after)).join(' '),
  };
  return after.server === undefined
    ? [stayed, restsFinding(name, evening)]
    : [stayed, ...livesFindings(before, after, evening)];
}

function livesFindings(before: Profile, profile: Profile, evening: Evening): readonly Finding[] {
  const { name } = profile.definition;
  const server = evening.servers.find((each) => each.name === profile.server);
  const shown = (server?.ports ?? []).flatMap(({ current }) => [current.mac, current.wwpn]);
  const own = [...macsOf(profile), ...wwpnsOf(profile)];
  const boots = bootsOf(name, evening.arraysLater);
  const way = [...new Set(boots.map((each) => each.server))];
  const wanted = [...new Set([before.server, profile.server])];
  const grown = writesOf(name, evening.arraysLater) - writesOf(name, evening.arrays);
  const strangers = boots.filter(({ initiator }) => !wwpnsOf(profile).includes(initiator));
  return [
    {
      claim: `${name} runs on ${profile.server ?? 'nothing'} from its own disk under its own identity`,
      ok:
        server?.phase === 'os-running' &&
        (server.bootedFrom?.endsWith(`/${name}-boot`) ?? false) &&
        own.every((identity) => shown.includes(identity)),
      found: `${server?.phase ?? 'unknown'}, started from ${server?.bootedFrom ?? 'nothing'}`,
    },
    {
      claim: `${name} goes on writing to its disk, always as the same initiator`,
      ok: grown > 0 && strangers.length === 0 && way.join() === wanted.join(),
      found: `written by ${boots.map(({ server: by, count }) => `${by} (${count})`).join(', then ')}; ${grown} more while watching`,
    },
  ];
}

function restsFinding(name: string, { arrays, arraysLater }: Evening): Finding {
  const grown = writesOf(name, arraysLater) - writesOf(name, arrays);
  return {
    claim: `${name} rests: nobody writes to its disk`,
    ok: grown === 0,
    found: `${grown} writes while watching`,
  };
}

function writesOf(name: string, arrays: readonly ArrayState[]): number {
  return arrays.reduce((sum, array) => sum + (array.writes[`${name}-boot`]?.count ?? 0), 0);
}

/** Servers behind open switch ports. */
function openPorts({ inventory, cables }: Evening): string[] {
  const ends = new Map(cables.map(({ from, to }) => [`${to.device} ${to.port}`, from.device]));
  const open = inventory.vlans.filter(({ closed }) => !closed);
  return open.map((port) => ends.get(`${port.switch} ${port.port}`) ?? `${port.switch} ${port.port}`);
}

/** Zones and masks with an initiator that no profile has, and what was begun and not finished. */
function leftovers({ record, inventory }: Evening): string[] {
  const known = new Set([...record.evening.values()].flatMap((profile) => wwpnsOf(profile)));
  const strange = inventory.masks.filter(({ initiators }) => !initiators.every((each) => known.has(each)));
  return [
    ...strange.map(({ array, host }) => `${array} ${host}`),
    ...inventory.zones.filter(({ members }) => !members.some((each) => known.has(each))).map(({ zone }) => zone),
    ...inventory.definedOnly.map(({ zone }) => `${zone} (defined only)`),
    ...inventory.openTransactions.map(({ fabric }) => `open transaction on ${fabric}`),
  ];
}

function macsOf({ vnics = [] }: Profile): string[] {
  return vnics.flatMap(({ mac }) => mac ?? []);
}

function wwpnsOf({ storage }: Profile): string[] {
  return (storage?.vhbas ?? []).flatMap(({ wwpn }) => wwpn ?? []);
}
