import { AppError } from './app-error.js';

/** A timer that can be called off; cancelling twice is harmless. */
export interface Timer {
  cancel(): void;
}

/**
 * The only source of time. Wall time (`now`) is for records people read, monotonic time (`monotonicMs`) for measuring;
 * safety rests on neither (leases elect who works, epochs and device read-backs keep things safe).
 */
export interface Clock {
  now(): Date;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
  /** Resolves after `durationMs`; rejects with `kernel.aborted` when `signal` aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
  setTimer(durationMs: number, run: () => void): Timer;
}

function aborted(signal: AbortSignal): AppError {
  return new AppError('kernel.aborted', 'the wait was aborted', { cause: signal.reason });
}

function sleepOn(clock: Pick<Clock, 'setTimer'>, durationMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(signal));
    const onAbort = (): void => {
      timer.cancel();
      if (signal) reject(aborted(signal));
    };
    const timer = clock.setTimer(durationMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Real time. `scale` makes it run faster: with 60, `sleep(60_000)` takes one second (tests, time-lapse demos). */
export class SystemClock implements Clock {
  constructor(private readonly scale = 1) {}

  now(): Date {
    return new Date();
  }

  monotonicMs(): number {
    return performance.now() * this.scale;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, durationMs, signal);
  }

  setTimer(durationMs: number, run: () => void): Timer {
    const handle = setTimeout(run, durationMs / this.scale);
    return { cancel: () => clearTimeout(handle) };
  }
}

interface PendingTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time that moves only when told to: timers fire in due order, ties in the order they were set. */
export class ManualClock implements Clock {
  private elapsedMs = 0;
  private order = 0;
  private readonly pending = new Set<PendingTimer>();

  constructor(private readonly start: Date = new Date('2026-01-01T00:00:00Z')) {}

  now(): Date {
    return new Date(this.start.getTime() + this.elapsedMs);
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, durationMs, signal);
  }

  setTimer(durationMs: number, run: () => void): Timer {
    const timer: PendingTimer = { dueMs: this.elapsedMs + Math.max(0, durationMs), order: this.order++, run };
    this.pending.add(timer);
    return { cancel: () => this.pending.delete(timer) };
  }

  /** Milliseconds until the next timer is due, or undefined when none is set. */
  nextDueInMs(): number | undefined {
    const next = this.next(Number.POSITIVE_INFINITY);
    return next === undefined ? undefined : next.dueMs - this.elapsedMs;
  }

  /** Moves time forward, firing what comes due; lets promise callbacks run after each timer. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.elapsedMs + durationMs;
    await settle();
    for (let timer = this.next(untilMs); timer !== undefined; timer = this.next(untilMs)) {
      this.pending.delete(timer);
      this.elapsedMs = Math.max(this.elapsedMs, timer.dueMs);
      timer.run();
      await settle();
    }
    this.elapsedMs = untilMs;
    await settle();
  }

  private next(untilMs: number): PendingTimer | undefined {
    let found: PendingTimer | undefined;
    for (const timer of this.pending) {
      if (timer.dueMs > untilMs) continue;
      if (!found || timer.dueMs < found.dueMs || (timer.dueMs === found.dueMs && timer.order < found.order)) {
        found = timer;
      }
    }
    return found;
  }
}

/** Lets queued promise callbacks and immediate tasks run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
