import { isRecord } from '../device-http.js';
import { columnOf, newRow, rowJson, type Row, type Workspace } from './ovsdb-database.js';
import { TABLES, type ColumnType } from './ovsdb-schema.js';
import {
  isMap,
  normal,
  OvsdbError,
  parseAtom,
  parseDatum,
  sameDatum,
  type Atom,
  type Datum,
  type NamedUuids,
} from './ovsdb-value.js';

/** What the operations of one transaction share. */
export interface TransactContext {
  readonly work: Workspace;
  readonly named: NamedUuids;
  newUuid(): string;
  ownsLock(lock: string): boolean;
}

/** Thrown by `wait` when its rows are not there yet; the caller decides whether to try again. */
export class NotYet extends OvsdbError {
  constructor(readonly timeoutMs: number | undefined) {
    super('timed out', 'the wait condition does not hold');
  }
}

type Operation = Readonly<Record<string, unknown>>;

/** Runs one operation and returns its result object (RFC 7047 section 5.2). */
export function runOperation(operation: unknown, context: TransactContext): unknown {
  if (!isRecord(operation)) throw new OvsdbError('syntax error', 'an operation must be an object');
  switch (operation['op']) {
    case 'insert':
      return insert(operation, context);
    case 'select':
      return select(operation, context);
    case 'update':
      return update(operation, context);
    case 'mutate':
      return mutate(operation, context);
    case 'delete':
      return remove(operation, context);
    case 'wait':
      return wait(operation, context);
    case 'commit':
    case 'comment':
      return {};
    case 'abort':
      throw new OvsdbError('aborted', 'aborted by request');
    case 'assert':
      if (context.ownsLock(String(operation['lock']))) return {};
      throw new OvsdbError('not owner', `lock ${String(operation['lock'])} is not held`);
    default:
      throw new OvsdbError('unknown operation', String(operation['op']));
  }
}

function insert(operation: Operation, { work, named, newUuid }: TransactContext): unknown {
  const table = String(operation['table']);
  const rows = work.table(operation['table']);
  const name = operation['uuid-name'];
  const uuid = typeof name === 'string' ? (named.get(name) ?? newUuid()) : newUuid();
  rows.set(uuid, newRow(table, readRow(table, operation['row'], named)));
  return { uuid: ['uuid', uuid] };
}

function select(operation: Operation, context: TransactContext): unknown {
  const table = String(operation['table']);
  const columns = readColumns(table, operation['columns']);
  return { rows: matching(operation, context).map(([uuid, row]) => rowJson(table, uuid, row, columns)) };
}

function update(operation: Operation, context: TransactContext): unknown {
  const table = String(operation['table']);
  const found = matching(operation, context);
  const values = readRow(table, operation['row'], context.named);
  refuseImmutable(table, Object.keys(values));
  for (const [uuid, row] of found) context.work.table(table).set(uuid, { ...row, ...values });
  return { count: found.length };
}

function remove(operation: Operation, context: TransactContext): unknown {
  const found = matching(operation, context);
  for (const [uuid] of found) context.work.table(operation['table']).delete(uuid);
  return { count: found.length };
}

function mutate(operation: Operation, context: TransactContext): unknown {
  const table = String(operation['table']);
  const found = matching(operation, context);
  for (const mutation of readTriples(operation['mutations'])) {
    const [column, mutator, argument] = mutation;
    refuseImmutable(table, [String(column)]);
    const type = columnOf(table, column);
    for (const [uuid] of found) {
      const row = context.work.table(table).get(uuid) as Row;
      const next = mutated(type, row[String(column)] ?? [], String(mutator), { argument, named: context.named });
      context.work.table(table).set(uuid, { ...row, [String(column)]: next });
    }
  }
  return { count: found.length };
}

function mutated(type: ColumnType, old: Datum, mutator: string, by: { argument: unknown; named: NamedUuids }): Datum {
  if (mutator === 'insert') {
    const added = parseDatum(type, by.argument, by.named, true);
    const kept = isMap(type) ? [...added, ...old] : [...old, ...added];
    return checked(type, normal(kept));
  }
  if (mutator === 'delete') return checked(type, without(type, old, by));
  if (type.key !== 'integer' && type.key !== 'real') throw new OvsdbError('syntax error', 'arithmetic on a non-number');
  const operand = Number(parseAtom({ key: type.key, min: 1, max: 1 }, type.key, by.argument, by.named));
  return checked(
    type,
    normal((old as readonly Atom[]).map((atom) => arithmetic(Number(atom), mutator, operand))),
    true,
  );
}

function arithmetic(value: number, mutator: string, operand: number): number {
  if ((mutator === '/=' || mutator === '%=') && operand === 0) throw new OvsdbError('domain error', 'division by zero');
  switch (mutator) {
    case '+=':
      return value + operand;
    case '-=':
      return value - operand;
    case '*=':
      return value * operand;
    case '/=':
      return Math.trunc(value / operand);
    case '%=':
      return value % operand;
    default:
      throw new OvsdbError('syntax error', `unknown mutator ${mutator}`);
  }
}

