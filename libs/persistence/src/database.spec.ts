import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freshDatabase, TcpProxy, urlOf, waitFor, type TestDatabase } from '@rackwright/testing';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Database } from './database.js';
import type { DatabaseOptions } from './options.js';
import { withSavepoint } from './savepoint.js';
import { isUniqueViolation, sqlStateOf } from './errors.js';

@Entity('note')
class NoteEntity {
  @PrimaryColumn('text')
  id!: string;

  @Column('text')
  body!: string;
}

let fresh: TestDatabase;
let database: Database;

function options(change: Partial<DatabaseOptions> = {}): DatabaseOptions {
  return {
    url: fresh.url('notes'),
    schema: 'notes',
    applicationName: 'database-spec',
    entities: [NoteEntity],
    ...change,
  };
}

async function bodies(): Promise<string[]> {
  return (await database.query<{ body: string }>('select body from note order by id')).map((row) => row.body);
}

beforeAll(async () => {
  fresh = await freshDatabase('notes');
  database = await Database.open(options());
  await database.query('create table note (id text primary key, body text not null)');
});
afterAll(async () => {
  await database.close();
  await fresh.drop();
});

describe('a transaction', () => {
  it('commits plain SQL, prepared SQL and repositories together', async () => {
    await database.query('truncate note');
    await database.transaction(async (tx) => {
      await tx.query('insert into note values ($1, $2)', ['1', 'plain']);
      await tx.prepared('note-insert', 'insert into note values ($1, $2)', ['2', 'prepared']);
      await tx.manager.save(NoteEntity, { id: '3', body: 'typeorm' });
      const inside = await tx.query<{ count: number }>('select count(*) from note');
      expect(inside).toEqual([{ count: 3 }]);
    });
    expect(await bodies()).toEqual(['plain', 'prepared', 'typeorm']);
  });

  it('rolls all of it back when the work throws', async () => {
    await database.query('truncate note');
    const failed = database.transaction(async (tx) => {
      await tx.manager.save(NoteEntity, { id: '1', body: 'typeorm' });
      await tx.query('insert into note values ($1, $2)', ['2', 'plain']);
      throw new Error('planted');
    });
    await expect(failed).rejects.toThrow('planted');
    expect(await bodies()).toEqual([]);
  });

  it("makes TypeORM's own transactions savepoints inside it", async () => {
    await database.query('truncate note');
    await database.transaction(async (tx) => {
      await tx.query("insert into note values ('1', 'outer')");
      const inner = tx.manager.transaction(async (manager) => {
        await manager.save(NoteEntity, { id: '2', body: 'inner' });
        throw new Error('inner only');
      });
      await expect(inner).rejects.toThrow('inner only');
    });
    expect(await bodies()).toEqual(['outer']);
  });

  it('runs after-commit hooks once it is committed, and not when it is rolled back', async () => {
    await database.query('truncate note');
    const seen: string[] = [];
    await database.transaction(async (tx) => {
      tx.afterCommit(() => seen.push('committed'));
      await tx.query("insert into note values ('1', 'x')");
      expect(seen).toEqual([]);
    });
    await database
      .transaction((tx) => {
        tx.afterCommit(() => seen.push('rolled back'));
        return Promise.reject(new Error('planted'));
      })
      .catch(() => undefined);
    expect(seen).toEqual(['committed']);
  });

  it('stays committed when an after-commit hook throws, and tells who watches', async () => {
    const told: string[] = [];
    const watched = await Database.open(
      options({ onBackgroundError: (error, what) => told.push(`${what}: ${String(error)}`) }),
    );
    await watched.transaction((tx) => {
      tx.afterCommit(() => {
        throw new Error('planted');
      });
      return Promise.resolve();
    });
    expect(told).toEqual(['after-commit hook: Error: planted']);
    await watched.close();
  });

  it('refuses to be used after its end', async () => {
    const leaked = await database.transaction((tx) => Promise.resolve(tx));
    await expect(leaked.query('select 1')).rejects.toMatchObject({ code: 'persistence.transaction-over' });
    expect(() => leaked.manager).toThrow('over');
  });

  it('says that nothing was committed when the work swallowed a failed statement', async () => {
    const swallowed = database.transaction(async (tx) => {
      await tx.query('select * from nowhere').catch(() => undefined);
    });
    await expect(swallowed).rejects.toMatchObject({ code: 'persistence.rolled-back' });
  });

  it('tells a unique violation by constraint, through plain SQL and through TypeORM', async () => {
    await database.query("truncate note; insert into note values ('1', 'x')");
    const plain = await database.query("insert into note values ('1', 'y')").catch((error: unknown) => error);
    const wrapped = await database
      .transaction((tx) => tx.manager.insert(NoteEntity, { id: '1', body: 'y' }))
      .catch((error: unknown) => error);
    for (const error of [plain, wrapped]) {
      expect(isUniqueViolation(error, 'note_pkey')).toBe(true);
      expect(isUniqueViolation(error, 'other')).toBe(false);
      expect(sqlStateOf(error)).toBe('23505');
    }
  });
});

