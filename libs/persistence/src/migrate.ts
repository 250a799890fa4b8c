import { createHash } from 'node:crypto';
import { AppError, messageOf } from '@rackwright/kernel';
import pg from 'pg';
import { connectError, sqlStateOf } from './errors.js';
import { DEFAULTS } from './options.js';
import { quoteIdentifier } from './sql.js';
import { typeParsers } from './type-parsers.js';

/** One step of the schema. Only ever added; never edited once it was applied anywhere. */
export interface Migration {
  /** `0001-outbox`: a number for people, a name for what it brings. Unique within the service. */
  readonly id: string;
  /** SQL, any number of statements; runs in one transaction with its bookkeeping row. */
  readonly up: string;
}

export interface AppliedMigration {
  readonly id: string;
  readonly checksum: string;
  readonly appliedAt: Date;
  /** Applied by this call, rather than found applied. */
  readonly isNew: boolean;
}

export interface MigrateOptions {
  readonly schema: string;
  readonly migrations: readonly Migration[];
  /** Waiting for another migrator of the same schema, default 60 s. */
  readonly lockTimeoutMs?: number;
}

type AppliedRow = Omit<AppliedMigration, 'isNew'>;

/**
 * Brings `schema` up to date, as the schema's own role. Safe to run from any number of replicas at once (an advisory
 * lock lets one work, the others find the work done) and to repeat. Migrations found in the table but not in the list
 * are left alone: they belong to a newer replica that has already started.
 *
 * @returns all listed migrations, in order.
 * @throws AppError `persistence.migration-changed` before anything is done, when an applied one differs from its record;
 * `persistence.migration-failed` with the id, nothing of that migration left behind; `persistence.migration-locked`.
 */
export async function migrate(url: string, options: MigrateOptions): Promise<AppliedMigration[]> {
  assertUniqueIds(options.migrations);
  const client = new pg.Client({
    connectionString: url,
    application_name: 'rackwright-migrate',
    types: typeParsers,
    keepAlive: true,
    connectionTimeoutMillis: DEFAULTS.connectTimeoutMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw connectError(error, url);
  }
  try {
    await prepare(client, options);
    return await applyMissing(client, options.migrations);
  } finally {
    // Ends the session and with it the lock, whatever happened above.
    await client.end();
  }
}

function assertUniqueIds(migrations: readonly Migration[]): void {
  const seen = new Set<string>();
  for (const { id } of migrations) {
    if (seen.has(id)) throw new AppError('persistence.migration-duplicate', `two migrations are called "${id}"`);
    seen.add(id);
  }
}

async function prepare(client: pg.Client, { schema, lockTimeoutMs = 60_000 }: MigrateOptions): Promise<void> {
  await client.query(`set search_path = ${quoteIdentifier(schema)}`);
  await client.query("select set_config('lock_timeout', $1, false)", [`${lockTimeoutMs}ms`]);
  try {
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [`rackwright.migrate.${schema}`]);
  } catch (error) {
    if (sqlStateOf(error) !== '55P03') throw error;
    const message = `another migration of schema "${schema}" has been running for more than ${lockTimeoutMs} ms`;
    throw new AppError('persistence.migration-locked', message, { cause: error });
  }
  // Waiting for a table lock behind a long reader is no reason to fail a migration at once, nor to wait for ever.
  await client.query(`create table if not exists schema_migrations (
    id text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
  )`);
}

async function applyMissing(client: pg.Client, migrations: readonly Migration[]): Promise<AppliedMigration[]> {
  const found = await client.query<AppliedRow>('select id, checksum, applied_at as "appliedAt" from schema_migrations');
  const applied = new Map(found.rows.map((row) => [row.id, row]));
  for (const migration of migrations) assertUnchanged(migration, applied.get(migration.id));
  const all: AppliedMigration[] = [];
  for (const migration of migrations) {
    const row = applied.get(migration.id);
    all.push(row ? { ...row, isNew: false } : { ...(await applyOne(client, migration)), isNew: true });
  }
  return all;
}

function assertUnchanged(migration: Migration, row: AppliedRow | undefined): void {
  if (row === undefined || row.checksum === checksumOf(migration)) return;
  throw new AppError(
    'persistence.migration-changed',
    `migration "${migration.id}" was changed after it had been applied on ${row.appliedAt.toISOString()}: put it back and add a new one`,
    { details: { id: migration.id, recorded: row.checksum, found: checksumOf(migration) } },
  );
}

async function applyOne(client: pg.Client, migration: Migration): Promise<AppliedRow> {
  try {
    await client.query('begin');
    await client.query(migration.up);
    const inserted = await client.query<AppliedRow>(
      'insert into schema_migrations (id, checksum) values ($1, $2) returning id, checksum, applied_at as "appliedAt"',
      [migration.id, checksumOf(migration)],
    );
    await client.query('commit');
    return inserted.rows[0] as AppliedRow;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw new AppError('persistence.migration-failed', `migration "${migration.id}" failed: ${messageOf(error)}`, {
      cause: error,
      details: { id: migration.id, ...lineOf(migration, error) },
    });
  }
}

function checksumOf(migration: Migration): string {
  return createHash('sha256').update(migration.up.replaceAll('\r\n', '\n')).digest('hex');
}

/** The server counts characters from the start of the text; people count lines. */
function lineOf(migration: Migration, error: unknown): { line?: number } {
  const position = Number((error as { position?: unknown }).position);
  return Number.isInteger(position) ? { line: migration.up.slice(0, position).split('\n').length } : {};
}
