import { AppError, SystemClock, type Clock, type Timer } from '@rackwright/kernel';

/** A real clock whose speed can be changed while it runs; simulated time never jumps. */
export class ScaledClock implements Clock {
  private readonly real = new SystemClock();
  private readonly start = this.real.now();
  private baseMs = 0;
  private sinceMs = this.real.monotonicMs();
  private factor: number;

  constructor(scale: number) {
    this.factor = checked(scale);
  }

  get scale(): number {
    return this.factor;
  }

  /** Timers that are already set keep their real due time: whoever must follow re-arms (the world does). */
  setScale(scale: number): void {
    this.baseMs = this.monotonicMs();
    this.sinceMs = this.real.monotonicMs();
    this.factor = checked(scale);
  }

  /** Wall time stays real where the scale is 1, and runs with simulated time otherwise. */
  now(): Date {
    return new Date(this.start.getTime() + this.monotonicMs());
  }

  monotonicMs(): number {
    return this.baseMs + (this.real.monotonicMs() - this.sinceMs) * this.factor;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return this.real.sleep(durationMs / this.factor, signal);
  }

  setTimer(durationMs: number, run: () => void): Timer {
    return this.real.setTimer(durationMs / this.factor, run);
  }
}

function checked(scale: number): number {
  if (!Number.isFinite(scale) || scale <= 0)
    throw new AppError('sim.invalid-scale', `a time scale of ${scale} is not possible`);
  return scale;
}