describe('transactions that meet', () => {
  it('run again after a deadlock, and both end committed', async () => {
    await database.query("truncate note; insert into note values ('a', '0'), ('b', '0')");
    const attempts = { first: 0, second: 0 };
    const locked = { first: false, second: false };
    const bump = (name: 'first' | 'second', ids: readonly [string, string]): Promise<void> =>
      database.transaction(async (tx) => {
        attempts[name] += 1;
        await tx.query('update note set body = (body::int + 1)::text where id = $1', [ids[0]]);
        locked[name] = true;
        await waitFor(() => locked.first && locked.second);
        await tx.query('update note set body = (body::int + 1)::text where id = $1', [ids[1]]);
      });
    await Promise.all([bump('first', ['a', 'b']), bump('second', ['b', 'a'])]);
    expect(await bodies()).toEqual(['2', '2']);
    expect(attempts.first + attempts.second).toBeGreaterThan(2);
  });

  it('run again after a serialization conflict found at COMMIT', async () => {
    await database.query("truncate note; insert into note values ('a', '1'), ('b', '1')");
    let attempts = 0;
    const read = { first: false, second: false };
    const writeSkew = (name: 'first' | 'second', id: string): Promise<void> =>
      database.transaction(async (tx) => {
        attempts += 1;
        await tx.query('set transaction isolation level serializable');
        await tx.query('select sum(body::int) from note');
        read[name] = true;
        await waitFor(() => read.first && read.second);
        await tx.query("update note set body = '0' where id = $1", [id]);
      });
    await Promise.all([writeSkew('first', 'a'), writeSkew('second', 'b')]);
    expect(attempts).toBeGreaterThan(2);
    expect(await bodies()).toEqual(['0', '0']);
  });

  it('give up after the attempts allowed', async () => {
    const stubborn = await Database.open(options({ attemptsMax: 2 }));
    let attempts = 0;
    const failing = stubborn.transaction(async (tx) => {
      attempts += 1;
      await tx.query("do $$ begin raise exception 'planted' using errcode = '40001'; end $$");
    });
    await expect(failing).rejects.toMatchObject({ code: '40001' });
    expect(attempts).toBe(2);
    await stubborn.close();
  });
});

describe('a savepoint', () => {
  it('takes back its own part only, when told to or when it throws', async () => {
    await database.query('truncate note');
    await database.transaction(async (tx) => {
      const insert = (id: string) => (): Promise<unknown> => tx.query("insert into note values ($1, 'x')", [id]);
      await withSavepoint(tx, insert('kept'), () => true);
      await withSavepoint(tx, insert('taken back'), () => false);
      await expect(withSavepoint(tx, insert('kept'), () => true)).rejects.toMatchObject({ code: '23505' });
    });
    expect(await database.query('select id from note')).toEqual([{ id: 'kept' }]);
  });
});

describe('prepared statements', () => {
  it('survive a table that changes under them', async () => {
    const one = await Database.open(options({ poolMax: 1 }));
    const read = (): Promise<unknown[]> => one.transaction((tx) => tx.prepared('shape', 'select * from shape', []));
    await one.query('create table shape (a int)');
    await one.query('insert into shape values (1)');
    expect(await read()).toEqual([{ a: 1 }]);
    await one.query('alter table shape add b int');
    expect(await read()).toEqual([{ a: 1, b: null }]);
    await one.close();
  });
});

