import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freshDatabase, urlOf, type TestDatabase } from '@rackwright/testing';
import { Database } from './database.js';
import { sqlStateOf } from './errors.js';
import { provisionSchema } from './provision.js';

const INSUFFICIENT_PRIVILEGE = '42501';

let fresh: TestDatabase;
let power: Database;
let network: Database;

beforeAll(async () => {
  fresh = await freshDatabase('power', 'network');
  const open = (schema: string): Promise<Database> =>
    Database.open({ url: fresh.url(schema), schema, applicationName: 'provision-spec' });
  [power, network] = await Promise.all([open('power'), open('network')]);
  await network.query('create table switch (id int); ');
  await network.query('create function secret() returns int language sql as $$ select 42 $$');
});
afterAll(async () => {
  await Promise.all([power.close(), network.close()]);
  await fresh.drop();
});

async function refusal(sql: string): Promise<string | undefined> {
  return power.query(sql).then(
    () => 'allowed',
    (error: unknown) => sqlStateOf(error),
  );
}

describe("a service's role", () => {
  it('does what it likes in its own schema', async () => {
    await power.query('create table bmc (id int)');
    await power.query('insert into bmc values (1)');
    expect(await power.query('select id from power.bmc')).toEqual([{ id: 1 }]);
    await power.query('drop table bmc');
  });

  it.each([
    ['read another schema', 'select * from network.switch'],
    ['write to another schema', 'insert into network.switch values (1)'],
    ['create in another schema', 'create table network.mine (id int)'],
    ['call a function of another schema', 'select network.secret()'],
    ['create in public', 'create table public.mine (id int)'],
    ['make a temporary table', 'create temporary table mine (id int)'],
    ['make a schema', 'create schema mine'],
    ['make a role', 'create role mine'],
    ['make a database', 'create database mine'],
    ['read a file of the server', "select pg_read_file('postgresql.conf')"],
    ['run a program on the server', "copy (select 1) to program 'true'"],
    [
      'end the sessions of another service',
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename like 'network%'",
    ],
  ])('cannot %s', async (_what, sql) => {
    expect(await refusal(sql)).toBe(INSUFFICIENT_PRIVILEGE);
  });

  it('cannot become another role', async () => {
    expect(await refusal(`set role "${fresh.schema('network').role}"`)).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await refusal('set role postgres')).toBe(INSUFFICIENT_PRIVILEGE);
  });

  it('cannot see what other services run', async () => {
    const seen = await power.query("select query from pg_stat_activity where usename like 'network%'");
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen.map((row) => row['query']))).toEqual(new Set(['<insufficient privilege>']));
  });
});

describe('provisioning', () => {
  it('may be repeated: it sets the password and takes away what the role gained', async () => {
    const { role } = fresh.schema('power');
    const admin = await Database.open({ url: fresh.adminUrl, schema: 'public', applicationName: 'provision-spec' });
    await admin.query(`alter role "${role}" createrole createdb`);
    await admin.query(`grant "${fresh.schema('network').role}" to "${role}"`);
    await provisionSchema(fresh.adminUrl, { schema: 'power', role, password: 'a new "one"\\' });
    const url = urlOf(fresh.adminUrl, { role, password: 'a new "one"\\' });
    const renewed = await Database.open({ url, schema: 'power', applicationName: 'provision-spec' });
    expect(
      await renewed.query('select rolcreaterole r, rolcreatedb d from pg_roles where rolname = current_user'),
    ).toEqual([{ r: false, d: false }]);
    await expect(renewed.query('select * from network.switch')).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
    await Promise.all([renewed.close(), admin.close()]);
    await expect(
      Database.open({ url: fresh.url('power'), schema: 'power', applicationName: 'old password' }),
    ).rejects.toMatchObject({ code: 'persistence.wrong-password' });
  });

  it('is safe when two do it at once', async () => {
    const { role, password } = fresh.schema('network');
    const again = (): Promise<void> => provisionSchema(fresh.adminUrl, { schema: 'network', role, password });
    await Promise.all([again(), again(), again()]);
    expect(await network.query('select * from switch')).toEqual([]);
  });

  it('refuses to leave a role with more than its schema', async () => {
    const admin = await Database.open({ url: fresh.adminUrl, schema: 'public', applicationName: 'provision-spec' });
    const { role, password } = fresh.schema('network');
    await admin.query(`create schema shared; grant usage on schema shared to "${role}"`);
    const refused = provisionSchema(fresh.adminUrl, { schema: 'network', role, password });
    await expect(refused).rejects.toMatchObject({ code: 'persistence.not-least-privilege' });
    await expect(refused).rejects.toThrow('may look into schema shared');
    await admin.query('drop schema shared');
    await admin.close();
  });

  it('works for an administrator who is no superuser', async () => {
    const admin = await Database.open({ url: fresh.adminUrl, schema: 'public', applicationName: 'provision-spec' });
    const tag = fresh.name;
    await admin.query(`create role "${tag}_admin" login createrole password 'pw'`);
    await admin.query(`alter database "${fresh.name}" owner to "${tag}_admin"`);
    await admin.query(`alter schema public owner to "${tag}_admin"`);
    const adminUrl = urlOf(fresh.adminUrl, { role: `${tag}_admin`, password: 'pw' });
    const options = { schema: 'gateway', role: `${tag}_gateway`, password: 'gw' };
    await provisionSchema(adminUrl, options);
    await provisionSchema(adminUrl, options);
    const gateway = await Database.open({
      url: urlOf(fresh.adminUrl, { role: options.role, password: options.password }),
      schema: 'gateway',
      applicationName: 'provision-spec',
    });
    await gateway.query('create table user_account (id int)');
    await gateway.close();
    await admin.query(`drop schema gateway cascade; alter database "${fresh.name}" owner to postgres;
      alter schema public owner to pg_database_owner; drop owned by "${options.role}"; drop role "${options.role}"; drop role "${tag}_admin"`);
    await admin.close();
  });

  it('takes only names and passwords that cannot be misread', async () => {
    const bad = (change: { schema?: string; password?: string }): Promise<void> =>
      provisionSchema(fresh.adminUrl, { schema: 'power', role: 'nobody_at_all', password: 'x', ...change });
    await expect(bad({ schema: 'x'.repeat(64) })).rejects.toMatchObject({ code: 'persistence.invalid-name' });
    await expect(bad({ password: 'pässword' })).rejects.toMatchObject({ code: 'persistence.invalid-password' });
  });
});
