import type { AtomType, ColumnType } from './ovsdb-schema.js';

export type Atom = string | number | boolean;
/** A column's value: a sorted set of atoms, or for a map a sorted list of pairs. A scalar is a set of one. */
export type Datum = readonly Atom[] | readonly (readonly [Atom, Atom])[];

/** An error in the words of RFC 7047: `error` is what clients go by. */
export class OvsdbError extends Error {
  constructor(
    readonly error: string,
    readonly details: string,
  ) {
    super(details);
  }

  json(): { error: string; details: string } {
    return { error: this.error, details: this.details };
  }
}

/** UUIDs that `named-uuid` stands for in this transaction. */
export type NamedUuids = ReadonlyMap<string, string>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isMap(type: ColumnType): boolean {
  return type.value !== undefined;
}

/** Reads a value from the wire: a bare atom, `["set", […]]` or `["map", […]]`; checks type, enum, range and count. */
export function parseDatum(type: ColumnType, json: unknown, named: NamedUuids, partial = false): Datum {
  const datum = isMap(type) ? parseMap(type, json, named) : parseSet(type, json, named);
  const tooMany = datum.length > type.max;
  if (tooMany || (!partial && datum.length < type.min)) {
    throw new OvsdbError(
      'constraint violation',
      `${datum.length} values in a column that takes ${type.min} to ${type.max}`,
    );
  }
  return datum;
}

function parseSet(type: ColumnType, json: unknown, named: NamedUuids): Datum {
  const items = Array.isArray(json) && json[0] === 'set' && Array.isArray(json[1]) ? (json[1] as unknown[]) : [json];
  return normal(items.map((item) => parseAtom(type, type.key, item, named)));
}

function parseMap(type: ColumnType, json: unknown, named: NamedUuids): Datum {
  if (!Array.isArray(json) || json[0] !== 'map' || !Array.isArray(json[1])) {
    throw new OvsdbError('syntax error', 'expected ["map", ...]');
  }
  const pairs = (json[1] as unknown[]).map((pair): readonly [Atom, Atom] => {
    if (!Array.isArray(pair) || pair.length !== 2) throw new OvsdbError('syntax error', 'expected a pair');
    const value = parseAtom({ ...type, enum: [] }, type.value as AtomType, pair[1], named);
    return [parseAtom(type, type.key, pair[0], named), value];
  });
  return normal(pairs);
}

export function parseAtom(type: ColumnType, atom: AtomType, json: unknown, named: NamedUuids): Atom {
  if (atom === 'uuid') return parseUuid(json, named);
  const fits =
    (atom === 'string' && typeof json === 'string') ||
    (atom === 'boolean' && typeof json === 'boolean') ||
    (atom === 'integer' && Number.isSafeInteger(json)) ||
    (atom === 'real' && typeof json === 'number');
  if (!fits) throw new OvsdbError('syntax error', `expected ${atom}`);
  const value = json as Atom;
  if (type.enum && type.enum.length > 0 && !type.enum.includes(String(value))) {
    throw new OvsdbError('constraint violation', `${String(value)} is not one of ${type.enum.join(', ')}`);
  }
  if (typeof value === 'number' && (value < (type.minInteger ?? -Infinity) || value > (type.maxInteger ?? Infinity))) {
    throw new OvsdbError('constraint violation', `${value} is out of range`);
  }
  return value;
}

function parseUuid(json: unknown, named: NamedUuids): string {
  if (Array.isArray(json) && json[0] === 'uuid' && typeof json[1] === 'string' && UUID.test(json[1])) return json[1];
  if (Array.isArray(json) && json[0] === 'named-uuid' && typeof json[1] === 'string') {
    const uuid = named.get(json[1]);
    if (uuid !== undefined) return uuid;
    throw new OvsdbError('syntax error', `no row is named ${json[1]}`);
  }
  throw new OvsdbError('syntax error', 'expected a UUID');
}

/** Writes a value to the wire: sets of exactly one as a bare atom. */
export function datumJson(type: ColumnType, datum: Datum): unknown {
  if (isMap(type)) return ['map', datum.map((pair) => pairJson(type, pair as readonly [Atom, Atom]))];
  const atoms = (datum as readonly Atom[]).map((atom) => atomJson(type.key, atom));
  return atoms.length === 1 ? atoms[0] : ['set', atoms];
}

function pairJson(type: ColumnType, [key, value]: readonly [Atom, Atom]): unknown {
  return [atomJson(type.key, key), atomJson(type.value as AtomType, value)];
}

function atomJson(type: AtomType, atom: Atom): unknown {
  return type === 'uuid' ? ['uuid', atom] : atom;
}

/** Sorted and without duplicates (for a map: the last pair of a key), so that equal values are equal texts. */
export function normal(items: readonly (Atom | readonly [Atom, Atom])[]): Datum {
  const byKey = new Map(items.map((item) => [JSON.stringify(Array.isArray(item) ? item[0] : item), item]));
  return [...byKey.entries()].sort(([a], [b]) => compareKeys(a, b)).map(([, item]) => item) as Datum;
}

function compareKeys(a: string, b: string): number {
  const [one, other] = [Number(a), Number(b)];
  if (!Number.isNaN(one) && !Number.isNaN(other)) return one - other;
  return a < b ? -1 : a > b ? 1 : 0;
}

export function sameDatum(one: Datum, other: Datum): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function defaultDatum(type: ColumnType): Datum {
  if (type.min === 0 || isMap(type)) return [];
  if (type.key === 'uuid') return [];
  return [{ integer: 0, real: 0, boolean: false, string: '' }[type.key]];
}