describe('values', () => {
  it('come back as the types the product computes with', async () => {
    const [row] = await database.query(`select
      9007199254740991::int8 as safe, 9007199254740993::int8 as beyond, array[1, null, 3]::int8[] as many,
      12.50::numeric as exact, 0.1234567890123456789::numeric as long, '2026-03-29 02:30:00+00'::timestamptz as at,
      date '2026-03-29' as day, '{"a":[1]}'::jsonb as doc`);
    expect(row).toEqual({
      safe: 9007199254740991,
      beyond: 9007199254740993n,
      many: [1, null, 3],
      exact: 12.5,
      long: '0.1234567890123456789',
      at: new Date('2026-03-29T02:30:00Z'),
      day: '2026-03-29',
      doc: { a: [1] },
    });
  });
});

describe('limits of a session', () => {
  it('end a statement that takes too long', async () => {
    const hasty = await Database.open(options({ statementTimeoutMs: 50 }));
    const slow = await hasty.query('select pg_sleep(10)').catch((error: unknown) => error);
    expect(sqlStateOf(slow)).toBe('57014');
    expect(await hasty.healthy()).toBe(true);
    await hasty.close();
  });

  it('end a session that falls asleep inside a transaction', async () => {
    const sleepy = await Database.open(options({ idleInTransactionTimeoutMs: 50 }));
    const asleep = sleepy.transaction(async (tx) => {
      const [self] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
      await waitFor(
        async () => (await database.query('select 1 from pg_stat_activity where pid = $1', [self?.pid])).length === 0,
      );
      await tx.query('select 1');
    });
    await expect(asleep).rejects.toMatchObject({ code: 'persistence.connection-lost' });
    expect(await sleepy.healthy()).toBe(true);
    await sleepy.close();
  });

  it('say when every connection stayed busy', async () => {
    const narrow = await Database.open(options({ poolMax: 1, connectTimeoutMs: 100 }));
    await narrow.transaction(async () => {
      await expect(narrow.query('select 1')).rejects.toMatchObject({ code: 'persistence.pool-exhausted' });
    });
    await narrow.close();
  });

  it('are set on every connection, with the search path', async () => {
    const [row] = await database.query(
      "select current_setting('statement_timeout') s, current_setting('idle_in_transaction_session_timeout') i, current_setting('search_path') p, current_setting('application_name') a",
    );
    expect(row).toEqual({ s: '15s', i: '30s', p: '"notes"', a: 'database-spec' });
  });

  it('hold an administrator to the role it was told to take', async () => {
    const { role } = fresh.schema('notes');
    const lowered = await Database.open(options({ url: fresh.adminUrl, role }));
    expect(await lowered.query('select current_user as name')).toEqual([{ name: role }]);
    await lowered.close();
  });
});

