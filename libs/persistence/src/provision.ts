import { AppError } from '@rackwright/kernel';
import pg from 'pg';
import { connectError } from './errors.js';
import { DEFAULTS } from './options.js';
import { scramVerifier } from './scram.js';
import { quoteIdentifier, quoteLiteral } from './sql.js';

export interface ProvisionOptions {
  readonly schema: string;
  /** A LOGIN role of this service alone. Roles belong to the whole server, not to one database. */
  readonly role: string;
  readonly password: string;
}

/**
 * Makes one schema and the one role that owns it, as an administrator. Repeatable: a second call sets the password and
 * takes away whatever the role may have gained meanwhile. Afterwards the role can do everything in its schema and
 * nothing elsewhere: it reads no other schema, creates nothing in `public`, no temporary tables, no schemas, no roles.
 *
 * @throws AppError `persistence.not-least-privilege` when the administrator could not take away enough, for example in
 * a database that somebody else owns.
 */
export async function provisionSchema(adminUrl: string, options: ProvisionOptions): Promise<void> {
  const verifier = await scramVerifier(options.password);
  const client = new pg.Client({
    connectionString: adminUrl,
    application_name: 'rackwright-provision',
    connectionTimeoutMillis: DEFAULTS.connectTimeoutMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw connectError(error, adminUrl);
  }
  try {
    await client.query('begin');
    // Roles are shared by all databases of the server; two provisioners would fail with "tuple concurrently updated".
    await client.query("select pg_advisory_xact_lock(hashtextextended('rackwright.provision', 0))");
    await provisionRole(client, options.role, verifier);
    await provisionOwnedSchema(client, options);
    await assertLeastPrivilege(client, options);
    await client.query('commit');
  } finally {
    await client.end();
  }
}

async function provisionRole(client: pg.Client, role: string, verifier: string): Promise<void> {
  const name = quoteIdentifier(role);
  const known = await client.query<{ isSuperuser: boolean }>(
    'select rolsuper as "isSuperuser" from pg_roles where rolname = $1',
    [role],
  );
  const me = await client.query<{ isSuperuser: boolean; mayMakeDatabases: boolean; name: string }>(
    'select rolsuper as "isSuperuser", rolcreatedb as "mayMakeDatabases", rolname as name from pg_roles where rolname = current_user',
  );
  if (me.rows[0]?.name === role) {
    throw new AppError('persistence.not-least-privilege', `the administrator "${role}" cannot be a service's role too`);
  }
  const verb = known.rows.length === 0 ? 'create' : 'alter';
  // An administrator may only mention attributes it has itself, even to take them away. What it cannot take away is
  // found by the check at the end.
  const withheld = [
    'noinherit nocreaterole',
    ...(me.rows[0]?.isSuperuser || me.rows[0]?.mayMakeDatabases ? ['nocreatedb'] : []),
    ...(me.rows[0]?.isSuperuser ? ['nosuperuser noreplication nobypassrls'] : []),
  ].join(' ');
  await client.query(`${verb} role ${name} login ${withheld} password ${quoteLiteral(verifier)}`);
  const memberships = await client.query<{ name: string }>(
    'select g.rolname as name from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member where r.rolname = $1',
    [role],
  );
  for (const group of memberships.rows) await client.query(`revoke ${quoteIdentifier(group.name)} from ${name}`);
  // To hand the schema over, a plain administrator must be able to become the role (PostgreSQL 16 and later).
  if (!me.rows[0]?.isSuperuser) await client.query(`grant ${name} to current_user`);
}

async function provisionOwnedSchema(client: pg.Client, { schema, role }: ProvisionOptions): Promise<void> {
  const owner = quoteIdentifier(role);
  const name = quoteIdentifier(schema);
  const current = await client.query<{ name: string }>('select current_database() as name');
  const database = quoteIdentifier(current.rows[0]?.name ?? '');
  await client.query(`revoke create, temporary on database ${database} from public`);
  await client.query(`revoke create on schema public from public`);
  await client.query(`grant connect on database ${database} to ${owner}`);
  await client.query(`create schema if not exists ${name} authorization ${owner}`);
  await client.query(`alter schema ${name} owner to ${owner}`);
  await client.query(`revoke all on schema ${name} from public`);
  await client.query(`alter role ${owner} in database ${database} set search_path = ${name}`);
}

interface Excess {
  readonly what: string;
}

/** Asks the server itself what the role may do, rather than trusting that the statements above were enough. */
async function assertLeastPrivilege(client: pg.Client, { schema, role }: ProvisionOptions): Promise<void> {
  const excess = await client.query<Excess>(
    `select 'may create in the database' as what where has_database_privilege($1, current_database(), 'create')
     union all select 'may make temporary tables' where has_database_privilege($1, current_database(), 'temporary')
     union all select 'may use schema ' || nspname || ' to create' from pg_namespace
       where nspname <> $2 and has_schema_privilege($1, oid, 'create')
     union all select 'may look into schema ' || nspname from pg_namespace
       where nspname not in ($2, 'public', 'pg_catalog', 'information_schema', 'pg_toast') and has_schema_privilege($1, oid, 'usage')
     union all select 'is a superuser or may make roles' from pg_roles
       where rolname = $1 and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication)`,
    [role, schema],
  );
  if (excess.rows.length === 0) return;
  const list = excess.rows.map((row) => row.what).join('; ');
  throw new AppError('persistence.not-least-privilege', `role "${role}" would have more than its own schema: ${list}`, {
    details: { role, schema, excess: excess.rows.map((row) => row.what) },
  });
}
