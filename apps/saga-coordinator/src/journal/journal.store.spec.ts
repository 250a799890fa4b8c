import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@rackwright/kernel';
import { Database, migrate, type Tx } from '@rackwright/persistence';
import {
  SagaEngine,
  SagaRegistry,
  type CommandToSend,
  type JournalRow,
  type JournalStore,
  type SagaChange,
} from '@rackwright/saga';
import { MemoryJournalStore, type MemoryTx } from '@rackwright/saga/testing';
import { freshDatabase, type TestDatabase } from '@rackwright/testing';
import { CrashAt } from '../engine/crash-at.js';
import { PgJournalStore } from './journal.store.js';
import { sagaCoordinatorMigrations } from '../saga-coordinator.migrations.js';
import { smallSaga } from '../testing/small-book.js';

const NOW = new Date('2026-01-01T00:00:00Z');

let databases: TestDatabase;
let database: Database;

beforeAll(async () => {
  databases = await freshDatabase('saga-coordinator');
  const url = databases.url('saga-coordinator');
  await migrate(url, { schema: 'saga-coordinator', migrations: sagaCoordinatorMigrations });
  database = await Database.open({ url, schema: 'saga-coordinator', applicationName: 'spec' });
}, 60_000);
afterEach(() => database.query('TRUNCATE saga_heads, saga_journal'));
afterAll(async () => {
  await database.close();
  await databases.drop();
});

function row(sequence: number, more: Partial<JournalRow> = {}): JournalRow {
  const base = { sequence, event: 'step-skipped', step: `s${sequence}`, at: NOW.toISOString(), epoch: 0, attempt: 1 };
  return { ...base, ...more } as JournalRow;
}

function change(sagaId: string, expectedSequence: number, rows: readonly JournalRow[], dueAt?: Date): SagaChange {
  const sequence = expectedSequence + rows.length;
  const head = { sagaId, saga: 'small', version: 1, status: 'open' as const, epoch: 0, sequence, dueAt };
  return { head, expectedSequence, rows };
}

