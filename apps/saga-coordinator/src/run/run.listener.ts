import { coordinator } from '@rackwright/contracts';
import type { EventBus, EventRequest } from '@rackwright/messaging';
import { inSaga } from '@rackwright/observability';
import type { Tx } from '@rackwright/persistence';
import type { JournalRow, SagaChange, SagaDefinition, SagaListener, SagaRegistry } from '@rackwright/saga';
import { advanceProgress, asUnitRow, keyOfRow, phaseOf, stateOf, verbsOf } from './run-progress.policy.js';
import type { RunProgress, RunStep } from './run-progress.policy.js';
import { endText, stuckText } from './run-reason.policy.js';
import { evidenceOf } from './run-steps.policy.js';
import type { RunRow, RunStore } from './run.store.js';

interface Followed {
  readonly run: RunRow;
  readonly events: readonly EventRequest[];
}

/** Keeps the rows of runs and tells of every change, in the transaction that changes the journal. */
export class RunListener implements SagaListener<Tx> {
  constructor(
    private readonly runs: RunStore,
    private readonly events: EventBus,
    private readonly registry: SagaRegistry,
    private readonly onDue: (at: Date) => void,
  ) {}

  async changed(tx: Tx, changes: readonly SagaChange[]): Promise<void> {
    for (const { dueAt } of changes.map(({ head }) => head)) if (dueAt) tx.afterCommit(() => this.onDue(dueAt));
    const written = changes.filter((change) => change.rows.length > 0);
    if (written.length === 0) return;
    const runs = new Map(
      (
        await this.runs.read(
          tx,
          written.map(({ head }) => head.sagaId),
        )
      ).map((run) => [run.id, run]),
    );
    const followed = written.flatMap((change) => {
      const run = runs.get(change.head.sagaId);
      return run ? [follow(run, change, this.registry.find(run.saga, run.version))] : [];
    });
    await this.runs.save(
      tx,
      followed.map(({ run }) => run),
    );
    for (const { run, events } of followed) {
      if (events.length > 0) await inSaga(run.id, {}, () => this.events.emitMany(tx, events));
    }
  }
}

/** The run after a change of its journal, and what there is to tell; pure. */
export function follow(before: RunRow, { head, rows }: SagaChange, definition: SagaDefinition | undefined): Followed {
  let progress = before.progress;
  const events: EventRequest[] = [];
  const options = { subject: before.id, actor: before.actor };
  const goesBack = rows.some(({ event }) => event === 'going-back' || event === 'turned' || event === 'stuck');
  for (const row of rows) {
    const step = changedStep(row, progress, definition, goesBack);
    progress = advanceProgress(progress, row);
    if (row.event === 'started') events.push({ event: coordinator.runStarted, data: startedData(before), options });
    if (step) events.push({ event: coordinator.runStepChanged, data: { runId: before.id as never, step }, options });
  }
  const state = stateOf(head.status, progress, definition);
  const endedRow = rows.find((row) => row.event === 'ended');
  const run: RunRow = {
    ...before,
    state,
    progress,
    past_no_return: progress.pastPoint,
    ended_at: endedRow ? new Date(endedRow.at) : before.ended_at,
    reason: reasonOf(rows, progress, { state, definition, before: before.reason }),
  };
  events.push(...endEvents(run, rows).map((request) => ({ ...request, options })));
  return { run, events };
}

function startedData({ id, title, saga, actor }: RunRow) {
  return { runId: id as never, title, saga, actor };
}

function reasonOf(
  rows: readonly JournalRow[],
  progress: RunProgress,
  {
    state,
    definition,
    before,
  }: { state: RunRow['state']; definition: SagaDefinition | undefined; before: string | null },
): string | null {
  const last = rows.findLast(({ event }) => event === 'stuck' || event === 'ended');
  if (last?.event === 'stuck') return stuckText(last.data, verbsOf(state, progress, definition));
  if (last?.event === 'ended') return last.data.end === 'done' ? null : endText(last.data.end, progress);
  if (rows.some(({ event }) => event === 'resumed' || event === 'cancelled')) return null;
  return before;
}

function endEvents(run: RunRow, rows: readonly JournalRow[]): EventRequest[] {
  const { id, title, state, reason } = run;
  const runId = id as never;
  const stuck = rows.findLast((row) => row.event === 'stuck');
  if (state === 'stuck' && stuck?.event === 'stuck') {
    const step = stuck.data.at ?? '';
    return [{ event: coordinator.runStuck, data: { runId, title, step, reason: reason ?? stuck.data.reason } }];
  }
  if (run.ended_at === null) return [];
  const durationMs = Math.max(0, run.ended_at.getTime() - run.started_at.getTime());
  return [
    { event: coordinator.runEnded, data: { runId, title, state, durationMs, ...(reason !== null && { reason }) } },
  ];
}

function changedStep(
  row: JournalRow,
  progress: RunProgress,
  definition: SagaDefinition | undefined,
  goesBack: boolean,
): RunStep | undefined {
  if (row.event === 'step-skipped') {
    return { step: row.step, label: row.step, phase: phaseOf(row.step, definition), state: 'skipped', attempt: 0 };
  }
  const unitRow = asUnitRow(row);
  if (!unitRow) return undefined;
  const step = keyOfRow(unitRow);
  const unit = progress.units[step];
  const base = { step, phase: phaseOf(step, definition), attempt: row.attempt, startedAt: unit?.startedAt ?? row.at };
  switch (unitRow.event) {
    case 'step-sent':
    case 'undo-sent':
      return { ...base, label: unitRow.data.summary, state: unit?.trouble === undefined ? 'running' : 'retrying' };
    case 'step-done':
    case 'undo-done': {
      const evidence = evidenceOf(unitRow.data.result);
      const done = { ...base, label: unit?.label ?? row.event, state: 'done' as const, endedAt: row.at };
      return { ...done, ...(evidence !== undefined && { evidence }) };
    }
    default: {
      const ended = unitRow.event.endsWith('-refused') ? 'refused' : 'failed';
      const note = `${unitRow.data.code}: ${unitRow.data.message}`;
      const state = goesBack ? ended : 'retrying';
      return { ...base, label: unit?.label ?? step, state, note, endedAt: row.at };
    }
  }
}
