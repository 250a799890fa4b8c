import { endCall, OWNED_NAME_PREFIX, type Zone, type ZoneChange } from '@rackwright/driver-core';
import { ZONES_PER_REQUEST } from './fos-quirks.js';
import { resolvedMembers, type ZoneDatabase } from './zone-database.js';

/** One staged edit: POST adds, DELETE removes. PATCH is never used: public material contradicts itself on what it does. */
export interface ZoneEdit {
  readonly method: 'POST' | 'DELETE';
  readonly content: Readonly<Record<string, unknown>>;
}

export interface ZonePlan {
  /** Edits of the defined configuration, in order; empty when it is as wanted already. */
  readonly edits: readonly ZoneEdit[];
  /** How to commit: enable this configuration, or disable when nothing of it is left. */
  readonly commit: { readonly enable: string } | { readonly disable: true };
  /** True when the effective configuration is as wanted already too. */
  readonly satisfied: boolean;
}

const refuse = (code: string, message: string): never => endCall({ kind: 'refused', code, message });

/** What must be staged and committed; ends the call where the wish cannot or must not be fulfilled. */
export function planZones(
  database: ZoneDatabase,
  change: ZoneChange,
  options: { createConfiguration?: string | undefined; zoneName: RegExp },
): ZonePlan {
  checkWish(change, options.zoneName);
  if (database.defaultZoneOpen) refuse('fos.default-zone-open', 'the default zone lets everybody talk: close it first');
  const cfg = configurationFor(database, options.createConfiguration);
  const wanted = change.ensure.map((zone) => ({ name: zone.name, members: [...new Set<string>(zone.members)].sort() }));
  const gone = change.remove.filter((name) => database.zones.has(name) || inAnyCfg(database, name));
  const listed = database.cfgs.get(cfg) ?? [];
  const left = new Set([...listed.filter((name) => !change.remove.includes(name)), ...wanted.map((zone) => zone.name)]);
  const satisfied = isEffective(database, change);
  const isOurs = cfg === options.createConfiguration;
  if (left.size > 0 || (satisfied && gone.length === 0 && wanted.length === 0)) {
    const add = wanted.map((zone) => zone.name).filter((name) => !listed.includes(name));
    return {
      edits: [...removals(database, gone), ...zoneEdits(database, wanted), ...cfgAdditions(cfg, add)],
      commit: { enable: cfg },
      satisfied,
    };
  }
  if (!isOurs)
    refuse('fos.last-zone', `these are the last zones of "${cfg}", and an empty configuration cannot be enabled`);
  return { edits: removals(database, gone, cfg), commit: { disable: true }, satisfied };
}

function checkWish(change: ZoneChange, zoneName: RegExp): void {
  const names = [...change.ensure.map((zone) => zone.name), ...change.remove];
  const foreign = names.find((name) => !name.startsWith(OWNED_NAME_PREFIX));
  if (foreign !== undefined) refuse('fos.not-ours', `zone "${foreign}" does not carry our mark`);
  const invalid = names.find((name) => !zoneName.test(name));
  if (invalid !== undefined) refuse('fos.zone-name', `"${invalid}" is no zone name on this firmware`);
  if (new Set(names).size !== names.length) refuse('fos.zone-twice', 'a zone is named twice in one change');
  const empty = change.ensure.find((zone) => zone.members.length === 0);
  if (empty !== undefined) refuse('fos.zone-empty', `zone "${empty.name}" would have no members`);
}

function configurationFor(database: ZoneDatabase, create: string | undefined): string {
  if (database.enabled !== undefined) return database.enabled;
  if (create === undefined) return refuse('fos.no-configuration', 'no zoning configuration is enabled in this fabric');
  const foreign = (database.cfgs.get(create) ?? []).find((name) => !name.startsWith(OWNED_NAME_PREFIX));
  if (foreign === undefined) return create;
  return refuse('fos.foreign-configuration', `enabling "${create}" would also enable "${foreign}", which is not ours`);
}

/** Zones of others that would change by enabling: somebody has saved them and not enabled them. That is theirs to decide. */
export function unactivatedZones(database: ZoneDatabase): string[] {
  if (database.enabled === undefined) return [];
  const listed = (database.cfgs.get(database.enabled) ?? []).filter((name) => !name.startsWith(OWNED_NAME_PREFIX));
  const enabled = [...database.enabledZones.keys()].filter((name) => !name.startsWith(OWNED_NAME_PREFIX));
  return [...new Set([...listed, ...enabled])].filter((name) => {
    const [stored, active] = [database.zones.get(name), database.enabledZones.get(name)];
    if (stored === undefined || active === undefined || !listed.includes(name)) return true;
    return !same(resolvedMembers(stored, database.aliases), resolvedMembers(active, database.aliases));
  });
}

