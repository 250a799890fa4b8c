import type { Clock, RandomSource, Timer } from '@rackwright/kernel';
import {
  changesBetween,
  checkConstraints,
  collectGarbage,
  Workspace,
  type Row,
  type RowChange,
  type Tables,
} from './ovsdb-database.js';
import { NotYet, runOperation, type TransactContext } from './ovsdb-operations.js';
import { OvsdbError } from './ovsdb-value.js';

/** Told of every commit, before the reply to the transaction that made it. */
export type CommitListener = (changes: readonly RowChange[], origin: 'client' | 'device') => void;

interface Waiting {
  readonly retry: () => boolean;
  readonly timer: Timer | undefined;
}

/** The committed rows and the only way to change them: whole transactions, each atomic. */
export class OvsdbStore {
  private committed: Tables = new Workspace({}).tables;
  private readonly listeners = new Set<CommitListener>();
  private readonly waiting = new Set<Waiting>();
  private readonly untold: { changes: readonly RowChange[]; origin: 'client' | 'device' }[] = [];
  private telling = false;

  constructor(
    private readonly clock: Clock,
    private readonly random: RandomSource,
  ) {}

  get tables(): Tables {
    return this.committed;
  }

  onCommit(listener: CommitListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A change by the device itself (status columns, `cur_cfg`): no client, no conditions. */
  deviceChange(change: (tables: Record<string, Map<string, Row>>) => void): void {
    const work = new Workspace(this.committed);
    change(work.tables);
    this.commit(work, 'device');
  }

  /** Runs `transact`; resolves with the result list, later when a `wait` has to wait. */
  transact(operations: readonly unknown[], ownsLock: (lock: string) => boolean): Promise<unknown[]> {
    return new Promise((resolve) => {
      const attempt = (final: boolean): NotYet | undefined => {
        const outcome = this.attempt(operations, ownsLock);
        if (outcome.notYet && outcome.notYet.timeoutMs !== 0 && !final) return outcome.notYet;
        resolve(outcome.results);
        return undefined;
      };
      const notYet = attempt(false);
      if (!notYet) return;
      const entry: Waiting = {
        retry: () => attempt(false) === undefined,
        timer:
          notYet.timeoutMs === undefined
            ? undefined
            : this.clock.setTimer(notYet.timeoutMs, () => {
                this.waiting.delete(entry);
                attempt(true);
              }),
      };
      this.waiting.add(entry);
    });
  }

  /** A random version 4 UUID from the world's own source. */
  newUuid(): string {
    const bytes = this.random.bytes(16);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = Buffer.from(bytes).toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }

  close(): void {
    for (const { timer } of this.waiting) timer?.cancel();
    this.waiting.clear();
  }

  private attempt(
    operations: readonly unknown[],
    ownsLock: (lock: string) => boolean,
  ): { results: unknown[]; notYet?: NotYet } {
    const work = new Workspace(this.committed);
    const newUuid = (): string => this.newUuid();
    const results: unknown[] = [];
    try {
      const context: TransactContext = { work, named: nameRows(operations, newUuid), newUuid, ownsLock };
      for (const operation of operations) results.push(runOperation(operation, context));
      collectGarbage(work);
      checkConstraints(work);
    } catch (error) {
      if (!(error instanceof OvsdbError)) throw error;
      results.push(error.json());
      while (results.length < operations.length) results.push(null);
      return error instanceof NotYet ? { results, notYet: error } : { results };
    }
    this.commit(work, 'client');
    return { results };
  }

  private commit(work: Workspace, origin: 'client' | 'device'): void {
    const changes = changesBetween(this.committed, work.tables);
    this.committed = work.tables;
    if (changes.length === 0) return;
    this.untold.push({ changes, origin });
    // A listener may commit in its turn; everybody still hears of commits in their order.
    if (this.telling) return;
    this.telling = true;
    for (let next = this.untold.shift(); next; next = this.untold.shift()) {
      for (const listener of this.listeners) listener(next.changes, next.origin);
    }
    this.telling = false;
    this.retryWaiting();
  }

  private retryWaiting(): void {
    for (const entry of [...this.waiting]) {
      if (!this.waiting.delete(entry)) continue;
      if (entry.retry()) entry.timer?.cancel();
      else this.waiting.add(entry);
    }
  }
}

function nameRows(operations: readonly unknown[], newUuid: () => string): Map<string, string> {
  const named = new Map<string, string>();
  for (const operation of operations) {
    const name = (operation as { 'uuid-name'?: unknown } | null)?.['uuid-name'];
    if (typeof name !== 'string') continue;
    if (named.has(name)) throw new OvsdbError('duplicate uuid-name', name);
    named.set(name, newUuid());
  }
  return named;
}
