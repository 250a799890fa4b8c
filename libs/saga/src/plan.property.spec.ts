import { describe, expect, it } from '@jest/globals';
import { defineCommand, type Outcome } from '@rackwright/contracts';
import { ManualClock } from '@rackwright/kernel';
import fc from 'fast-check';
import { z } from 'zod';

import {
  checkDefinition,
  planNext,
  replayHistory,
  SagaEngine,
  SagaRegistry,
  unitKey,
  type CommandToSend,
  type JournalRow,
  type SagaDefinition,
  type StepDefinition,
  type UndoDefinition,
} from './index.js';
import { forwardOnlyStageOf, turnStageOf } from './definition.js';
import { MemoryJournalStore } from './testing/index.js';

const act = defineCommand({
  service: 'inventory',
  name: 'act',
  summary: 'Act',
  input: z.object({}),
  result: z.object({ epoch: z.number() }),
});
const SAGA = 'run_1';

interface StepShape {
  readonly fan: number | undefined;
  readonly skipped: boolean;
  readonly undoable: boolean;
  readonly oneByOne: boolean;
  readonly attempts: number;
  readonly patient: boolean;
}

interface Shape {
  readonly stages: readonly (readonly StepShape[])[];
  readonly point: number | undefined;
  readonly turn: number | undefined;
  readonly turnStages: readonly (readonly StepShape[])[];
}

const stepShape: fc.Arbitrary<StepShape> = fc.record({
  fan: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined, freq: 3 }),
  skipped: fc.boolean().map((value) => value),
  undoable: fc.boolean(),
  oneByOne: fc.boolean(),
  attempts: fc.integer({ min: 1, max: 3 }),
  patient: fc.boolean(),
});
const stagesShape = fc.array(fc.array(stepShape, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 });
const shape: fc.Arbitrary<Shape> = fc.record({
  stages: stagesShape,
  point: fc.option(fc.nat(4), { nil: undefined }),
  turn: fc.option(fc.nat(3), { nil: undefined }),
  turnStages: stagesShape,
});

function stepFrom(name: string, given: StepShape, kind: 'plain' | 'turn' | 'forward-only'): StepDefinition {
  const retry = { attempts: given.attempts, backoffMs: 100, backoffMaxMs: 1_000 };
  const undo: UndoDefinition =
    kind !== 'plain'
      ? { kind }
      : given.undoable
        ? { kind: 'command', command: act, input: () => ({}), policy: { deadlineMs: 1_000, retry } }
        : { kind: 'none', why: 'random' };
  return {
    name,
    command: act,
    input: () => ({}),
    undo,
    policy: {
      deadlineMs: 1_000,
      retry,
      onRefused: given.patient ? 'retry' : 'go-back',
      onUnknown: given.patient ? 'stuck' : 'go-back',
    },
    summary: name,
    ...(given.oneByOne && { atMost: () => 1 }),
    noMarkDone: false,
    ...(given.skipped && { when: () => false }),
    ...(given.fan !== undefined && {
      forEach: () => Array.from({ length: given.fan ?? 0 }, (_, index) => `i${index}`),
    }),
  };
}

function definitionOf({ stages, point, turn, turnStages }: Shape): SagaDefinition {
  const pointOfNoReturn = point === undefined ? undefined : Math.min(point, stages.length);
  const turnFrom = turn !== undefined && turn < (pointOfNoReturn ?? stages.length) ? turn : undefined;
  const kindAt = (index: number) =>
    index >= (pointOfNoReturn ?? stages.length)
      ? 'forward-only'
      : turnFrom !== undefined && index >= turnFrom
        ? 'turn'
        : 'plain';
  const raise: StepDefinition = {
    ...stepFrom(
      'raise-again',
      { fan: undefined, skipped: false, undoable: false, oneByOne: false, attempts: 2, patient: true },
      'plain',
    ),
    raisesEpoch: (result) => (result as { epoch: number }).epoch,
  };
  const back = turnStages.map((stage, s) => stage.map((step, k) => stepFrom(`turn-${s}-${k}`, step, 'plain')));
  return checkDefinition({
    name: 'random',
    version: 1,
    input: z.unknown(),
    stages: stages.map((stage, s) => stage.map((step, k) => stepFrom(`step-${s}-${k}`, step, kindAt(s)))),
    ...(pointOfNoReturn !== undefined && { pointOfNoReturn }),
    ...(turnFrom !== undefined && { turn: { from: `step-${turnFrom}-0`, stages: [[raise], ...back] } }),
  });
}

