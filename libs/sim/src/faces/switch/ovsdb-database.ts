import { TABLES, type ColumnType } from './ovsdb-schema.js';
import { datumJson, defaultDatum, OvsdbError, sameDatum, type Atom, type Datum } from './ovsdb-value.js';

export type Row = Readonly<Record<string, Datum>>;
export type Tables = Readonly<Record<string, ReadonlyMap<string, Row>>>;

/** One row before and after a commit; a missing side means inserted or deleted. */
export interface RowChange {
  readonly table: string;
  readonly uuid: string;
  readonly before?: Row;
  readonly after?: Row;
}

/** The rows of a transaction while it runs: copies on write over a committed state. */
export class Workspace {
  readonly tables: Record<string, Map<string, Row>>;

  constructor(base: Tables) {
    this.tables = Object.fromEntries(Object.keys(TABLES).map((name) => [name, new Map(base[name] ?? [])]));
  }

  table(name: unknown): Map<string, Row> {
    const found = typeof name === 'string' ? this.tables[name] : undefined;
    if (!found) throw new OvsdbError('unknown table', `no table named ${String(name)}`);
    return found;
  }
}

/** A whole new row with defaults for what is not given. */
export function newRow(table: string, values: Row): Row {
  const columns = TABLES[table]?.columns ?? {};
  return Object.fromEntries(Object.entries(columns).map(([name, type]) => [name, values[name] ?? defaultDatum(type)]));
}

export function columnOf(table: string, column: unknown): ColumnType {
  if (column === '_uuid' || column === '_version') return { key: 'uuid', min: 1, max: 1, immutable: true };
  const found = typeof column === 'string' ? TABLES[table]?.columns[column] : undefined;
  if (!found) throw new OvsdbError('unknown column', `no column ${String(column)} in table ${table}`);
  return found;
}

/** The columns of a row as JSON; `_uuid` on request. */
export function rowJson(table: string, uuid: string, row: Row, columns: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    columns.map((column) => {
      const isUuid = column === '_uuid' || column === '_version';
      return [column, isUuid ? ['uuid', uuid] : datumJson(columnOf(table, column), row[column] ?? [])];
    }),
  );
}

/** Rows of non-root tables that nothing refers to are gone after a commit; dangling references fail it. */
export function collectGarbage(work: Workspace): void {
  const live = new Set<string>();
  const visit = (table: string, uuid: string): void => {
    const key = `${table}/${uuid}`;
    if (live.has(key)) return;
    const row = work.tables[table]?.get(uuid);
    if (!row) throw new OvsdbError('referential integrity violation', `a reference to missing row ${uuid} in ${table}`);
    live.add(key);
    for (const [column, type] of Object.entries(TABLES[table]?.columns ?? {})) {
      if (type.refTable === undefined) continue;
      for (const atom of (row[column] ?? []) as readonly Atom[]) visit(type.refTable, String(atom));
    }
  };
  for (const [name, schema] of Object.entries(TABLES)) {
    if (schema.isRoot) for (const uuid of work.tables[name]?.keys() ?? []) visit(name, uuid);
  }
  for (const [name, rows] of Object.entries(work.tables)) {
    for (const uuid of [...rows.keys()]) if (!live.has(`${name}/${uuid}`)) rows.delete(uuid);
  }
}

/** Row limits, minimum counts and unique indexes, checked once the transaction is complete. */
export function checkConstraints(work: Workspace): void {
  for (const [name, schema] of Object.entries(TABLES)) {
    const rows = work.tables[name] ?? new Map<string, Row>();
    if (schema.maxRows !== undefined && rows.size > schema.maxRows) {
      throw new OvsdbError('constraint violation', `table ${name} takes ${schema.maxRows} row`);
    }
    for (const index of schema.indexes) {
      const seen = new Set<string>();
      for (const row of rows.values()) {
        const key = JSON.stringify(index.map((column) => row[column]));
        if (seen.has(key)) throw new OvsdbError('constraint violation', `two rows of ${name} share ${key}`);
        seen.add(key);
      }
    }
    for (const row of rows.values()) {
      for (const [column, type] of Object.entries(schema.columns)) {
        if ((row[column]?.length ?? 0) < type.min)
          throw new OvsdbError('constraint violation', `${name}.${column} is empty`);
      }
    }
  }
}

export function changesBetween(before: Tables, after: Tables): RowChange[] {
  const changes: RowChange[] = [];
  for (const table of Object.keys(TABLES)) {
    const [old, now] = [before[table] ?? new Map<string, Row>(), after[table] ?? new Map<string, Row>()];
    for (const [uuid, row] of old) if (!now.has(uuid)) changes.push({ table, uuid, before: row });
    for (const [uuid, row] of now) {
      const was = old.get(uuid);
      if (!was) changes.push({ table, uuid, after: row });
      else if (was !== row && changedColumns(table, was, row).length > 0)
        changes.push({ table, uuid, before: was, after: row });
    }
  }
  return changes;
}

export function changedColumns(table: string, before: Row, after: Row): string[] {
  const columns = Object.keys(TABLES[table]?.columns ?? {});
  return columns.filter((column) => !sameDatum(before[column] ?? [], after[column] ?? []));
}