/** What every journal store must do; the memory store is held to the same. */
function describeStore<T>(name: string, make: () => JournalStore<T>): void {
  describe(`${name} journals`, () => {
    const read = (store: JournalStore<T>, ids: string[], known: [string, number][] = []) =>
      store.transaction((tx) => store.lock(tx, ids, new Map(known)));
    const append = (store: JournalStore<T>, ...changes: SagaChange[]) =>
      store.transaction((tx) => store.append(tx, changes));

    it('give back what was appended, after the row already known, leaving out ids that do not exist', async () => {
      const store = make();
      const sent = row(2, {
        event: 'step-sent',
        step: 'a',
        item: 'srv_1',
        attempt: 3,
        data: { dueAt: 'x', summary: 'y' },
      } as never);
      await append(store, change('run_b', 0, [row(1), sent]), change('run_a', 0, [row(1)], NOW));
      const all = await read(store, ['run_a', 'run_b', 'run_c']);
      expect(all.map(({ head }) => [head.sagaId, head.sequence, head.dueAt])).toEqual([
        ['run_a', 1, NOW],
        ['run_b', 2, undefined],
      ]);
      expect(all[1]?.rows).toEqual([row(1), sent]);
      expect((await read(store, ['run_b'], [['run_b', 1]]))[0]?.rows).toEqual([sent]);
    });

    it('refuse a change on another sequence, a second start and anything in the same transaction', async () => {
      const store = make();
      await append(store, change('run_a', 0, [row(1)]), change('run_b', 0, [row(1)]));
      await expect(append(store, change('run_a', 0, [row(1)]))).rejects.toMatchObject({ code: 'saga.conflict' });
      await expect(append(store, change('run_b', 1, [row(2)]), change('run_a', 5, [row(6)]))).rejects.toMatchObject({
        code: 'saga.conflict',
      });
      expect((await read(store, ['run_a', 'run_b'])).map(({ head }) => head.sequence)).toEqual([1, 1]);
    });

    it('name what is due, earliest first, and what is open, in pages', async () => {
      const store = make();
      const at = (ms: number) => new Date(NOW.getTime() + ms);
      await append(
        store,
        change('run_a', 0, [row(1)], at(-1)),
        change('run_b', 0, [row(1)], at(-2)),
        change('run_c', 0, [row(1)], at(1)),
        change('run_d', 0, [row(1)]),
      );
      expect(await store.transaction((tx) => store.due(tx, NOW, 10))).toEqual(['run_b', 'run_a']);
      expect(await store.transaction((tx) => store.open(tx, undefined, 3))).toEqual(['run_a', 'run_b', 'run_c']);
      expect(await store.transaction((tx) => store.open(tx, 'run_c', 3))).toEqual(['run_d']);
    });

    it('run hooks after a commit and not after a rollback', async () => {
      const store = make();
      const ran: string[] = [];
      await store.transaction(async (tx) => store.afterCommit(tx, () => ran.push('committed')));
      const failed = store.transaction(async (tx) => {
        store.afterCommit(tx, () => ran.push('rolled back'));
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(ran).toEqual(['committed']);
    });
  });
}

describeStore<MemoryTx>('memory', () => new MemoryJournalStore());
describeStore<Tx>('PostgreSQL', () => new PgJournalStore(database));

/** Commands land in a table of the same transaction, as an outbox does. */
function anEngine(crash?: string) {
  const store = new PgJournalStore(database);
  const outbox: CommandToSend[] = [];
  const sender = {
    send: (tx: Tx, commands: readonly CommandToSend[]) => {
      tx.afterCommit(() => outbox.push(...commands));
      return Promise.resolve();
    },
  };
  const fired: string[] = [];
  const die = (): void => {
    fired.push(crash ?? '');
    throw new Error('the process is gone');
  };
  const engine = new SagaEngine<Tx>({
    registry: new SagaRegistry([smallSaga]),
    store,
    sender,
    clock: new ManualClock(NOW),
    ...(crash !== undefined && { crashPoints: new CrashAt(crash, die) }),
  });
  return { engine, outbox, fired, store };
}

const start = { sagaId: 'run_x', definition: smallSaga, input: { name: 'a', site: 'b' }, actor: 'alice' };
const done = (command: CommandToSend) => ({
  key: command.key,
  outcome: { kind: 'done' as const, result: { changed: true } },
});

describe('engines on one database', () => {
  it('start a saga once when two are asked at the same time', async () => {
    const [left, right] = [anEngine(), anEngine()];
    await Promise.all([left.engine.start(start), right.engine.start(start)]);
    expect([...left.outbox, ...right.outbox].map(({ key }) => key.step)).toEqual(['make-site']);
  });

  it('take an outcome once when both get it', async () => {
    const [left, right] = [anEngine(), anEngine()];
    await left.engine.start(start);
    const outcomes = left.outbox.splice(0).map(done);
    const reports = await Promise.all([left.engine.onOutcomes(outcomes), right.engine.onOutcomes(outcomes)]);
    expect(reports.map(({ applied }) => applied).sort()).toEqual([0, 1]);
    expect([...left.outbox, ...right.outbox].map(({ key }) => key.step)).toEqual(['make-server']);
  });

  it('carry on from a state they remember although the other one moved the saga', async () => {
    const [left, right] = [anEngine(), anEngine()];
    await left.engine.start(start);
    await right.engine.onOutcomes(left.outbox.splice(0).map(done));
    const serverId = 'srv_01890000-0000-7000-8000-000000000001';
    const [second] = right.outbox.splice(0);
    if (!second) throw new Error('nothing was sent');
    await left.engine.onOutcomes([{ key: second.key, outcome: { kind: 'done', result: { serverId, changed: true } } }]);
    expect(left.outbox.map(({ key }) => key.step)).toEqual(['make-pool']);
    const events = (await left.store.journal('run_x')).map(({ sequence, event }) => `${sequence} ${event}`);
    expect(events).toEqual(['1 started', '2 step-sent', '3 step-done', '4 step-sent', '5 step-done', '6 step-sent']);
  });

  it.each(['after-append:started', 'before-send:step-sent', 'after-send:step-sent:make-site'])(
    'leave nothing behind when one dies at %s, and the next one starts it',
    async (point) => {
      const dead = anEngine(point);
      await expect(dead.engine.start(start)).rejects.toThrow('the process is gone');
      expect(dead.fired).toHaveLength(1);
      expect(await dead.store.journal('run_x')).toEqual([]);
      const next = anEngine();
      await next.engine.start(start);
      expect(next.outbox).toHaveLength(1);
    },
  );
});
