import { describe, expect, it } from '@jest/globals';
import { coordinator } from '@rackwright/contracts';
import type { JournalFact, JournalRow, SagaChange, SagaStatus } from '@rackwright/saga';
import { migrateProfile } from '@rackwright/saga-catalog';
import type { SagaDefinition } from '@rackwright/saga';
import { NO_PROGRESS, verbsOf } from './run-progress.policy.js';
import { follow } from './run.listener.js';
import { stepsOfRun } from './run-steps.policy.js';
import { vouchedResult } from './run-verbs.service.js';
import type { RunRow } from './run.store.js';

const DEFINITION = migrateProfile as unknown as SagaDefinition;
const RUN = 'run_01890000-0000-7000-8000-000000000001';
const START = Date.parse('2026-01-01T00:00:00Z');

/** A run whose journal grows by what a test says, one second per row. */
class Story {
  readonly rows: JournalRow[] = [];
  run: RunRow = {
    id: RUN,
    plan_id: null,
    saga: DEFINITION.name,
    version: DEFINITION.version,
    title: 'migrate mail-1',
    actor: 'alice',
    profile_id: null,
    server_ids: [],
    started_at: new Date(START),
    ended_at: null,
    state: 'running',
    reason: null,
    past_no_return: false,
    trace_id: null,
    progress: NO_PROGRESS,
  };

  /** Appends facts in one change; returns the names of the events told, each proven to fit its contract. */
  tell(status: SagaStatus, ...facts: (JournalFact | (JournalFact & { epoch: number }))[]): string[] {
    const rows = facts.map((fact, index) => {
      const sequence = this.rows.length + index + 1;
      const at = new Date(START + sequence * 1_000).toISOString();
      return { epoch: 1, attempt: 1, ...fact, sequence, at } as JournalRow;
    });
    this.rows.push(...rows);
    const head = {
      sagaId: RUN,
      saga: this.run.saga,
      version: 1,
      status,
      epoch: 1,
      sequence: this.rows.length,
      dueAt: undefined,
    };
    const change: SagaChange = { head, expectedSequence: this.rows.length - rows.length, rows };
    const { run, events } = follow(this.run, change, DEFINITION);
    this.run = run;
    return events.map(({ event, data }) => (event.data.parse(data), event.name));
  }

  step(name: string) {
    return stepsOfRun(DEFINITION, RUN, this.rows).find(({ step }) => step === name);
  }
}

const ITEM = 'srv_01890000-0000-7000-8000-000000000003';
const started = { event: 'started', data: { saga: 'migrate-profile', version: 1, input: {} } } as const;
const sent = (attempt = 1) =>
  ({
    event: 'step-sent',
    step: 'stop-source',
    item: ITEM,
    attempt,
    data: { dueAt: 'x', summary: 'stop blade-03' },
  }) as const;
const unknown = (attempt = 1) =>
  ({
    event: 'step-unknown',
    step: 'stop-source',
    item: ITEM,
    attempt,
    data: { code: 'power.silent', message: 'the BMC is silent' },
  }) as const;
const fanOut = {
  event: 'step-fanned-out',
  step: 'stop-source',
  data: { items: [{ key: ITEM, value: { id: ITEM } }] },
} as const;

describe('a run', () => {
  it('waits for a device that gives no answer, and runs again once it did', () => {
    const story = new Story();
    expect(story.tell('open', started, fanOut, sent())).toEqual(['run-started', 'run-step-changed']);
    expect(story.run.state).toBe('running');
    story.tell('open', unknown());
    expect(story.run.state).toBe('waiting-for-device');
    story.tell('open', sent(2));
    expect(story.run.state).toBe('waiting-for-device');
    expect(story.step(`stop-source[${ITEM}]`)).toMatchObject({ state: 'retrying', attempt: 2, label: 'stop blade-03' });
    const evidence = [{ fact: 'power-off', subject: ITEM }];
    story.tell('open', {
      event: 'step-done',
      step: 'stop-source',
      item: ITEM,
      attempt: 2,
      data: { result: { evidence } },
    });
    expect(story.run.state).toBe('running');
    expect(story.step(`stop-source[${ITEM}]`)).toMatchObject({ state: 'done', evidence });
  });

  it('that failed is retrying until it goes back, and then shows the steps of its way back', () => {
    const story = new Story();
    const failed = { event: 'step-refused', step: 'reserve', attempt: 1, data: { code: 'no', message: 'no' } } as const;
    const sentReserve = {
      event: 'step-sent',
      step: 'reserve',
      attempt: 1,
      data: { dueAt: 'x', summary: 'reserve' },
    } as const;
    story.tell('open', started, sentReserve, failed);
    expect(story.run.state).toBe('retrying');
    story.tell('open', { event: 'turned', data: { because: 'the target did not boot' } });
    expect(story.run.state).toBe('going-back');
    expect(story.step('back-stop')).toMatchObject({ phase: 'turn', state: 'waiting' });
    expect(verbsOf(story.run.state, story.run.progress, DEFINITION)).toEqual([]);
    expect(story.tell('undone', { event: 'ended', data: { end: 'undone' } })).toEqual(['run-ended']);
    expect(story.run).toMatchObject({ state: 'undone', reason: expect.stringContaining('the target did not boot') });
    expect(story.run.ended_at).toBeInstanceOf(Date);
  });

  it('that is stuck says what is known, what is not, and offers no vouching for a step that proves safety', () => {
    const story = new Story();
    story.tell('open', started, fanOut, sent(), unknown());
    const at = `stop-source[${ITEM}]`;
    const report = { code: 'x', reason: 'nobody can tell', at, known: ['reserve: done'], unknown: [`${at}: silent`] };
    expect(story.tell('stuck', { event: 'stuck', data: report })).toEqual(['run-stuck']);
    expect(story.run.reason).toContain(
      `Stuck at ${at}: nobody can tell. Known: reserve: done. Not known: ${at}: silent.`,
    );
    expect(verbsOf('stuck', story.run.progress, DEFINITION)).toEqual(['cancel', 'retry', 'abandon']);
  });

  it('past its point of no return offers no cancel', () => {
    const story = new Story();
    story.tell('open', started, { event: 'point-of-no-return' });
    expect(story.run.past_no_return).toBe(true);
    expect(verbsOf(story.run.state, story.run.progress, DEFINITION)).toEqual([]);
  });

  it('lists every step of its saga in order before any began', () => {
    const story = new Story();
    story.tell('open', started);
    const names = DEFINITION.stages.flat().map(({ name }) => name);
    expect(stepsOfRun(DEFINITION, RUN, story.rows).map(({ step }) => step)).toEqual(names);
  });
});

describe('a word for a step', () => {
  it('stands for results that carry nothing later steps need, and for no other', () => {
    expect(vouchedResult(coordinator.cancelRun)).toEqual({});
    expect(vouchedResult(coordinator.executePlan)).toBeUndefined();
  });
});
