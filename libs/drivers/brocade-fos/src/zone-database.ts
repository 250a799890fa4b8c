import { endCall, type DeviceCall, type FabricReading, type Zone } from '@rackwright/driver-core';
import { tryParseWwn, type Wwn } from '@rackwright/kernel';
import type { FosSession } from './fos-client.js';
import { field, listOf, numberOf, textOf, textsOf } from './yang-json.js';

/** A zone as it is stored: members may be WWNs, alias names or `domain,index`. */
export interface RawZone {
  readonly name: string;
  readonly type: string;
  readonly members: readonly string[];
  readonly principals: readonly string[];
}

/** Zoning of the fabric, as one switch tells it. Before the commit `defined` shows what is staged through this switch. */
export interface ZoneDatabase {
  readonly checksum: string;
  readonly enabled: string | undefined;
  readonly defaultZoneOpen: boolean;
  readonly enabledZones: ReadonlyMap<string, RawZone>;
  readonly zones: ReadonlyMap<string, RawZone>;
  readonly cfgs: ReadonlyMap<string, readonly string[]>;
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** Bytes of an open edit through this switch; 0 when there is none. */
  readonly staged: number;
  /** Token of the transaction open through this switch; 0 when there is none. */
  readonly token: number;
  /** Who holds the fabric's zoning, where the firmware tells. */
  readonly lock: { readonly owner: string; readonly token: number } | undefined;
}

const WHAT = 'the zoning database';

/** Reads effective and defined configuration and the lock, in this order: a change in between shows in the checksum at commit. */
export async function readZoneDatabase(session: FosSession, call: DeviceCall): Promise<ZoneDatabase> {
  const { zoning, fabricLock } = session.quirks;
  const effective = field(await session.read(`${zoning}/effective-configuration`, call), 'effective-configuration');
  const defined = field(await session.read(`${zoning}/defined-configuration`, call), 'defined-configuration');
  const lock = fabricLock ? field(await session.read(`${zoning}/fabric-lock`, call), 'fabric-lock') : undefined;
  return parseZoneDatabase({ effective, defined, lock });
}

export function parseZoneDatabase(parts: { effective: unknown; defined: unknown; lock: unknown }): ZoneDatabase {
  const { effective, defined, lock } = parts;
  const checksum = textOf(field(effective, 'checksum'));
  const access = numberOf(field(effective, 'default-zone-access'));
  if (checksum === undefined || !/^[0-9a-fA-F]{8,64}$/.test(checksum) || access === undefined) {
    return endCall({ kind: 'unknown', why: 'unparseable', message: `${WHAT} has no checksum or no default zone` });
  }
  const token = numberOf(field(lock, 'lock-principal-transaction-token')) ?? 0;
  const domain = numberOf(field(lock, 'lock-principal-domain-id')) ?? 0;
  return {
    checksum: checksum.toLowerCase(),
    enabled: textOf(field(effective, 'cfg-name')),
    defaultZoneOpen: access !== 0,
    enabledZones: byName(listOf(field(effective, 'enabled-zone')).map(zoneOf)),
    zones: byName(listOf(field(defined, 'zone')).map(zoneOf)),
    cfgs: namedLists(field(defined, 'cfg'), { key: 'cfg-name', list: 'member-zone', entry: 'zone-name' }),
    aliases: namedLists(field(defined, 'alias'), {
      key: 'alias-name',
      list: 'member-entry',
      entry: 'alias-entry-name',
    }),
    staged: numberOf(field(effective, 'db-transaction')) ?? 0,
    token: numberOf(field(effective, 'transaction-token')) ?? 0,
    lock: domain === 0 && token === 0 ? undefined : { owner: ownerOf(lock, domain), token },
  };
}

function ownerOf(lock: unknown, domain: number): string {
  const user = textOf(field(lock, 'client-user-name'));
  const through = textOf(field(lock, 'client-interface'));
  return [user ?? 'somebody', through && `through ${through}`, `on domain ${domain}`].filter(Boolean).join(' ');
}

function zoneOf(value: unknown): RawZone {
  const name = textOf(field(value, 'zone-name'));
  if (name === undefined)
    return endCall({ kind: 'unknown', why: 'unparseable', message: `${WHAT} holds a zone without name` });
  const members = field(value, 'member-entry');
  return {
    name,
    type: textOf(field(value, 'zone-type-string')) ?? TYPE_NAMES[numberOf(field(value, 'zone-type')) ?? 0] ?? 'unknown',
    members: textsOf(field(members, 'entry-name')),
    principals: textsOf(field(members, 'principal-entry-name')),
  };
}

const TYPE_NAMES = ['zone', 'user-created-peer-zone', 'target-created-peer-zone'];

function byName(zones: readonly RawZone[]): Map<string, RawZone> {
  const named = new Map(zones.map((zone) => [zone.name, zone]));
  if (named.size === zones.length) return named;
  return endCall({ kind: 'unknown', why: 'unparseable', message: `${WHAT} names a zone twice` });
}

function namedLists(value: unknown, at: { key: string; list: string; entry: string }): Map<string, readonly string[]> {
  return new Map(
    listOf(value).flatMap((one) => {
      const name = textOf(field(one, at.key));
      return name === undefined ? [] : [[name, textsOf(field(field(one, at.list), at.entry))] as const];
    }),
  );
}

/** Members with aliases resolved, lower case, sorted; what is no WWN (`domain,index`) stays as text. */
export function resolvedMembers(zone: RawZone, aliases: ZoneDatabase['aliases']): string[] {
  const members = [...zone.members, ...zone.principals].flatMap((member) => aliases.get(member) ?? [member]);
  return [...new Set(members.map((member) => tryParseWwn(member) ?? member))].sort();
}

function toZone(zone: RawZone, aliases: ZoneDatabase['aliases']): Zone {
  const wwns = resolvedMembers(zone, aliases).flatMap((member): readonly Wwn[] => {
    const wwn = tryParseWwn(member);
    return wwn === undefined ? [] : [wwn];
  });
  return { name: zone.name, members: wwns };
}

/** The database in the words of the port. A transaction or lock of anybody counts as open. */
export function readingOf(database: ZoneDatabase): FabricReading {
  const all = (zones: ZoneDatabase['zones']): Zone[] =>
    [...zones.values()].map((zone) => toZone(zone, database.aliases));
  const open = openTransaction(database);
  return {
    ...(database.enabled === undefined ? {} : { configuration: database.enabled }),
    checksum: database.checksum,
    defaultZoneOpen: database.defaultZoneOpen,
    enabledZones: all(database.enabledZones),
    definedZones: all(database.zones),
    ...(open === undefined ? {} : { openTransaction: open }),
  };
}

/** The transaction or lock that is open now, if any. */
export function openTransaction(database: ZoneDatabase): { owner?: string } | undefined {
  if (database.lock !== undefined) return { owner: database.lock.owner };
  return database.staged !== 0 || database.token !== 0 ? {} : undefined;
}
