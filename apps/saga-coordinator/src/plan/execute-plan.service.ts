import { Inject, Injectable } from '@nestjs/common';
import { done, refused, type coordinator, type InputOf, type OutcomeOf } from '@rackwright/contracts';
import { IdFactory, type Clock } from '@rackwright/kernel';
import { traceOfSaga } from '@rackwright/observability';
import type { Tx } from '@rackwright/persistence';
import { SagaEngine } from '@rackwright/saga';
import type { SagaToStart } from '@rackwright/saga-catalog';
import { CLOCK } from '@rackwright/service-host';
import { NO_PROGRESS } from '../run/run-progress.policy.js';
import { RunStore } from '../run/run.store.js';
import { SAGA_BOOK, type SagaBook } from '../saga-book.js';
import { PlanStore, type PlanRow } from './plan.store.js';
import { PlanWorld, sagaFactsOf, type Grounds } from './plan-world.js';

type Outcome = OutcomeOf<typeof coordinator.executePlan>;

/** Starts the run of a plan, exactly as it was shown. */
@Injectable()
export class ExecutePlanService {
  constructor(
    private readonly plans: PlanStore,
    private readonly runs: RunStore,
    private readonly world: PlanWorld,
    private readonly engine: SagaEngine<Tx>,
    @Inject(SAGA_BOOK) private readonly book: SagaBook,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly ids: IdFactory,
  ) {}

  /**
   * Asks the world again before any row is locked, then binds the plan to a run and starts it in `tx`. Between the
   * question and the saga's own reservation the world may still move: that reservation refuses then.
   */
  async execute(tx: Tx, { planId, actor }: InputOf<typeof coordinator.executePlan>): Promise<Outcome> {
    const plan = await this.plans.findIn(tx, planId);
    if (!plan) return refused('unknown-plan', `there is no plan ${planId}`);
    const refusal = this.refusalOf(plan);
    if (refusal) return refusal;
    const grounds = await this.world.grounds(plan.resolved);
    const moved = movedOf(plan, grounds);
    if (moved) return moved;
    const runId = this.ids.newId('run');
    if (!(await this.plans.bind(tx, planId, runId))) {
      // Somebody executed it while we asked.
      return executedOutcome(await this.plans.findIn(tx, planId), planId);
    }
    const who = { actor, profileId: plan.profile_id ?? undefined };
    const planned = this.book.sagaFor(plan.resolved, sagaFactsOf(plan.resolved, grounds, who));
    await this.startRun(tx, { plan, actor, runId, planned, serverIds: serversOf(grounds) });
    return done({ runId });
  }

  private refusalOf(plan: PlanRow): Outcome | undefined {
    if (plan.run_id !== null) return executedOutcome(plan, plan.id);
    const [blocked] = plan.contents.blockedBy;
    if (blocked) return refused('plan-blocked', blocked.message, { blockedBy: plan.contents.blockedBy });
    if (this.clock.now() >= plan.expires_at)
      return refused('plan-expired', `the plan was good until ${plan.expires_at.toISOString()}; make a new one`);
    return undefined;
  }

  private async startRun(
    tx: Tx,
    run: {
      readonly plan: PlanRow;
      readonly actor: string;
      readonly runId: string;
      readonly planned: SagaToStart;
      readonly serverIds: string[];
    },
  ): Promise<void> {
    const { plan, actor, runId, planned, serverIds } = run;
    const { definition, input } = planned;
    await this.runs.add(tx, {
      id: runId,
      plan_id: plan.id,
      saga: definition.name,
      version: definition.version,
      title: planned.title,
      actor,
      profile_id: plan.profile_id,
      server_ids: serverIds,
      started_at: this.clock.now(),
      ended_at: null,
      state: 'running',
      reason: null,
      past_no_return: false,
      trace_id: traceOfSaga(runId).traceId,
      progress: NO_PROGRESS,
    });
    await this.engine.start({ sagaId: runId, definition, input, actor }, tx);
  }
}

function executedOutcome(plan: PlanRow | undefined, planId: string): Outcome {
  const runId = plan?.run_id ?? undefined;
  return refused('plan-executed', `plan ${planId} was executed as run ${runId ?? 'of somebody else'}`, { runId });
}

function movedOf(plan: PlanRow, { worldMark, problems }: Grounds): Outcome | undefined {
  const [problem] = problems;
  if (worldMark === plan.world_mark && !problem) return undefined;
  const why = problem ? `: ${problem.message}` : '';
  return refused('world-moved', `what the plan rests on has changed${why}; make a new plan`, {
    planned: plan.world_mark,
    now: worldMark,
    ...(problem && { problems }),
  });
}

function serversOf({ preview, profile }: Grounds): string[] {
  const servers = [preview?.source, preview?.target, ...(preview?.formerHolders ?? [])];
  const ids = servers.flatMap((server) => (server ? [server.id as string] : []));
  return [...new Set([...ids, ...(profile?.serverId !== undefined ? [profile.serverId as string] : [])])];
}
