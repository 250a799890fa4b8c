import { isRecord } from '../device-http.js';
import type { ZoneEdit, ZoneType } from './fabric-backend.js';
import { zoneError } from './fos-error.js';
import { isAddress } from './zone-transaction.js';

export type ZoneObjectKind = 'cfg' | 'zone' | 'alias';
export type PatchMode = 'replace' | 'merge';

/** One object of a request, whatever its kind: its own name and what it lists. */
export interface ZoneObject {
  readonly kind: ZoneObjectKind;
  readonly name: string;
  readonly members: readonly string[];
  readonly principals: readonly string[];
  readonly type?: ZoneType;
}

const NAME = /^[0-9A-Za-z_^$-]{1,64}$/;
const TYPES: readonly ZoneType[] = ['zone', 'user-created-peer-zone', 'target-created-peer-zone'];
const LIST_OF = { cfg: 'member-zone', zone: 'member-entry', alias: 'member-entry' } as const;
const ENTRY_OF = { cfg: 'zone-name', zone: 'entry-name', alias: 'alias-entry-name' } as const;
export const KEY_OF = { cfg: 'cfg-name', zone: 'zone-name', alias: 'alias-name' } as const;

/** A list in JSON or XML: absent, one value, or many. */
export function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null || value === '') return [];
  return Array.isArray(value) ? value : [value];
}

/** Reads every object of a body addressed at `defined-configuration`, at a kind below it, or at one object by key. */
export function readObjects(body: unknown, kind: ZoneObjectKind | undefined, name?: string): ZoneObject[] {
  let top: unknown = body;
  if (isRecord(top) && isRecord(top['defined-configuration'])) top = top['defined-configuration'];
  if (kind === undefined) {
    const kinds: ZoneObjectKind[] = ['alias', 'zone', 'cfg'];
    const found = kinds.flatMap((each) =>
      isRecord(top) ? listOf(top[each]).map((item) => readObject(item, each)) : [],
    );
    if (found.length === 0) throw zoneError('The request holds no zone object');
    return found;
  }
  const items = isRecord(top) && top[kind] !== undefined ? listOf(top[kind]) : listOf(top);
  if (items.length === 0 && name !== undefined) return [{ kind, name, members: [], principals: [] }];
  if (items.length === 0) throw zoneError('The request holds no zone object');
  return items.map((item) => readObject(item, kind, name));
}

function readObject(item: unknown, kind: ZoneObjectKind, key?: string): ZoneObject {
  if (!isRecord(item)) throw zoneError('Malformed zone object');
  const name = key ?? item[KEY_OF[kind]];
  if (typeof name !== 'string' || !NAME.test(name)) throw zoneError(`Invalid name for a ${kind}`);
  const list = item[LIST_OF[kind]];
  const entries = isRecord(list) ? list : {};
  const members = listOf(entries[ENTRY_OF[kind]]).map((entry) => readMember(entry, kind));
  const principals = kind === 'zone' ? listOf(entries['principal-entry-name']).map((e) => readMember(e, kind)) : [];
  const type = kind === 'zone' ? readType(item) : undefined;
  return { kind, name, members, principals, ...(type === undefined ? {} : { type }) };
}

function readMember(entry: unknown, kind: ZoneObjectKind): string {
  const text = typeof entry === 'string' ? entry : String(entry);
  if (isAddress(text)) {
    if (kind === 'cfg') throw zoneError(`"${text}" is not a zone name`);
    return text.toLowerCase();
  }
  if (kind === 'alias' || !NAME.test(text)) throw zoneError(`"${text}" is not a valid member`);
  return text;
}

function readType(item: Record<string, unknown>): ZoneType | undefined {
  const byText = item['zone-type-string'];
  const byNumber = item['zone-type'] === undefined ? undefined : TYPES[Number(item['zone-type'])];
  const type = byText === undefined ? byNumber : TYPES.find((each) => each === byText);
  if (type === undefined && (byText ?? item['zone-type']) !== undefined) throw zoneError('Invalid zone type');
  if (byNumber !== undefined && type !== byNumber) throw zoneError('zone-type and zone-type-string differ');
  if (type === 'target-created-peer-zone') throw zoneError('Target-created peer zones cannot be created or modified');
  return type;
}

