import type { CommandToSend } from './decision.js';
import type { JournalRow, SagaStatus } from './journal.js';

/** One row per saga: what lists, timers and locks need without reading the journal. Derived from the journal, never the other way round. */
export interface SagaHead {
  readonly sagaId: string;
  readonly saga: string;
  readonly version: number;
  readonly status: SagaStatus;
  readonly epoch: number;
  /** Sequence of the last journal row: the compare-and-set. */
  readonly sequence: number;
  /** When the saga wants to be looked at again without an outcome. Timers are this column and nothing else. */
  readonly dueAt: Date | undefined;
}

/** A saga as read under its lock: the head, and the rows after the sequence the caller already knew. */
export interface StoredSaga {
  readonly head: SagaHead;
  readonly rows: readonly JournalRow[];
}

/** What one transaction does to one saga. */
export interface SagaChange {
  /** The head as it is to be. */
  readonly head: SagaHead;
  /** Sequence the stored head must have; 0 makes a new saga. */
  readonly expectedSequence: number;
  readonly rows: readonly JournalRow[];
}

/**
 * Where journals live. `Tx` is the caller's transaction: journal rows, outbox rows and whatever the listener writes
 * commit together or not at all, for as many sagas as one call carries.
 */
export interface JournalStore<Tx> {
  /** Runs `work` in a transaction of its own; commits when it resolves. Used where no caller's transaction is given. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs after the commit was acknowledged, never after a rollback or a commit of unknown outcome. */
  afterCommit(tx: Tx, run: () => void): void;
  /**
   * Locks these sagas' heads until the transaction ends, always in ascending id order, and reads them with the rows
   * after `known.get(sagaId) ?? 0`. Ids that do not exist are left out.
   */
  lock(tx: Tx, sagaIds: readonly string[], known: ReadonlyMap<string, number>): Promise<readonly StoredSaga[]>;
  /** Ids of at most `limit` open sagas with `dueAt <= now`, earliest first; those locked by others may be left out. */
  due(tx: Tx, now: Date, limit: number): Promise<readonly string[]>;
  /** A page of the ids of all open (not stuck) sagas in ascending order, after the given one. */
  open(tx: Tx, after: string | undefined, limit: number): Promise<readonly string[]>;
  /** Appends rows and updates heads. Throws `saga.conflict` unless every head still has its expected sequence. */
  append(tx: Tx, changes: readonly SagaChange[]): Promise<void>;
}

/** Puts commands into the outbox of the same transaction. The message id derives from the key, so a repeat is harmless. */
export interface CommandSender<Tx> {
  send(tx: Tx, commands: readonly CommandToSend[]): Promise<void>;
}

/** Told of every change inside its transaction, to emit events, answer a parent saga, or release a run's locks. */
export interface SagaListener<Tx> {
  changed(tx: Tx, changes: readonly SagaChange[]): Promise<void>;
}
