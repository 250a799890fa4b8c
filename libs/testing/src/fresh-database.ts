import { SystemRandom } from '@rackwright/kernel';
import { provisionSchema } from '@rackwright/persistence';
import pg from 'pg';
import { startPostgres, type PostgresAddress } from './postgres-server.js';

/** A schema with its own role, in a database of this suite. */
export interface TestSchema {
  readonly schema: string;
  readonly role: string;
  readonly password: string;
  /** Signs in as the role; the search path is the schema. */
  readonly url: string;
}

/** A database of one suite. */
export interface TestDatabase {
  readonly name: string;
  /** Signs in to this database as superuser. */
  readonly adminUrl: string;
  readonly port: number;
  /** The schema asked for by this name. */
  schema(name: string): TestSchema;
  /** Shorthand for `schema(name).url`. */
  url(name: string): string;
  /** Removes the database and its roles, cutting whoever is still connected. */
  drop(): Promise<void>;
}

/**
 * A new empty database on the shared server (or on `server`), with one schema and one least-privilege role per name,
 * made by the same `provisionSchema` as in production. Takes about 0.1 s. Drop it in `afterAll`, or leave that to the
 * end of the run.
 */
export async function freshDatabase(...schemas: readonly string[]): Promise<TestDatabase> {
  return freshDatabaseOn(await startPostgres(), ...schemas);
}

/** As {@link freshDatabase}, on a server of the suite's own. */
export async function freshDatabaseOn(server: PostgresAddress, ...schemas: readonly string[]): Promise<TestDatabase> {
  const tag = Buffer.from(new SystemRandom().bytes(5)).toString('hex');
  const name = `test_${tag}`;
  // template0 has no connections ever, so that suites do not wait for each other on template1.
  await asAdmin(server.adminUrl, `create database ${name} template template0`);
  const adminUrl = urlOf(server.adminUrl, { database: name });
  const made = new Map<string, TestSchema>();
  for (const schema of schemas) {
    // Roles belong to the whole server: without the tag, suites would change each other's passwords.
    const role = `${schema.replaceAll('-', '_')}_${tag}`;
    const password = `pw-${tag}-${schema}`;
    await provisionSchema(adminUrl, { schema, role, password });
    made.set(schema, { schema, role, password, url: urlOf(adminUrl, { role, password }) });
  }
  const find = (schema: string): TestSchema => {
    const found = made.get(schema);
    if (found === undefined) throw new Error(`freshDatabase was not asked for a schema "${schema}"`);
    return found;
  };
  return {
    name,
    adminUrl,
    port: server.port,
    schema: find,
    url: (schema) => find(schema).url,
    drop: async () => {
      await asAdmin(server.adminUrl, `drop database if exists ${name} with (force)`);
      for (const { role } of made.values()) await asAdmin(server.adminUrl, `drop role if exists "${role}"`);
    },
  };
}

/** The same server as another role, database or port (a proxy's). */
export function urlOf(
  url: string,
  change: { readonly database?: string; readonly role?: string; readonly password?: string; readonly port?: number },
): string {
  const changed = new URL(url);
  if (change.database !== undefined) changed.pathname = `/${change.database}`;
  if (change.role !== undefined) changed.username = encodeURIComponent(change.role);
  if (change.password !== undefined) changed.password = encodeURIComponent(change.password);
  if (change.port !== undefined) changed.port = String(change.port);
  return changed.toString();
}

async function asAdmin(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