/** POST: creates the object, or adds members to an existing one. Anything already there is an error, never a no-op. */
export function post(edit: ZoneEdit, object: ZoneObject): void {
  const known = lists(edit, object);
  if (!known) return create(edit, object);
  if (object.members.length + object.principals.length === 0) throw zoneError(`"${object.name}" duplicate name`);
  checkType(edit, object);
  addAll(known.members, object.members, object.name, true);
  addAll(known.principals, object.principals, object.name, true);
}

/** PATCH: public material says both "replaces the members" and "adds them"; the mode decides which switch this is. */
export function patch(edit: ZoneEdit, object: ZoneObject, mode: PatchMode): void {
  const known = lists(edit, object);
  if (!known) throw zoneError(`"${object.name}" not found`);
  checkType(edit, object);
  if (mode === 'merge') {
    addAll(known.members, object.members, object.name, false);
    addAll(known.principals, object.principals, object.name, false);
    return;
  }
  known.members.splice(0, known.members.length, ...new Set(object.members));
  if (object.kind === 'zone') known.principals.splice(0, known.principals.length, ...new Set(object.principals));
}

/** DELETE: takes the listed members out, or the whole object when none are listed. A cfg may go on naming it until the commit. */
export function remove(edit: ZoneEdit, object: ZoneObject): void {
  const known = lists(edit, object);
  if (!known) throw zoneError(`"${object.name}" not found`);
  if (object.members.length + object.principals.length === 0) {
    delete table(edit, object.kind)[object.name];
    return;
  }
  takeAll(known.members, object.members, object.name);
  takeAll(known.principals, object.principals, object.name);
}

/** The `expunge` operation: the object and every mention of it. */
export function expunge(edit: ZoneEdit, name: string): void {
  if (!edit.cfgs[name] && !edit.zones[name] && !edit.aliases[name]) throw zoneError(`"${name}" not found`);
  delete edit.cfgs[name];
  delete edit.zones[name];
  delete edit.aliases[name];
  const without = (list: string[]): void => void list.splice(0, list.length, ...list.filter((each) => each !== name));
  Object.values(edit.cfgs).forEach(without);
  for (const zone of Object.values(edit.zones)) [zone.members, zone.principals].forEach(without);
}

function table(edit: ZoneEdit, kind: ZoneObjectKind): Record<string, unknown> {
  return kind === 'cfg' ? edit.cfgs : kind === 'zone' ? edit.zones : edit.aliases;
}

function lists(edit: ZoneEdit, object: ZoneObject): { members: string[]; principals: string[] } | undefined {
  if (object.kind === 'zone') return edit.zones[object.name];
  const members = object.kind === 'cfg' ? edit.cfgs[object.name] : edit.aliases[object.name];
  return members && { members, principals: [] };
}

function create(edit: ZoneEdit, { kind, name, members, principals, type = 'zone' }: ZoneObject): void {
  // Cfgs, zones and aliases share one namespace on the switch.
  if (edit.cfgs[name] || edit.zones[name] || edit.aliases[name]) throw zoneError(`"${name}" duplicate name`);
  if (members.length + principals.length === 0) throw zoneError(`"${name}" has no members`);
  if (type === 'zone' && principals.length > 0) throw zoneError('Principal members need a peer zone');
  if (new Set(members).size !== members.length) throw zoneError(`"${name}" lists a member twice`);
  if (kind === 'zone') edit.zones[name] = { name, type, members: [...members], principals: [...principals] };
  else table(edit, kind)[name] = [...members];
}

function checkType(edit: ZoneEdit, object: ZoneObject): void {
  const current = object.kind === 'zone' ? edit.zones[object.name]?.type : undefined;
  if (current === undefined) return;
  if (current === 'target-created-peer-zone') throw zoneError('Target-created peer zones cannot be modified');
  if ((object.type ?? 'zone') !== current) throw zoneError(`"${object.name}" has another zone type`);
}

function addAll(into: string[], members: readonly string[], name: string, strict: boolean): void {
  for (const member of members) {
    if (!into.includes(member)) into.push(member);
    else if (strict) throw zoneError(`"${member}" is already a member of "${name}"`);
  }
}

function takeAll(from: string[], members: readonly string[], name: string): void {
  for (const member of members) {
    const at = from.indexOf(member);
    if (at < 0) throw zoneError(`"${member}" is not a member of "${name}"`);
    from.splice(at, 1);
  }
}
