import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { messageOf, type Clock, type Timer } from '@rackwright/kernel';
import { withoutScope, type Logger } from '@rackwright/observability';
import type { Tx } from '@rackwright/persistence';
import { SagaEngine } from '@rackwright/saga';
import { CLOCK, LOGGER } from '@rackwright/service-host';
import { PlanStore } from '../plan/plan.store.js';
import { DueTimes } from './due-times.js';

/** Upper bound between looks: finds what came due for a replica that died. */
const TICK_MS = 500;
const RECOVER_EVERY_MS = 60_000;
/** Plans nobody executed are kept this long after they expired. */
const PLAN_KEPT_MS = 7 * 86_400_000;

/**
 * Drives the engine's timers: at once when something this process knows of comes due, twice a second otherwise, and a
 * recovery at start and every minute. Any number of replicas may do so at the same time.
 */
@Injectable()
export class SagaRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: Timer | undefined;
  private timerAtMs = Number.POSITIVE_INFINITY;
  private working: Promise<void> | undefined;
  private recoverAtMs = 0;
  private isStopped = false;

  constructor(
    private readonly engine: SagaEngine<Tx>,
    private readonly due: DueTimes,
    private readonly plans: PlanStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.due.listen((at) => this.wake(Math.max(0, at.getTime() - this.clock.now().getTime())));
    this.wake(0);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    this.timer?.cancel();
    await this.working;
  }

  private wake(delayMs: number): void {
    const atMs = this.clock.monotonicMs() + delayMs;
    if (this.isStopped || atMs >= this.timerAtMs) return;
    this.timer?.cancel();
    this.timerAtMs = atMs;
    this.timer = withoutScope(() => this.clock.setTimer(delayMs, () => this.look()));
  }

  private look(): void {
    this.timerAtMs = Number.POSITIVE_INFINITY;
    // While one look lasts, the next waits: it would find the same sagas locked.
    this.working ??= this.work().finally(() => {
      this.working = undefined;
      this.wake(TICK_MS);
    });
  }

  private async work(): Promise<void> {
    try {
      if (this.clock.monotonicMs() >= this.recoverAtMs) {
        await this.engine.recover();
        await this.plans.forget(new Date(this.clock.now().getTime() - PLAN_KEPT_MS));
        this.recoverAtMs = this.clock.monotonicMs() + RECOVER_EVERY_MS;
      }
      await this.engine.tick();
    } catch (error) {
      this.logger.warn({ err: error }, `sagas could not be looked at: ${messageOf(error)}`);
    }
  }
}
