import { Controller } from '@nestjs/common';
import { coordinator, type InputOf } from '@rackwright/contracts';
import { Answers, Handles, ReceivesOutcomes, type CommandContext, type ReceivedOutcome } from '@rackwright/messaging';
import type { Tx } from '@rackwright/persistence';
import { SagaEngine, type SagaOutcome } from '@rackwright/saga';
import { ExecutePlanService } from './plan/execute-plan.service.js';
import { PlanService } from './plan/plan.service.js';
import { RunQueries } from './run/run.queries.js';
import { RunVerbs } from './run/run-verbs.service.js';

/** How the commands of sagas ended. */
@Controller()
export class SagaOutcomeHandlers {
  constructor(private readonly engine: SagaEngine<Tx>) {}

  @ReceivesOutcomes()
  async receive(outcomes: ReceivedOutcome[], tx: Tx): Promise<void> {
    const ofSagas = outcomes.flatMap(({ key, outcome }): SagaOutcome[] =>
      key?.attempt === undefined ? [] : [{ key: { ...key, attempt: key.attempt }, outcome }],
    );
    if (ofSagas.length > 0) await this.engine.onOutcomes(ofSagas, tx);
  }
}

/** What operators ask for. */
@Controller()
export class PlanAndRunHandlers {
  constructor(
    private readonly plans: ExecutePlanService,
    private readonly verbs: RunVerbs,
  ) {}

  @Handles(coordinator.executePlan)
  execute(input: InputOf<typeof coordinator.executePlan>, { tx }: CommandContext) {
    return this.plans.execute(tx, input);
  }

  @Handles(coordinator.cancelRun)
  cancel(input: InputOf<typeof coordinator.cancelRun>, { tx }: CommandContext) {
    return this.verbs.cancel(tx, input);
  }

  @Handles(coordinator.retryRun)
  retry(input: InputOf<typeof coordinator.retryRun>, { tx }: CommandContext) {
    return this.verbs.retry(tx, input);
  }

  @Handles(coordinator.markRunDone)
  markDone(input: InputOf<typeof coordinator.markRunDone>, { tx }: CommandContext) {
    return this.verbs.markDone(tx, input);
  }

  @Handles(coordinator.abandonRun)
  abandon(input: InputOf<typeof coordinator.abandonRun>, { tx }: CommandContext) {
    return this.verbs.abandon(tx, input);
  }
}

/** Questions. */
@Controller()
export class CoordinatorQueryHandlers {
  constructor(
    private readonly plans: PlanService,
    private readonly runs: RunQueries,
  ) {}

  @Answers(coordinator.createPlan)
  createPlan(input: InputOf<typeof coordinator.createPlan>) {
    return this.plans.create(input);
  }

  @Answers(coordinator.getPlan)
  getPlan(input: InputOf<typeof coordinator.getPlan>) {
    return this.plans.get(input.planId);
  }

  @Answers(coordinator.listRuns)
  listRuns(input: InputOf<typeof coordinator.listRuns>) {
    return this.runs.list(input);
  }

  @Answers(coordinator.getRun)
  getRun(input: InputOf<typeof coordinator.getRun>) {
    return this.runs.get(input.runId);
  }
}
