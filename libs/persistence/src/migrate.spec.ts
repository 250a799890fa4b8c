import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freshDatabase, waitFor, type TestDatabase } from '@rackwright/testing';
import { Database } from './database.js';
import { migrate, type Migration } from './migrate.js';

const first: Migration = { id: '0001-first', up: 'create table first (id int); insert into first values (1);' };
const second: Migration = { id: '0002-second', up: 'create table second (id int);' };

let fresh: TestDatabase;
beforeAll(async () => {
  fresh = await freshDatabase('plain', 'raced', 'failing', 'changed', 'locked', 'newer');
});
afterAll(() => fresh.drop());

async function inSchema<T>(schema: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await Database.open({ url: fresh.url(schema), schema, applicationName: 'migrate-spec' });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

describe('migrations', () => {
  it('are applied once, in order, and found applied afterwards', async () => {
    const run = (migrations: Migration[]) => migrate(fresh.url('plain'), { schema: 'plain', migrations });
    expect((await run([first])).map(({ id, isNew }) => ({ id, isNew }))).toEqual([{ id: '0001-first', isNew: true }]);
    const again = await run([first, second]);
    expect(again.map(({ id, isNew }) => ({ id, isNew }))).toEqual([
      { id: '0001-first', isNew: false },
      { id: '0002-second', isNew: true },
    ]);
    expect(again[0]?.appliedAt).toBeInstanceOf(Date);
    expect(await inSchema('plain', (database) => database.query('select * from first'))).toEqual([{ id: 1 }]);
  });

  it('are safe with many migrators at once', async () => {
    const slow: Migration = { id: '0003-slow', up: 'select pg_sleep(0.1); create table slow (id int);' };
    const migrations = [first, second, slow];
    const runs = await Promise.all(
      Array.from({ length: 5 }, () => migrate(fresh.url('raced'), { schema: 'raced', migrations })),
    );
    const applied = runs.map((run) => run.filter((migration) => migration.isNew).length);
    expect(applied.sort()).toEqual([0, 0, 0, 0, 3]);
  });

  it('leave nothing of a failed one behind, keep those before it, and name the line', async () => {
    const wrong: Migration = {
      id: '0002-wrong',
      up: 'create table half (id int);\ninsert into half\n  values (boom);',
    };
    const run = (migrations: Migration[]) => migrate(fresh.url('failing'), { schema: 'failing', migrations });
    await expect(run([first, wrong])).rejects.toMatchObject({
      code: 'persistence.migration-failed',
      details: { id: '0002-wrong', line: 3 },
    });
    const tables = await inSchema('failing', (database) =>
      database.query('select tablename from pg_tables where schemaname = current_schema() order by 1'),
    );
    expect(tables).toEqual([{ tablename: 'first' }, { tablename: 'schema_migrations' }]);
    expect((await run([first, second])).map(({ isNew }) => isNew)).toEqual([false, true]);
  });

  it('refuse to go on when an applied one was changed, before doing anything', async () => {
    const run = (migrations: Migration[]) => migrate(fresh.url('changed'), { schema: 'changed', migrations });
    await run([first]);
    const edited = { ...first, up: `${first.up} -- a harmless comment` };
    const refused = run([edited, second]);
    await expect(refused).rejects.toMatchObject({
      code: 'persistence.migration-changed',
      details: { id: '0001-first' },
    });
    await expect(refused).rejects.toThrow('put it back and add a new one');
    expect((await run([{ ...first, up: first.up.replaceAll('\n', '\r\n') }])).length).toBe(1);
    const tables = await inSchema('changed', (database) =>
      database.query("select 1 from pg_tables where tablename = 'second' and schemaname = 'changed'"),
    );
    expect(tables).toEqual([]);
  });

  it('leave alone what a newer replica applied', async () => {
    await migrate(fresh.url('newer'), { schema: 'newer', migrations: [first, second] });
    expect(await migrate(fresh.url('newer'), { schema: 'newer', migrations: [first] })).toHaveLength(1);
  });

  it('say so when another migrator holds the lock too long', async () => {
    const locked = { schema: 'locked', migrations: [first], lockTimeoutMs: 50 };
    await inSchema('locked', (database) =>
      database.transaction(async (tx) => {
        await tx.query("select pg_advisory_xact_lock(hashtextextended('rackwright.migrate.locked', 0))");
        await expect(migrate(fresh.url('locked'), locked)).rejects.toMatchObject({
          code: 'persistence.migration-locked',
        });
      }),
    );
    await waitFor(() => migrate(fresh.url('locked'), locked));
  });

  it('must have different names', async () => {
    const twice = migrate(fresh.url('plain'), { schema: 'plain', migrations: [first, first] });
    await expect(twice).rejects.toMatchObject({ code: 'persistence.migration-duplicate' });
  });
});
