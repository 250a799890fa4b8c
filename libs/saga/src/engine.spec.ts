import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '@rackwright/contracts';
import { AppError, ManualClock } from '@rackwright/kernel';

import { SagaEngine, SagaRegistry, type SagaDefinition, type SagaEngineOptions } from './index.js';
import { exampleMove } from './testing/example-move.saga.js';
import { MemoryJournalStore, type MemoryTx } from './testing/index.js';

const INPUT = { profileId: 'prf_1', formerServers: ['srv_a'], fabrics: [], warn: false };
const RESULTS: Readonly<Record<string, unknown>> = { 'reserve-target': { serverId: 'srv_t' } };
const BY = { actor: 'ada', reason: 'test' };

function aCoordinator(options: Partial<SagaEngineOptions<MemoryTx>> = {}) {
  const store = new MemoryJournalStore();
  const clock = new ManualClock();
  const engine = new SagaEngine({ registry: new SagaRegistry([exampleMove]), store, sender: store, clock, ...options });
  let epoch = 0;
  const start = (sagaId: string) => engine.start({ sagaId, definition: exampleMove, input: INPUT, actor: 'ada' });
  const take = (outcome?: Outcome) =>
    store.outbox.splice(0).map(({ key }) => {
      const result = key.step.startsWith('raise') ? { epoch: ++epoch } : (RESULTS[key.step] ?? {});
      return { key, outcome: outcome ?? ({ kind: 'done', result } as const) };
    });
  const answer = async (outcome?: Outcome) => engine.onOutcomes(take(outcome));
  const runTo = async (step: string) => {
    while (!store.outbox.some(({ key }) => key.step.startsWith(step))) await answer();
  };
  const events = (sagaId: string) =>
    store.journal(sagaId).map((row) => `${row.event}${'step' in row ? ` ${row.step}` : ''}`);
  return { store, clock, engine, start, take, answer, runTo, events };
}

const REFUSED: Outcome = { kind: 'refused', code: 'no', message: 'no' };