/** One thing that happens to the saga; numbers pick among what is in flight. */
const happening = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      pick: fc.nat(9),
      how: fc.constantFrom('done' as const, 'done' as const, 'done' as const, 'refused' as const, 'unknown' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), pick: fc.nat(99) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 3_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('cancel' as const, 'crash' as const, 'recover' as const, 'retry' as const),
    }),
  },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

class Run {
  readonly store = new MemoryJournalStore();
  readonly clock = new ManualClock();
  /** All commands, and those that were answered. */
  readonly commands: CommandToSend[] = [];
  private readonly sent: CommandToSend[] = [];
  private epoch = 0;
  private engine: SagaEngine<Parameters<MemoryJournalStore['lock']>[0]>;

  constructor(private readonly definition: SagaDefinition) {
    this.engine = this.boot();
  }

  private boot() {
    const { store, clock } = this;
    const send: MemoryJournalStore['send'] = (tx, commands) => {
      this.commands.push(...commands);
      return store.send(tx, commands);
    };
    return new SagaEngine({ registry: new SagaRegistry([this.definition]), store, sender: { send }, clock });
  }

  get journal(): readonly JournalRow[] {
    return this.store.journal(SAGA);
  }

  async start(): Promise<void> {
    await this.engine.start({ sagaId: SAGA, definition: this.definition, input: {} });
  }

  async happen(what: Happening): Promise<void> {
    if (what.do === 'answer')
      await this.answer(this.store.outbox.splice(what.pick % (this.store.outbox.length || 1), 1)[0], what.how);
    if (what.do === 'repeat') await this.answer(this.sent[what.pick % (this.sent.length || 1)], 'done');
    if (what.do === 'time') {
      await this.clock.advance(what.ms);
      await this.engine.tick();
    }
    if (what.do === 'cancel') await this.engine.cancel(SAGA, { actor: 'fc', reason: 'random' });
    if (what.do === 'retry') await this.engine.operate(SAGA, { verb: 'retry', actor: 'fc', reason: 'random' });
    if (what.do === 'crash') this.engine = this.boot();
    if (what.do === 'recover') await this.engine.recover();
  }

  async finish(): Promise<void> {
    for (let turn = 0; this.store.head(SAGA)?.status === 'open'; turn++) {
      if (turn > 2_000) throw new Error('never comes to rest');
      await this.happen(
        this.store.outbox.length > 0 ? { do: 'answer', pick: 0, how: 'done' } : { do: 'time', ms: 1_001 },
      );
    }
  }

  private async answer(sent: CommandToSend | undefined, kind: Outcome['kind']): Promise<void> {
    if (sent === undefined) return;
    this.sent.push(sent);
    const result = { epoch: ++this.epoch };
    const outcome: Outcome = kind === 'done' ? { kind, result } : { kind, code: 'random', message: 'random' };
    await this.engine.onOutcomes([{ key: sent.key, outcome }]);
  }
}

function keyOfRow(row: JournalRow): string {
  return 'step' in row ? `${row.step}/${'item' in row ? (row.item ?? '') : ''}` : '';
}

function sentKeyOf(row: JournalRow): string[] {
  if (row.event !== 'step-sent' && row.event !== 'undo-sent') return [];
  const { step, item, epoch, attempt } = row;
  return [
    `${unitKey({ step, undo: row.event === 'undo-sent', ...(item !== undefined && { item }) })} ${epoch} ${attempt}`,
  ];
}

function stageIndex(definition: SagaDefinition, step: string): number {
  return definition.stages.findIndex((stage) => stage.some(({ name }) => name === step));
}

