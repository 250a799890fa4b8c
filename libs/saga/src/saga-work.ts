import { AppError, messageOf } from '@rackwright/kernel';

import { stuckDecision, type CommandToSend } from './decision.js';
import { recordFact, type SagaState } from './fold.js';
import type { JournalFact, JournalRow } from './journal.js';
import { planState } from './plan.js';
import type { SagaChange, SagaHead } from './ports.js';
import type { SagaRegistry } from './registry.js';

/** Far above what any saga decides without waiting; reaching it means that a decision records nothing. */
const DECISIONS_MAX = 10_000;

/** One saga while one transaction works on it: its state runs ahead of the store until the transaction commits. */
export class SagaWork {
  readonly rows: JournalRow[] = [];
  readonly commands: CommandToSend[] = [];
  private until: Date | undefined;

  constructor(
    readonly state: SagaState,
    private readonly stored: Pick<SagaHead, 'sequence' | 'dueAt'>,
    private readonly now: Date,
  ) {}

  record(facts: readonly JournalFact[]): void {
    for (const fact of facts) this.rows.push(recordFact(this.state, fact, this.now));
  }

  /** Runs `make` for facts; code of a definition that throws makes this saga stuck and leaves the others of the batch alone. */
  recordFrom(make: () => readonly JournalFact[]): void {
    try {
      this.record(make());
    } catch (error) {
      this.record(stuckDecision(this.state, 'saga.definition-threw', messageOf(error)).facts);
    }
  }

  /** Plans and records until the saga has to wait, is stuck, or has ended. */
  advance(registry: SagaRegistry): void {
    const definition = registry.find(this.state.saga, this.state.version);
    for (let count = 0; count < DECISIONS_MAX; count++) {
      const decision = planState(definition, this.state, this.now);
      this.until = decision.kind === 'wait' ? decision.until : undefined;
      if (decision.facts.length === 0) return;
      this.record(decision.facts);
      if (decision.kind === 'send') this.commands.push(...decision.commands);
    }
    throw new AppError('saga.planner-does-not-rest', `saga ${this.state.sagaId} never came to rest`);
  }

  /** True when the store has to know: there are rows, or the timer moved (a new release may wait otherwise). */
  isChanged(): boolean {
    return this.rows.length > 0 || this.dueAt()?.getTime() !== this.stored.dueAt?.getTime();
  }

  private dueAt(): Date | undefined {
    return this.state.status === 'open' ? this.until : undefined;
  }

  change(): SagaChange {
    const { sagaId, saga, version, status, epoch, sequence } = this.state;
    return {
      head: { sagaId, saga, version, status, epoch, sequence, dueAt: this.dueAt() },
      expectedSequence: this.stored.sequence,
      rows: this.rows,
    };
  }
}
