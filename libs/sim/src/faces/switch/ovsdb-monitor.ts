import { isRecord } from '../device-http.js';
import { changedColumns, columnOf, rowJson, type Row, type RowChange, type Tables } from './ovsdb-database.js';
import { TABLES, type ColumnType } from './ovsdb-schema.js';
import { datumJson, isMap, OvsdbError, type Atom, type Datum } from './ovsdb-value.js';

/** `monitor` sends whole old and new rows (RFC 7047 4.1.5); `monitor_cond` and `_since` send differences (`update2`, `update3`). */
export type MonitorVersion = 1 | 2 | 3;

interface Watch {
  readonly columns: readonly string[];
  readonly select: Readonly<Record<'initial' | 'insert' | 'delete' | 'modify', boolean>>;
}

/** One monitor of one connection: which tables and columns it sees, and how it is told. */
export class Monitor {
  private readonly watches = new Map<string, Watch>();

  constructor(
    readonly id: unknown,
    readonly version: MonitorVersion,
    requests: unknown,
  ) {
    if (!isRecord(requests)) throw new OvsdbError('syntax error', 'monitor requests must be an object');
    for (const [table, request] of Object.entries(requests)) {
      if (!TABLES[table]) throw new OvsdbError('unknown table', `no table named ${table}`);
      this.watches.set(table, readWatch(table, Array.isArray(request) ? (request as unknown[]) : [request]));
    }
  }

  /** What the reply to the monitor request carries. */
  initial(tables: Tables): Record<string, unknown> {
    const changes: RowChange[] = [];
    for (const [table, watch] of this.watches) {
      if (watch.select.initial) for (const [uuid, after] of tables[table] ?? []) changes.push({ table, uuid, after });
    }
    return this.render(changes, true);
  }

  /** The updates to send for a commit; undefined when it touches nothing this monitor sees. */
  update(changes: readonly RowChange[]): Record<string, unknown> | undefined {
    const rendered = this.render(changes, false);
    return Object.keys(rendered).length === 0 ? undefined : rendered;
  }

  private render(changes: readonly RowChange[], initial: boolean): Record<string, unknown> {
    const out: Record<string, Record<string, unknown>> = {};
    for (const change of changes) {
      const watch = this.watches.get(change.table);
      if (!watch) continue;
      const kind = initial ? 'initial' : !change.before ? 'insert' : !change.after ? 'delete' : 'modify';
      if (!watch.select[kind]) continue;
      const shown = this.version === 1 ? whole(change, watch) : difference(change, watch, kind);
      if (shown) (out[change.table] ??= {})[change.uuid] = shown;
    }
    return out;
  }
}

function readWatch(table: string, requests: readonly unknown[]): Watch {
  const columns = new Set<string>();
  const select = { initial: true, insert: true, delete: true, modify: true };
  for (const request of requests) {
    if (!isRecord(request)) throw new OvsdbError('syntax error', 'a monitor request must be an object');
    const listed = Array.isArray(request['columns'])
      ? (request['columns'] as unknown[])
      : Object.keys(TABLES[table]?.columns ?? {});
    for (const column of listed) {
      columnOf(table, column);
      columns.add(String(column));
    }
    const chosen = request['select'];
    if (isRecord(chosen))
      for (const key of Object.keys(select)) if (chosen[key] === false) select[key as 'initial'] = false;
  }
  return { columns: [...columns], select };
}

function whole({ table, uuid, before, after }: RowChange, { columns }: Watch): unknown {
  if (!before) return { new: rowJson(table, uuid, after as Row, columns) };
  if (!after) return { old: rowJson(table, uuid, before, columns) };
  const changed = changedColumns(table, before, after).filter((column) => columns.includes(column));
  if (changed.length === 0) return undefined;
  return { old: rowJson(table, uuid, before, changed), new: rowJson(table, uuid, after, columns) };
}

/** `update2`: columns at their default are left out of new rows; changed sets and maps come as their difference. */
function difference({ table, uuid, before, after }: RowChange, { columns }: Watch, kind: string): unknown {
  if (kind === 'delete') return { delete: null };
  if (!before) {
    const filled = columns.filter((column) => (after?.[column]?.length ?? 0) > 0);
    return { [kind]: rowJson(table, uuid, after as Row, filled) };
  }
  const changed = changedColumns(table, before, after as Row).filter((column) => columns.includes(column));
  if (changed.length === 0) return undefined;
  const entries = changed.map((column) => {
    const type = columnOf(table, column);
    return [column, columnDifference(type, before[column] ?? [], after?.[column] ?? [])];
  });
  return { modify: Object.fromEntries(entries) as unknown };
}

function columnDifference(type: ColumnType, before: Datum, after: Datum): unknown {
  if (!isMap(type) && type.max === 1) return datumJson(type, after);
  const text = (item: unknown): string => JSON.stringify(item);
  const [old, now] = [new Set(before.map(text)), new Set(after.map(text))];
  const gone = (before as readonly unknown[]).filter((item) => !now.has(text(item)));
  const added = (after as readonly unknown[]).filter((item) => !old.has(text(item)));
  if (!isMap(type)) return ['set', datumJsonList(type, [...gone, ...added] as Atom[]) as unknown[]];
  // A key with a new value appears once, with the new value; a removed key with its old one.
  const newKeys = new Set(added.map((pair) => (pair as [Atom, Atom])[0]));
  const removed = gone.filter((pair) => !newKeys.has((pair as [Atom, Atom])[0]));
  return datumJson(type, [...removed, ...added] as unknown as Datum);
}

function datumJsonList(type: ColumnType, atoms: readonly Atom[]): unknown {
  return atoms.map((atom) => (type.key === 'uuid' ? ['uuid', atom] : atom));
}