describe('SagaEngine', () => {
  it('starts a saga once, however often it is asked', async () => {
    const { start, store } = aCoordinator();
    await start('run_1');
    await start('run_1');
    expect(store.outbox.map(({ key }) => key)).toEqual([
      { sagaId: 'run_1', step: 'reserve-target', epoch: 0, attempt: 1 },
    ]);
    expect(store.outbox[0]?.actor).toBe('ada');
  });

  it('refuses an input that its schema refuses, and a saga it has no code for', async () => {
    const { engine } = aCoordinator();
    const input = { ...INPUT, fabrics: 3 } as unknown as typeof INPUT;
    await expect(engine.start({ sagaId: 'run_1', definition: exampleMove, input })).rejects.toMatchObject({
      code: 'saga.input-invalid',
    });
    const definition = { ...exampleMove, version: 9 };
    await expect(engine.start({ sagaId: 'run_1', definition, input: INPUT })).rejects.toMatchObject({
      code: 'saga.unknown-definition',
    });
  });

  it('advances many sagas in one transaction with one append and one send', async () => {
    const store = new MemoryJournalStore();
    const appends: number[] = [];
    const sends: number[] = [];
    const clock = new ManualClock();
    const engine = new SagaEngine({
      registry: new SagaRegistry([exampleMove]),
      store,
      clock,
      sender: {
        send: (tx, commands) => {
          sends.push(commands.length);
          return store.send(tx, commands);
        },
      },
      listener: {
        changed: (_tx, changes) => {
          appends.push(changes.length);
          return Promise.resolve();
        },
      },
    });
    for (let index = 0; index < 50; index++)
      await engine.start({ sagaId: `run_${index}`, definition: exampleMove, input: INPUT });
    const outcomes = store.outbox
      .splice(0)
      .map(({ key }) => ({ key, outcome: { kind: 'done' as const, result: { serverId: 's' } } }));
    await engine.onOutcomes(outcomes);
    expect([appends.at(-1), sends.at(-1)]).toEqual([50, 50]);
  });

  it('takes part in the transaction of its caller, and forgets what that rolls back', async () => {
    const { engine, store, start, take, events } = aCoordinator();
    await start('run_1');
    const outcomes = take();
    const rolledBack = store.transaction(async (tx) => {
      await engine.onOutcomes(outcomes, tx);
      throw new Error('the caller failed');
    });
    await expect(rolledBack).rejects.toThrow('the caller failed');
    expect(events('run_1')).toEqual(['started', 'step-sent reserve-target']);
    expect(await engine.onOutcomes(outcomes)).toEqual({ applied: 1, ignored: [] });
    expect(events('run_1').slice(2)).toEqual(['step-done reserve-target', 'step-sent raise-epoch']);
  });

  it('ignores outcomes that are repeated, late, or of no saga, and says so', async () => {
    const { engine, clock, start, take } = aCoordinator();
    await start('run_1');
    const [first] = take();
    if (!first) throw new Error('nothing was sent');
    await clock.advance(60_000);
    await engine.tick();
    await clock.advance(500);
    await engine.tick();
    const stranger = { ...first, key: { ...first.key, sagaId: 'run_9' } };
    const [second] = take();
    if (!second) throw new Error('nothing was sent again');
    const report = await engine.onOutcomes([first, stranger, second, second]);
    expect(report.applied).toBe(1);
    expect(report.ignored.map(({ reason }) => reason)).toEqual([
      'not-the-latest-attempt',
      'no-such-saga',
      'already-settled',
    ]);
  });

  it('ignores an outcome of another epoch than its attempt was sent in', async () => {
    const { engine, start, take } = aCoordinator();
    await start('run_1');
    const stale = take().map(({ key, outcome }) => ({ key: { ...key, epoch: key.epoch + 1 }, outcome }));
    expect(await engine.onOutcomes(stale)).toMatchObject({
      applied: 0,
      ignored: [{ reason: 'not-the-latest-attempt' }],
    });
  });

  it('tries its own transaction again after a conflict, and leaves that to the caller in a transaction of theirs', async () => {
    const { engine, store, start, take, events } = aCoordinator();
    await start('run_1');
    const outcomes = take();
    const append = store.append.bind(store);
    let conflicts = 2;
    store.append = (tx, changes) => {
      if (conflicts-- > 0) throw new AppError('saga.conflict', 'planted');
      return append(tx, changes);
    };
    await expect(store.transaction((tx) => engine.onOutcomes(outcomes, tx))).rejects.toMatchObject({
      code: 'saga.conflict',
    });
    expect((await engine.onOutcomes(outcomes)).applied).toBe(1);
    expect([conflicts, events('run_1').length]).toEqual([-1, 4]);
  });

  it('sends a step again under a new attempt after its deadline, and never takes silence for success', async () => {
    const { engine, clock, store, start, events } = aCoordinator();
    await start('run_1');
    store.outbox.length = 0;
    expect(store.head('run_1')?.dueAt).toEqual(new Date(clock.now().getTime() + 60_000));
    await clock.advance(60_000);
    await engine.tick();
    expect(store.outbox).toEqual([]);
    await clock.advance(500);
    await engine.tick();
    expect(store.outbox.map(({ key }) => key.attempt)).toEqual([2]);
    expect(events('run_1')).toEqual([
      'started',
      'step-sent reserve-target',
      'step-unknown reserve-target',
      'step-sent reserve-target',
    ]);
  });

  it('takes a result that does not fit the contract for unknown', async () => {
    const { engine, start, take, events } = aCoordinator();
    await start('run_1');
    await engine.onOutcomes(take({ kind: 'done', result: { server: 'wrong' } }));
    expect(events('run_1').at(-1)).toBe('step-unknown reserve-target');
  });

  it('carries the raised epoch in every later message key', async () => {
    const { start, store, runTo } = aCoordinator();
    await start('run_1');
    await runTo('fence-former');
    expect(store.outbox.map(({ key }) => `${key.step} ${key.epoch}`)).toEqual(['fence-former[srv_a] 1']);
  });

  it('takes an epoch that did not rise for unknown', async () => {
    const { engine, start, answer, take, store } = aCoordinator();
    await start('run_1');
    await answer();
    await engine.onOutcomes(take({ kind: 'done', result: { epoch: 0 } }));
    expect(store.journal('run_1').at(-1)).toMatchObject({
      event: 'step-unknown',
      data: { code: 'saga.epoch-did-not-rise' },
    });
  });

  it('makes a saga stuck that it has no code for, with the reason, and goes on when it gets the code', async () => {
    const { store, clock, start } = aCoordinator();
    await start('run_1');
    const stranger = new SagaEngine({ registry: new SagaRegistry(), store, sender: store, clock });
    await stranger.recover();
    expect(store.journal('run_1').at(-1)).toMatchObject({ event: 'stuck', data: { code: 'saga.unknown-definition' } });
    const engine = new SagaEngine({ registry: new SagaRegistry([exampleMove]), store, sender: store, clock });
    expect(await engine.operate('run_1', { verb: 'retry', ...BY })).toEqual({ kind: 'accepted' });
    expect(store.head('run_1')?.status).toBe('open');
  });

  it('makes one saga stuck whose code throws, and advances the others of the batch', async () => {
    const broken: SagaDefinition = {
      ...exampleMove,
      name: 'broken',
      stages: exampleMove.stages.map((stage, index) =>
        index === 0 ? stage : stage.map((step) => ({ ...step, when: throws })),
      ),
    } as SagaDefinition;
    const { engine, start, take, store } = aCoordinator({ registry: new SagaRegistry([exampleMove, broken]) });
    await start('run_1');
    await engine.start({ sagaId: 'run_2', definition: broken, input: INPUT });
    await engine.onOutcomes(take());
    expect(store.heads().map(({ status }) => status)).toEqual(['open', 'stuck']);
    expect(store.journal('run_2').at(-1)).toMatchObject({ data: { code: 'saga.definition-threw', reason: 'planted' } });
  });

  it('waits for what is in flight before a cancelled saga goes back', async () => {
    const { engine, start, answer, events } = aCoordinator();
    await start('run_1');
    expect(await engine.cancel('run_1', BY)).toEqual({ kind: 'accepted' });
    expect(events('run_1').at(-1)).toBe('cancelled');
    await answer();
    expect(events('run_1').slice(-3)).toEqual(['step-done reserve-target', 'going-back', 'undo-sent reserve-target']);
  });

  it('undoes nothing when the only step was refused', async () => {
    const { start, answer, events } = aCoordinator();
    await start('run_1');
    await answer(REFUSED);
    expect(events('run_1').slice(-3)).toEqual(['step-refused reserve-target', 'going-back', 'ended']);
  });

  it('refuses to cancel after the point of no return, with the reason', async () => {
    const { engine, start, runTo } = aCoordinator();
    await start('run_1');
    await runTo('commit-move');
    expect(await engine.cancel('run_1', BY)).toMatchObject({ kind: 'refused', code: 'saga.past-point-of-no-return' });
  });

  it('keeps no saga busy that another process advances at the same time', async () => {
    const { store, clock, start, take, engine } = aCoordinator();
    const other = new SagaEngine({ registry: new SagaRegistry([exampleMove]), store, sender: store, clock });
    await start('run_1');
    const outcomes = take();
    const reports = await Promise.all([
      engine.onOutcomes(outcomes),
      other.onOutcomes(outcomes),
      other.tick(),
      engine.recover(),
    ]);
    expect(reports.slice(0, 2)).toMatchObject([{ applied: 1 }, { applied: 0 }]);
    expect(store.outbox.map(({ key }) => key.step)).toEqual(['raise-epoch']);
  });
});

function throws(): boolean {
  throw new Error('planted');
}
