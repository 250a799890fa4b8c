import type { Outcome } from '@rackwright/contracts';
import { AppError, ManualClock } from '@rackwright/kernel';

import type { CommandToSend } from '../decision.js';
import type { CrashPoints } from '../crash-points.js';
import { SagaEngine } from '../engine.js';
import type { SagaOutcome } from '../outcome.js';
import type { SagaListener } from '../ports.js';
import type { SagaRegistry } from '../registry.js';
import { MemoryJournalStore, type MemoryTx } from './memory-journal-store.js';

/** Thrown by crash points in tests: the engine that throws it is dead and is never called again. */
export class SimulatedCrash extends Error {}

export interface MemoryHostOptions {
  readonly registry: SagaRegistry;
  /** How a command is answered: the outcomes that come back, none when it is lost, several when repeated. */
  readonly answer: (sent: CommandToSend) => readonly Outcome[];
  readonly crashPoints?: CrashPoints;
  readonly listener?: SagaListener<MemoryTx>;
}

/** More turns than any saga of a test takes; reaching it is a saga that never comes to rest. */
const TURNS_MAX = 20_000;

/** A coordinator in memory: one engine at a time over a store that survives it, in virtual time. */
export class MemoryHost {
  readonly clock = new ManualClock();
  readonly store = new MemoryJournalStore();
  /** Outcomes on their way back; they survive a crash, as their inbox rows were not committed. */
  private inbound: SagaOutcome[] = [];
  private current: SagaEngine<MemoryTx>;

  constructor(private readonly options: MemoryHostOptions) {
    this.current = this.boot();
  }

  get engine(): SagaEngine<MemoryTx> {
    return this.current;
  }

  private boot(): SagaEngine<MemoryTx> {
    const { registry, crashPoints, listener } = this.options;
    const { store, clock } = this;
    return new SagaEngine({
      registry,
      store,
      sender: store,
      clock,
      ...(crashPoints && { crashPoints }),
      ...(listener && { listener }),
    });
  }

  /** Calls the engine; after a crash, a new engine recovers and is called again, as a client or an inbox would. */
  async call<T>(work: (engine: SagaEngine<MemoryTx>) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work(this.current);
      } catch (error) {
        if (!(error instanceof SimulatedCrash)) throw error;
        this.current = this.boot();
        await this.call((engine) => engine.recover());
      }
    }
  }

  /** Delivers, answers and moves time until every saga rests; `between` runs before each delivery. Throws `saga.test-does-not-rest`. */
  async runToEnd(between: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      await between();
      const sent = this.store.outbox.shift();
      if (sent !== undefined)
        this.inbound.push(...this.options.answer(sent).map((outcome) => ({ key: sent.key, outcome })));
      if (this.inbound.length > 0) {
        const batch = this.inbound;
        await this.call((engine) => engine.onOutcomes(batch));
        this.inbound = [];
      } else if (sent === undefined && !(await this.waitForTimer())) return;
    }
    throw new AppError('saga.test-does-not-rest', `still not at rest after ${TURNS_MAX} turns`);
  }

  /** Moves time to the earliest timer; false when no saga is open. */
  private async waitForTimer(): Promise<boolean> {
    const open = this.store.heads().filter(({ status }) => status === 'open');
    if (open.length === 0) return false;
    const dueMs = Math.min(...open.map(({ dueAt }) => dueAt?.getTime() ?? Number.POSITIVE_INFINITY));
    if (!Number.isFinite(dueMs)) throw new AppError('saga.test-does-not-rest', 'an open saga waits for nothing');
    await this.clock.advance(Math.max(0, dueMs - this.clock.now().getTime()));
    await this.call((engine) => engine.tick());
    return true;
  }
}
