import { Inject, Injectable } from '@nestjs/common';
import { coordinator, type InputOf } from '@rackwright/contracts';
import type { Clock } from '@rackwright/kernel';
import { CLOCK } from '@rackwright/service-host';
import { Asker, type AskOptions } from '../asking/asker.service.js';
import { STOPPING } from '../gateway.tokens.js';

const ENDED = ['done', 'undone', 'stuck'] as const;
const LOOK_MIN_MS = 50;
const LOOK_MAX_MS = 500;

/** Starting runs and waiting for their ends. */
@Injectable()
export class RunsService {
  constructor(
    private readonly asker: Asker,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(STOPPING) private readonly stopping: AbortSignal,
  ) {}

  plan(request: coordinator.PlanRequest, actor: string) {
    return this.asker.query(coordinator.createPlan, { request, actor }, 15_000);
  }

  /** Starts the run of a plan. With a key a repeat is the same message, so there is one run. */
  async start(planId: string, options: AskOptions): Promise<{ runId: InputOf<typeof coordinator.getRun>['runId'] }> {
    return this.asker.command(coordinator.executePlan, { planId, actor: options.actor }, options);
  }

  /** The run as it is when it has ended or is stuck, or after `waitMs`. @throws as the query `get-run` */
  async whenEnded(
    runId: InputOf<typeof coordinator.getRun>['runId'],
    waitMs: number,
    gone?: AbortSignal,
  ): Promise<coordinator.RunView> {
    const untilMs = this.clock.monotonicMs() + waitMs;
    const signal = gone === undefined ? this.stopping : AbortSignal.any([this.stopping, gone]);
    for (let pauseMs = LOOK_MIN_MS; ; pauseMs = Math.min(LOOK_MAX_MS, pauseMs * 1.5)) {
      const run = await this.asker.query(coordinator.getRun, { runId });
      const leftMs = untilMs - this.clock.monotonicMs();
      if ((ENDED as readonly string[]).includes(run.state) || leftMs <= 0 || signal.aborted) return run;
      await this.clock.sleep(Math.min(pauseMs, leftMs), signal).catch(() => undefined);
    }
  }
}
