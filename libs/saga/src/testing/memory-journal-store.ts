import { AppError } from '@rackwright/kernel';

import type { CommandToSend } from '../decision.js';
import { unitKey, type JournalRow } from '../journal.js';
import type { CommandSender, JournalStore, SagaChange, SagaHead, StoredSaga } from '../ports.js';

/** A transaction of the memory store: what to do when it is rolled back, and after it was committed. */
export interface MemoryTx {
  readonly rollback: (() => void)[];
  readonly committed: (() => void)[];
}

interface Saga {
  head: SagaHead;
  readonly rows: JournalRow[];
}

/** Journals and outbox in memory, one transaction at a time; a rejected transaction leaves nothing behind. */
export class MemoryJournalStore implements JournalStore<MemoryTx>, CommandSender<MemoryTx> {
  /** Commands that were committed and not yet taken by a participant, oldest first. */
  readonly outbox: CommandToSend[] = [];
  private readonly sagas = new Map<string, Saga>();
  private queue: Promise<unknown> = Promise.resolve();

  transaction<T>(work: (tx: MemoryTx) => Promise<T>): Promise<T> {
    const run = this.queue.then(() => this.run(work));
    this.queue = run.catch(() => undefined);
    return run;
  }

  private async run<T>(work: (tx: MemoryTx) => Promise<T>): Promise<T> {
    const tx: MemoryTx = { rollback: [], committed: [] };
    let result: T;
    try {
      result = await work(tx);
    } catch (error) {
      for (const undo of [...tx.rollback].reverse()) undo();
      throw error;
    }
    for (const run of tx.committed) run();
    return result;
  }

  afterCommit(tx: MemoryTx, run: () => void): void {
    tx.committed.push(run);
  }

  lock(_tx: MemoryTx, sagaIds: readonly string[], known: ReadonlyMap<string, number>): Promise<StoredSaga[]> {
    const found = sagaIds.flatMap((id) => {
      const saga = this.sagas.get(id);
      return saga ? [{ head: saga.head, rows: saga.rows.slice(known.get(id) ?? 0) }] : [];
    });
    return Promise.resolve(found);
  }

  due(_tx: MemoryTx, now: Date, limit: number): Promise<string[]> {
    const due = this.heads().filter(({ status, dueAt }) => status === 'open' && dueAt !== undefined && dueAt <= now);
    due.sort((left, right) => (left.dueAt?.getTime() ?? 0) - (right.dueAt?.getTime() ?? 0));
    return Promise.resolve(due.slice(0, limit).map(({ sagaId }) => sagaId));
  }

  open(_tx: MemoryTx, after: string | undefined, limit: number): Promise<string[]> {
    const ids = this.heads().flatMap(({ status, sagaId }) => (status === 'open' ? [sagaId] : []));
    ids.sort();
    return Promise.resolve(ids.filter((id) => after === undefined || id > after).slice(0, limit));
  }

  append(tx: MemoryTx, changes: readonly SagaChange[]): Promise<void> {
    for (const change of changes) this.appendOne(tx, change);
    return Promise.resolve();
  }

  private appendOne(tx: MemoryTx, { head, expectedSequence, rows }: SagaChange): void {
    const saga = this.sagas.get(head.sagaId);
    if ((saga?.head.sequence ?? 0) !== expectedSequence) {
      throw new AppError('saga.conflict', `saga ${head.sagaId} has moved on from row ${expectedSequence}`);
    }
    if (saga === undefined) {
      this.sagas.set(head.sagaId, { head, rows: [...rows] });
      tx.rollback.push(() => this.sagas.delete(head.sagaId));
      return;
    }
    const before = saga.head;
    saga.head = head;
    // Through JSON, as a database would keep it: what does not survive that must not pass here either.
    saga.rows.push(...rows.map((row) => JSON.parse(JSON.stringify(row)) as JournalRow));
    assertUniqueRows(head.sagaId, saga.rows);
    tx.rollback.push(() => {
      saga.head = before;
      saga.rows.length = before.sequence;
    });
  }

  send(tx: MemoryTx, commands: readonly CommandToSend[]): Promise<void> {
    this.afterCommit(tx, () => this.outbox.push(...commands));
    return Promise.resolve();
  }

  heads(): SagaHead[] {
    return [...this.sagas.values()].map(({ head }) => head);
  }

  head(sagaId: string): SagaHead | undefined {
    return this.sagas.get(sagaId)?.head;
  }

  journal(sagaId: string): readonly JournalRow[] {
    return this.sagas.get(sagaId)?.rows ?? [];
  }
}

/** The unique key of journal rows: `(saga, step, item, epoch, attempt, event)`. */
function assertUniqueRows(sagaId: string, rows: readonly JournalRow[]): void {
  const seen = new Set<string>();
  for (const row of rows) {
    const unit =
      'step' in row
        ? unitKey({ step: row.step, undo: false, ...('item' in row && row.item !== undefined && { item: row.item }) })
        : '';
    const key = [unit, row.epoch, row.attempt, row.event].join(' ');
    if (seen.has(key)) throw new AppError('saga.row-repeated', `saga ${sagaId} would have two rows "${key}"`);
    seen.add(key);
  }
}
