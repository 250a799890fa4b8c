import { messageOf, type Clock, type Timer } from '@rackwright/kernel';
import type { MessagingLog } from './messaging-log.js';

/** A job that the sweeper runs; returns true when there is more to do at once. */
export type SweepJob = () => Promise<boolean>;

/**
 * Runs a job periodically and when woken, one run at a time. It is what makes sure that nothing is forgotten: whatever
 * the quick path lost (a crash, a full queue, a lost receipt) is due in PostgreSQL and found here. A failing run is
 * logged and tried again.
 */
export class Sweeper {
  private timer: Timer | undefined;
  private dueAtMs = Number.POSITIVE_INFINITY;
  private running: Promise<void> | undefined;
  private isWanted = false;
  private isStopped = true;

  constructor(
    private readonly job: SweepJob,
    private readonly parts: {
      readonly clock: Clock;
      readonly intervalMs: number;
      readonly log: MessagingLog;
      readonly name: string;
    },
  ) {}

  start(): void {
    this.isStopped = false;
    this.wake();
  }

  /** Runs after `inMs` at the latest. */
  wake(inMs = 0): void {
    if (this.isStopped) return;
    const dueAtMs = this.parts.clock.monotonicMs() + inMs;
    if (dueAtMs >= this.dueAtMs) return;
    this.timer?.cancel();
    this.dueAtMs = dueAtMs;
    this.timer = this.parts.clock.setTimer(inMs, () => {
      this.dueAtMs = Number.POSITIVE_INFINITY;
      this.run();
    });
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.timer?.cancel();
    await this.running;
  }

  private run(): void {
    this.isWanted = true;
    this.running ??= this.runWhileWanted().finally(() => {
      this.running = undefined;
      if (this.isWanted && !this.isStopped) return this.run();
      this.wake(this.parts.intervalMs);
    });
  }

  private async runWhileWanted(): Promise<void> {
    while (this.isWanted && !this.isStopped) {
      this.isWanted = false;
      try {
        while (!this.isStopped && (await this.job()));
      } catch (error) {
        this.parts.log.warn(`${this.parts.name}: ${messageOf(error)}`);
      }
    }
  }
}