describe('a connection that breaks', () => {
  let proxy: TcpProxy;
  let broken: Database;
  beforeAll(async () => {
    proxy = await TcpProxy.start({ targetPort: fresh.port });
    broken = await Database.open(
      options({ url: urlOf(fresh.url('notes'), { port: proxy.port }), connectTimeoutMs: 500 }),
    );
  });
  afterAll(async () => {
    await broken.close();
    await proxy.close();
  });

  it('while COMMIT is in flight leaves the outcome unknown, never failed: here it was committed', async () => {
    await database.query('truncate note');
    const hooks: string[] = [];
    const stop = proxy.onClientData((data, link) => data.includes('COMMIT') && link.loseAnswer());
    const before = proxy.fired.lostAnswers;
    const unknown = broken.transaction(async (tx) => {
      tx.afterCommit(() => hooks.push('ran'));
      await tx.query("insert into note values ('1', 'there')");
    });
    await expect(unknown).rejects.toMatchObject({ code: 'persistence.commit-unknown' });
    stop();
    expect(proxy.fired.lostAnswers).toBe(before + 1);
    expect(hooks).toEqual([]);
    await waitFor(async () => (await bodies()).includes('there'));
  });

  it('before COMMIT reached the server leaves the outcome just as unknown: here it was not committed', async () => {
    await database.query('truncate note');
    let swallowed = 0;
    const stop = proxy.onClientData((data, link) => {
      if (!data.includes('COMMIT')) return;
      swallowed += 1;
      link.cut();
    });
    const unknown = broken.transaction((tx) => tx.query("insert into note values ('1', 'gone')"));
    await expect(unknown).rejects.toMatchObject({ code: 'persistence.commit-unknown' });
    stop();
    expect(swallowed).toBe(1);
    expect(await bodies()).toEqual([]);
  });

  it('before COMMIT was sent says that nothing was committed', async () => {
    await database.query('truncate note');
    const lost = broken.transaction(async (tx) => {
      await tx.query("insert into note values ('1', 'gone')");
      proxy.cutAll();
      await tx.query('select 1');
    });
    await expect(lost).rejects.toMatchObject({ code: 'persistence.connection-lost' });
    expect(await bodies()).toEqual([]);
  });

  it('in the middle of the work, its error swallowed there, is no unknown outcome either', async () => {
    await database.query('truncate note');
    const lost = broken.transaction(async (tx) => {
      await tx.query("insert into note values ('1', 'gone')");
      proxy.cutAll();
      await expect(tx.query('select 1')).rejects.toThrow();
    });
    await expect(lost).rejects.toMatchObject({ code: 'persistence.connection-lost' });
    expect(await bodies()).toEqual([]);
  });

  it('under a statement outside of a transaction leaves its outcome unknown: here it took effect', async () => {
    await database.query('truncate note');
    const before = proxy.fired.lostAnswers;
    const stop = proxy.onClientData((data, link) => data.includes('insert') && link.loseAnswer());
    const unknown = broken.query("insert into note values ('1', 'there')");
    await expect(unknown).rejects.toMatchObject({ code: 'persistence.commit-unknown' });
    stop();
    expect(proxy.fired.lostAnswers).toBe(before + 1);
    await waitFor(async () => (await bodies()).includes('there'));
  });

  it('is healthy again as soon as the server can be reached', async () => {
    proxy.block();
    expect(await broken.healthy()).toBe(false);
    await expect(broken.query('select 1')).rejects.toMatchObject({ code: 'persistence.unreachable' });
    proxy.restore();
    expect(await broken.healthy()).toBe(true);
  });
});

describe('closing', () => {
  it('cuts what does not end in time, and takes nothing new', async () => {
    const closing = await Database.open(options());
    const endless = closing.query('select pg_sleep(60)').catch((error: unknown) => error);
    await waitFor(() => closing.poolUse.total - closing.poolUse.idle === 1);
    await closing.close(50);
    expect(await endless).toMatchObject({ code: 'persistence.commit-unknown' });
    await expect(closing.query('select 1')).rejects.toMatchObject({ code: 'persistence.closed' });
    await closing.close();
  });
});

describe('opening', () => {
  it('says that nothing listens there', async () => {
    const url = 'postgres://someone:secret@127.0.0.1:1/rackwright';
    const failed = Database.open({ url, schema: 'x', applicationName: 'x' });
    await expect(failed).rejects.toMatchObject({ code: 'persistence.unreachable' });
    await expect(failed).rejects.toThrow('cannot reach PostgreSQL at 127.0.0.1:1/rackwright as someone');
    await expect(failed).rejects.not.toThrow('secret');
  });

  it('says that the password is wrong', async () => {
    const failed = Database.open(options({ url: urlOf(fresh.url('notes'), { password: 'wrong' }) }));
    await expect(failed).rejects.toMatchObject({ code: 'persistence.wrong-password' });
  });

  it('says that the database does not exist', async () => {
    const failed = Database.open(options({ url: urlOf(fresh.url('notes'), { database: 'nowhere' }) }));
    await expect(failed).rejects.toMatchObject({ code: 'persistence.missing-database' });
    await expect(failed).rejects.toThrow('"nowhere" does not exist');
  });
});