/** Takes atoms out of a set; out of a map pairs, or keys when a set of keys is given. */
function without(type: ColumnType, old: Datum, { argument, named }: { argument: unknown; named: NamedUuids }): Datum {
  const byKeys = isMap(type) && Array.isArray(argument) && argument[0] !== 'map';
  const given = parseDatum(
    byKeys ? { key: type.key, min: 0, max: type.max } : { ...type, max: Infinity },
    argument,
    named,
    true,
  );
  const gone = new Set(given.map((item) => JSON.stringify(item)));
  const keyOf = (item: unknown): unknown => (byKeys && Array.isArray(item) ? (item[0] as unknown) : item);
  return (old as readonly unknown[]).filter((item) => !gone.has(JSON.stringify(keyOf(item)))) as unknown as Datum;
}

function checked(type: ColumnType, datum: Datum, range = false): Datum {
  if (datum.length > type.max || datum.length < type.min)
    throw new OvsdbError('constraint violation', 'too many or too few values');
  const bad = (atom: unknown): boolean =>
    Number(atom) < (type.minInteger ?? -Infinity) || Number(atom) > (type.maxInteger ?? Infinity);
  if (range && (datum as readonly Atom[]).some(bad)) throw new OvsdbError('constraint violation', 'out of range');
  return datum;
}

function wait(operation: Operation, context: TransactContext): unknown {
  const table = String(operation['table']);
  const columns = readColumns(table, operation['columns']);
  const text = (row: Record<string, unknown>): string => JSON.stringify(columns.map((column) => row[column]));
  const actual = new Set(matching(operation, context).map(([uuid, row]) => text(rowJson(table, uuid, row, columns))));
  const rows: unknown[] = Array.isArray(operation['rows']) ? (operation['rows'] as unknown[]) : [];
  const wanted = new Set(
    rows.map((row) => {
      const given = readRow(table, row, context.named);
      const named = columns.filter((column) => given[column] !== undefined);
      return text(rowJson(table, '', newRow(table, given), named));
    }),
  );
  const same = actual.size === wanted.size && [...actual].every((each) => wanted.has(each));
  if (operation['until'] !== '==' && operation['until'] !== '!=')
    throw new OvsdbError('syntax error', 'until must be == or !=');
  if (same === (operation['until'] === '==')) return {};
  const timeout = operation['timeout'];
  throw new NotYet(typeof timeout === 'number' ? timeout : undefined);
}

function matching(operation: Operation, { work, named }: TransactContext): [string, Row][] {
  const table = String(operation['table']);
  const rows = work.table(operation['table']);
  const conditions = readTriples(operation['where']).map(([column, test, value]) => {
    const type = columnOf(table, column);
    const datum = parseDatum(type, value, named, true);
    return (uuid: string, row: Row): boolean => {
      const actual: Datum = column === '_uuid' || column === '_version' ? [uuid] : (row[String(column)] ?? []);
      return holds(actual, String(test), datum);
    };
  });
  return [...rows].filter(([uuid, row]) => conditions.every((condition) => condition(uuid, row)));
}

function holds(actual: Datum, test: string, wanted: Datum): boolean {
  const texts = new Set(actual.map((item) => JSON.stringify(item)));
  const [one, other] = [Number(actual[0]), Number(wanted[0])];
  switch (test) {
    case '==':
      return sameDatum(actual, wanted);
    case '!=':
      return !sameDatum(actual, wanted);
    case 'includes':
      return wanted.every((item) => texts.has(JSON.stringify(item)));
    case 'excludes':
      return wanted.every((item) => !texts.has(JSON.stringify(item)));
    case '<':
      return one < other;
    case '<=':
      return one <= other;
    case '>':
      return one > other;
    case '>=':
      return one >= other;
    default:
      throw new OvsdbError('syntax error', `unknown function ${test}`);
  }
}

function readRow(table: string, row: unknown, named: NamedUuids): Row {
  if (!isRecord(row)) throw new OvsdbError('syntax error', 'row must be an object');
  if (!TABLES[table]) throw new OvsdbError('unknown table', `no table named ${table}`);
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, parseDatum(columnOf(table, column), value, named)]),
  );
}

function readColumns(table: string, columns: unknown): string[] {
  if (columns === undefined) return ['_uuid', '_version', ...Object.keys(TABLES[table]?.columns ?? {})];
  if (!Array.isArray(columns)) throw new OvsdbError('syntax error', 'columns must be a list');
  for (const column of columns) columnOf(table, column);
  return columns.map(String);
}

function readTriples(value: unknown): (readonly [unknown, unknown, unknown])[] {
  const isTriple = (each: unknown): boolean => Array.isArray(each) && each.length === 3;
  if (!Array.isArray(value) || !value.every(isTriple))
    throw new OvsdbError('syntax error', 'expected a list of triples');
  return value as (readonly [unknown, unknown, unknown])[];
}

function refuseImmutable(table: string, columns: readonly string[]): void {
  const fixed = columns.find((column) => columnOf(table, column).immutable);
  if (fixed !== undefined) throw new OvsdbError('constraint violation', `column ${fixed} cannot be modified`);
}
