import type { Outcome } from '@rackwright/contracts';
import { AppError, messageOf, type Clock, type Timer } from '@rackwright/kernel';
import type { Database, Tx } from '@rackwright/persistence';
import type { MessagingLog } from './messaging-log.js';

const POLL_MS = 500;
/** How long a row outlives its wait, for a repeated ask with the same key. */
const KEEP_MS = 600_000;

interface Waiter {
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
}

/**
 * Who waits for which outcome. The truth is a row per ask: whichever replica takes the outcome writes it there, and the
 * one that waits finds it, at once when both are the same process, through a hint or a look at the table otherwise.
 */
export class Waiters {
  private readonly waiting = new Map<string, Set<Waiter>>();
  private poll: Timer | undefined;
  private isPolling = false;
  private isWanted = false;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly log: MessagingLog,
  ) {}

  /** Registers a wait before anything is sent, so that even the fastest outcome is noticed. Call `end` in any case. */
  expect(commandId: string, timeoutMs: number): { readonly outcome: Promise<Outcome>; end(): void } {
    let waiter: Waiter | undefined;
    const outcome = new Promise<Outcome>((resolve, reject) => {
      waiter = { resolve, reject };
    });
    // Nobody may be awaiting yet when it times out.
    outcome.catch(() => undefined);
    const own = waiter as Waiter | undefined;
    if (own !== undefined) this.add(commandId, own);
    const timer = this.clock.setTimer(timeoutMs, () =>
      own?.reject(
        new AppError('messaging.ask-timeout', `no outcome within ${timeoutMs} ms; the command goes on`, {
          details: { commandId },
        }),
      ),
    );
    this.schedulePoll();
    return {
      outcome,
      end: () => {
        timer.cancel();
        if (own !== undefined) this.remove(commandId, own);
      },
    };
  }

  /** Writes the row of the wait, in the transaction that sends the command. */
  async record(tx: Tx, commandId: string, timeoutMs: number): Promise<void> {
    await tx.query(
      `INSERT INTO messaging_waiting (message_id, expires_at) VALUES ($1, now() + $2::float8 * interval '1 millisecond')
       ON CONFLICT (message_id) DO UPDATE SET expires_at = greatest(messaging_waiting.expires_at, excluded.expires_at)`,
      [commandId, timeoutMs + KEEP_MS],
    );
  }

  /** Stores outcomes someone waits for; returns the ids of the commands concerned. */
  async store(
    tx: Tx,
    outcomes: readonly { readonly commandId: string; readonly outcome: Outcome }[],
  ): Promise<string[]> {
    const rows = await tx.prepared<{ message_id: string }>(
      'rw-waiting-store',
      `UPDATE messaging_waiting w SET outcome = coalesce(w.outcome, t.outcome)
       FROM unnest($1::text[], $2::text[]) AS t(id, outcome) WHERE w.message_id = t.id RETURNING w.message_id`,
      [outcomes.map((entry) => entry.commandId), outcomes.map((entry) => JSON.stringify(entry.outcome))],
    );
    return rows.map((row) => row.message_id);
  }

  /** Outcomes that were just committed here; returns the commands that someone else must be waiting for. */
  deliver(answered: readonly { readonly commandId: string; readonly outcome: Outcome }[]): string[] {
    return answered.flatMap(({ commandId, outcome }) => {
      const waiters = this.waiting.get(commandId);
      if (waiters === undefined) return [commandId];
      this.waiting.delete(commandId);
      for (const waiter of waiters) waiter.resolve(outcome);
      return [];
    });
  }

  /** Another replica says that these were answered: looks now instead of at the next poll. */
  hint(commandIds: readonly string[]): void {
    if (commandIds.some((id) => this.waiting.has(id))) void this.look();
  }

  close(): void {
    this.poll?.cancel();
    for (const waiters of this.waiting.values()) {
      for (const waiter of waiters) waiter.reject(new AppError('messaging.closed', 'messaging was closed'));
    }
    this.waiting.clear();
  }

  private add(commandId: string, waiter: Waiter): void {
    const waiters = this.waiting.get(commandId) ?? new Set();
    waiters.add(waiter);
    this.waiting.set(commandId, waiters);
  }

  private remove(commandId: string, waiter: Waiter): void {
    const waiters = this.waiting.get(commandId);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.waiting.delete(commandId);
  }

  private schedulePoll(): void {
    if (this.poll !== undefined || this.waiting.size === 0) return;
    this.poll = this.clock.setTimer(POLL_MS, () => {
      this.poll = undefined;
      void this.look();
    });
  }

  private async look(): Promise<void> {
    if (this.isPolling || this.waiting.size === 0) {
      this.isWanted = this.isPolling;
      return;
    }
    this.isPolling = true;
    this.isWanted = false;
    try {
      const rows = await this.database.prepared<{ message_id: string; outcome: string }>(
        'rw-waiting-look',
        'SELECT message_id, outcome FROM messaging_waiting WHERE message_id = ANY($1::text[]) AND outcome IS NOT NULL',
        [[...this.waiting.keys()]],
      );
      for (const row of rows) {
        const outcome = JSON.parse(row.outcome) as Outcome;
        for (const waiter of this.waiting.get(row.message_id) ?? []) waiter.resolve(outcome);
        this.waiting.delete(row.message_id);
      }
    } catch (error) {
      this.log.warn(`looking for outcomes: ${messageOf(error)}`);
    } finally {
      this.isPolling = false;
      if (this.isWanted) void this.look();
      else this.schedulePoll();
    }
  }
}
