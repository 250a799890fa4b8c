import type { Clock } from '@rackwright/kernel';
import type { FaultPoint, MessageFaults } from './message-faults.js';

/** Carries out what {@link MessageFaults} decides. Without faults `pass` is a plain call. */
export class FaultGate {
  private readonly held: (() => void)[] = [];

  constructor(
    private readonly faults: MessageFaults | undefined,
    private readonly clock: Clock,
  ) {}

  /** Runs `go` once, several times, late, or not at all (`onDrop` instead). The first run's result counts. */
  pass<T>(point: FaultPoint, subject: string, go: () => T, onDrop: () => T): T | Promise<Awaited<T>> {
    if (this.faults === undefined) return go();
    return this.strike(point, subject, go, onDrop) as Promise<Awaited<T>>;
  }

  private async strike<T>(point: FaultPoint, subject: string, go: () => T, onDrop: () => T): Promise<T> {
    const action = this.faults?.decide(point, subject);
    if (action?.kind === 'reorder') return this.hold(action.withinMs, go);
    if (action?.kind === 'drop') return onDrop();
    if (action?.kind === 'delay') await this.clock.sleep(action.delayMs);
    const first = go();
    for (let extra = 0; action?.kind === 'duplicate' && extra < action.times; extra++) {
      // A copy's own fate is nobody's concern.
      void Promise.resolve(go()).catch(() => undefined);
    }
    for (const release of this.held.splice(0)) release();
    return first;
  }

  private async hold<T>(withinMs: number, go: () => T): Promise<T> {
    await new Promise<void>((resolve) => {
      const timer = this.clock.setTimer(withinMs, resolve);
      this.held.push(() => {
        timer.cancel();
        resolve();
      });
    });
    return go();
  }
}
