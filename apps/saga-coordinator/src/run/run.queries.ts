import { Injectable } from '@nestjs/common';
import type { coordinator, InputOf, ResultOf } from '@rackwright/contracts';
import { AppError } from '@rackwright/kernel';
import { SagaRegistry } from '@rackwright/saga';
import { PgJournalStore } from '../journal/journal.store.js';
import { verbsOf } from './run-progress.policy.js';
import { stepsOfRun } from './run-steps.policy.js';
import { RunStore, type RunRow } from './run.store.js';

type RunLine = Omit<coordinator.RunView, 'steps'>;

/** Answers questions about runs. */
@Injectable()
export class RunQueries {
  constructor(
    private readonly runs: RunStore,
    private readonly journals: PgJournalStore,
    private readonly registry: SagaRegistry,
  ) {}

  async list(input: InputOf<typeof coordinator.listRuns>): Promise<ResultOf<typeof coordinator.listRuns>> {
    const { limit, cursor, ...filter } = input;
    const { rows, total } = await this.runs.page(filter, { limit, before: cursor });
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return {
      items: items.map((run) => this.lineOf(run)),
      total,
      ...(rows.length > limit && last && { nextCursor: last.id }),
    };
  }

  async get(runId: string): Promise<coordinator.RunView> {
    const run = await this.runs.find(runId);
    if (!run) throw new AppError('saga-coordinator.unknown-run', `there is no run ${runId}`);
    const rows = await this.journals.journal(run.id);
    return { ...this.lineOf(run), steps: stepsOfRun(this.definitionOf(run), run.id, rows) };
  }

  private definitionOf({ saga, version }: RunRow) {
    return this.registry.find(saga, version);
  }

  private lineOf(run: RunRow): RunLine {
    return {
      id: run.id as never,
      ...(run.plan_id !== null && { planId: run.plan_id }),
      title: run.title,
      saga: run.saga,
      state: run.state,
      actor: run.actor,
      ...(run.profile_id !== null && { profileId: run.profile_id as never }),
      serverIds: run.server_ids as never[],
      startedAt: run.started_at.toISOString(),
      ...(run.ended_at !== null && { endedAt: run.ended_at.toISOString() }),
      ...(run.reason !== null && { reason: run.reason }),
      verbs: verbsOf(run.state, run.progress, this.definitionOf(run)),
      pastNoReturn: run.past_no_return,
      ...(run.trace_id !== null && { traceId: run.trace_id }),
    };
  }
}