/** True when every wanted zone is enabled with exactly its members and none of the unwanted ones is enabled or stored. */
export function isEffective(database: ZoneDatabase, change: ZoneChange): boolean {
  const ensured = change.ensure.every((zone) => {
    const active = database.enabledZones.get(zone.name);
    return active !== undefined && same(resolvedMembers(active, database.aliases), normal(zone));
  });
  return ensured && change.remove.every((name) => !database.enabledZones.has(name) && !database.zones.has(name));
}

function normal(zone: Zone): string[] {
  return [...new Set<string>(zone.members)].sort();
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((member, index) => member === b[index]);
}

function inAnyCfg(database: ZoneDatabase, name: string): boolean {
  return [...database.cfgs.values()].some((zones) => zones.includes(name));
}

/** Out of every configuration first: a zone that is still listed can be deleted while staging, and fails the commit. */
function removals(database: ZoneDatabase, gone: readonly string[], emptied?: string): ZoneEdit[] {
  const cfgEdits = [...database.cfgs].flatMap(([cfg, zones]): ZoneEdit[] => {
    const listed = zones.filter((name) => gone.includes(name));
    if (listed.length === 0) return [];
    const isWhole = cfg === emptied;
    if (!isWhole && listed.length === zones.length && cfg !== database.enabled) {
      refuse('fos.last-zone', `these are the last zones of "${cfg}", which is not ours to delete`);
    }
    return [{ method: 'DELETE', content: { cfg: [isWhole ? { 'cfg-name': cfg } : cfgOf(cfg, listed)] } }];
  });
  const stored = gone.filter((name) => database.zones.has(name));
  const zoneDeletes = batches(stored).map((names): ZoneEdit => ({
    method: 'DELETE',
    content: { zone: names.map((name) => ({ 'zone-name': name })) },
  }));
  return [...cfgEdits, ...zoneDeletes];
}

function zoneEdits(database: ZoneDatabase, wanted: readonly { name: string; members: string[] }[]): ZoneEdit[] {
  const adds: unknown[] = [];
  const takes: unknown[] = [];
  for (const { name, members } of wanted) {
    const stored = database.zones.get(name);
    if (stored !== undefined && stored.type !== 'zone')
      refuse('fos.zone-type', `"${name}" is a ${stored.type}, not a plain zone`);
    const has = new Map(
      (stored?.members ?? []).map((member) => [
        resolvedMembers({ name, type: 'zone', members: [member], principals: [] }, new Map())[0] ?? member,
        member,
      ]),
    );
    const missing = members.filter((member) => !has.has(member));
    const surplus = [...has].filter(([member]) => !members.includes(member)).map(([, spelling]) => spelling);
    if (missing.length > 0) adds.push(zoneOf(name, missing));
    if (surplus.length > 0) takes.push(zoneOf(name, surplus));
  }
  const edit = (method: 'POST' | 'DELETE', zones: readonly unknown[]): ZoneEdit[] =>
    batches(zones).map((some) => ({ method, content: { zone: some } }));
  // Add before removing: a zone whose members are all removed is a zone that is deleted.
  return [...edit('POST', adds), ...edit('DELETE', takes)];
}

function cfgAdditions(cfg: string, names: readonly string[]): ZoneEdit[] {
  return batches(names).map((some) => ({ method: 'POST', content: { cfg: [cfgOf(cfg, some)] } }));
}

function zoneOf(name: string, members: readonly string[]): unknown {
  return { 'zone-name': name, 'zone-type-string': 'zone', 'member-entry': { 'entry-name': [...members] } };
}

function cfgOf(cfg: string, zones: readonly string[]): unknown {
  return { 'cfg-name': cfg, 'member-zone': { 'zone-name': [...zones] } };
}

function batches<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / ZONES_PER_REQUEST);
  return Array.from({ length: count }, (_unused, index) =>
    items.slice(index * ZONES_PER_REQUEST, (index + 1) * ZONES_PER_REQUEST),
  );
}

/** Everything stored that is not ours, as one text: must be the same before staging and before the commit. */
export function foreignPart(database: ZoneDatabase): string {
  const theirs = (name: string): boolean => !name.startsWith(OWNED_NAME_PREFIX);
  const zones = [...database.zones.values()].filter((zone) => theirs(zone.name));
  const cfgs = [...database.cfgs]
    .map(([cfg, names]) => [cfg, names.filter(theirs)] as const)
    .filter(([, names]) => names.length > 0);
  return JSON.stringify([zones.map((zone) => [zone.name, zone]).sort(), cfgs.sort(), [...database.aliases].sort()]);
}