/** Everything a journal must never show. */
function assertJournal(definition: SagaDefinition, journal: readonly JournalRow[]): void {
  const done = new Set<string>();
  const undone = new Set<string>();
  const mayHaveEffect = new Set<string>();
  let isPastPoint = false;
  let isGoingBack = false;
  for (const row of journal) {
    const key = keyOfRow(row);
    if (row.event === 'step-sent') {
      expect(done).not.toContain(key);
      if (stageIndex(definition, row.step) >= 0) expect(isGoingBack).toBe(false);
      if (stageIndex(definition, row.step) >= forwardOnlyStageOf(definition))
        expect(isPastPoint || definition.pointOfNoReturn === undefined).toBe(true);
    }
    if (row.event === 'step-done') done.add(key);
    if (row.event === 'step-done' || row.event === 'step-unknown') mayHaveEffect.add(key);
    if (row.event === 'undo-done') undone.add(key);
    if (row.event === 'point-of-no-return') isPastPoint = true;
    if (row.event === 'going-back' || row.event === 'turned') {
      isGoingBack = true;
      const turnPart = [...mayHaveEffect].some(
        (unit) => stageIndex(definition, unit.split('/')[0] ?? '') >= turnStageOf(definition),
      );
      expect(row.event).toBe(turnPart ? 'turned' : 'going-back');
    }
    if (isGoingBack) expect(isPastPoint).toBe(false);
    if (row.event === 'undo-sent') {
      expect(mayHaveEffect).toContain(key);
      expect(undone).not.toContain(key);
      assertNothingAfterIsLeft(definition, stageIndex(definition, row.step), mayHaveEffect, undone);
    }
  }
}

function assertNothingAfterIsLeft(
  definition: SagaDefinition,
  stage: number,
  acted: Set<string>,
  undone: Set<string>,
): void {
  for (const unit of acted) {
    const name = unit.split('/')[0] ?? '';
    const index = stageIndex(definition, name);
    const step = definition.stages[index]?.find((candidate) => candidate.name === name);
    if (index > stage && step?.undo.kind === 'command') expect(undone).toContain(unit);
  }
}

describe('planNext, for random sagas and random happenings', () => {
  it('keeps every promise of the journal, whatever happens in whatever order', async () => {
    const ends = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(shape, fc.array(happening, { maxLength: 60 }), async (given, happenings) => {
        const definition = definitionOf(given);
        const run = new Run(definition);
        await run.start();
        for (const what of happenings) await run.happen(what);
        await run.finish();
        const status = run.store.head(SAGA)?.status ?? 'none';
        ends.set(status, (ends.get(status) ?? 0) + 1);
        expect(['done', 'undone', 'stuck']).toContain(status);
        assertJournal(definition, run.journal);
        expect(() => replayHistory(definition, { sagaId: SAGA, rows: run.journal })).not.toThrow();
      }),
      { numRuns: 400 },
    );
    // The property says nothing about an end that random happenings never reach.
    expect([...ends.keys()].sort()).toEqual(['done', 'stuck', 'undone']);
  });

  it('decides the same again for any prefix, and puts the epoch of the journal and a new attempt into every message key', async () => {
    await fc.assert(
      fc.asyncProperty(shape, fc.array(happening, { maxLength: 40 }), async (given, happenings) => {
        const definition = definitionOf(given);
        const run = new Run(definition);
        await run.start();
        for (const what of happenings) await run.happen(what);
        run.journal.slice(1).forEach((row, index) => {
          const journal = { sagaId: SAGA, rows: run.journal.slice(0, index + 1) };
          const now = new Date(row.at);
          expect(planNext(definition, journal, now)).toEqual(planNext(definition, journal, now));
        });
        const keys = run.commands.map(({ key }) => `${key.step} ${key.epoch} ${key.attempt}`);
        expect(new Set(keys).size).toBe(keys.length);
        expect(keys).toEqual(run.journal.flatMap((row) => sentKeyOf(row)));
      }),
      { numRuns: 100 },
    );
  });
});
