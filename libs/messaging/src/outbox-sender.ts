import { headers, type Msg } from '@nats-io/nats-core';
import { isAppError, messageOf, type RandomSource } from '@rackwright/kernel';
import type { Tx } from '@rackwright/persistence';
import { retryDelayMs } from './backoff.js';
import { takeBatch } from './batching.js';
import { encodeBatch } from './envelope.js';
import type { FaultGate } from './fault-gate.js';
import { Finisher } from './finisher.js';
import type { MessagingLimits } from './limits.js';
import type { MessagingLog } from './messaging-log.js';
import type { MessagingMetrics } from './messaging-metrics.js';
import type { NatsLink } from './nats-link.js';
import type { OutboxRow, OutboxStore } from './outbox.store.js';
import { decodeReceipt, type Receipt, type ReceiptEntry } from './receipt.js';

export interface SenderParts {
  readonly link: NatsLink;
  readonly store: OutboxStore;
  readonly limits: MessagingLimits;
  readonly random: RandomSource;
  readonly log: MessagingLog;
  readonly metrics: MessagingMetrics;
  readonly faults: FaultGate;
  /** Milliseconds, monotonic. */
  readonly monotonicMs: () => number;
  /** Called when rows were put off, so that the sweeper looks in time. */
  readonly onPostponed: (delayMs: number) => void;
  readonly onParked: (entries: readonly ReceiptEntry[], subject: string) => void;
}

interface WaitingRow extends OutboxRow {
  /** After this the sweeper of any replica may have taken the row, so it is no longer ours to send. */
  readonly leaseEndsMs: number;
  /** Set when its batch was unreadable for the receiver: it goes alone, to tell which one it is. */
  readonly alone?: boolean;
}

interface Lane {
  readonly waiting: WaitingRow[];
  inFlight: number;
  isScheduled: boolean;
}

/**
 * Sends outbox rows, one lane per subject: all rows waiting for a subject travel in one message, a few such messages may
 * wait for their receipt, and what comes meanwhile gathers into the next batch. So batches grow with load by themselves
 * and nothing is ever delayed to fill one. Only memory is lost when the process dies: the rows are in PostgreSQL.
 */
export class OutboxSender {
  private readonly lanes = new Map<string, Lane>();
  private readonly finisher: Finisher;
  private readonly deliveries = new Set<Promise<void>>();
  private rowsHeld = 0;
  private closing = false;

  constructor(private readonly parts: SenderParts) {
    this.finisher = new Finisher(parts.store, parts.log);
  }

  /** How long a row is ours after it was inserted or claimed. */
  get leaseMs(): number {
    return this.parts.limits.receiptTimeoutMs * 2;
  }

  /** Room for rows from the sweeper. */
  get room(): number {
    return this.parts.limits.senderRowsMax - this.rowsHeld;
  }

  /** Writes rows in the caller's transaction and sends them as soon as it has committed. */
  async add(tx: Tx, rows: readonly OutboxRow[]): Promise<void> {
    if (rows.length === 0) return;
    const fresh = await this.parts.store.insert(tx, rows, this.leaseMs);
    if (fresh.length > 0) tx.afterCommit(() => this.send(fresh));
  }

  /** Makes stored outcomes travel once more, after the caller's transaction. */
  async repeatOutcomes(tx: Tx, messageIds: readonly string[]): Promise<void> {
    const rows = await this.parts.store.rearmOutcomes(tx, messageIds, this.leaseMs);
    if (rows.length > 0) tx.afterCommit(() => this.send(rows));
  }

  /** Queues committed rows. Without a connection or room they are left to the sweeper. */
  send(rows: readonly OutboxRow[]): void {
    if (this.closing || !this.parts.link.up) return;
    const leaseEndsMs = this.parts.monotonicMs() + this.leaseMs / 2;
    for (const row of rows.slice(0, Math.max(0, this.room))) this.enqueue({ ...row, leaseEndsMs });
  }

  /** Waits until nothing is under way; what is still waiting stays in PostgreSQL. */
  async close(): Promise<void> {
    this.closing = true;
    await Promise.allSettled(this.deliveries);
    await this.finisher.idle();
  }

  private enqueue(row: WaitingRow): void {
    let lane = this.lanes.get(row.subject);
    if (lane === undefined) {
      lane = { waiting: [], inFlight: 0, isScheduled: false };
      this.lanes.set(row.subject, lane);
    }
    lane.waiting.push(row);
    this.rowsHeld++;
    this.schedule(row.subject, lane);
  }

  // One turn of the event loop gathers what one burst of commits brings, and costs nothing when there is no burst.
  private schedule(subject: string, lane: Lane): void {
    if (lane.isScheduled) return;
    lane.isScheduled = true;
    setImmediate(() => {
      lane.isScheduled = false;
      this.pump(subject, lane);
    });
  }

  private pump(subject: string, lane: Lane): void {
    while (!this.closing && lane.inFlight < this.parts.limits.batchesInFlightMax && lane.waiting.length > 0) {
      const alone = lane.waiting[0]?.alone === true;
      const batch = alone ? lane.waiting.splice(0, 1) : takeBatch(lane.waiting, this.parts.limits);
      this.rowsHeld -= batch.length;
      const nowMs = this.parts.monotonicMs();
      const ours = batch.filter((row) => row.leaseEndsMs > nowMs);
      if (ours.length === 0) continue;
      lane.inFlight++;
      const delivery = this.deliver(subject, lane, ours)
        .catch((error: unknown) => this.parts.log.error(`delivery on ${subject}: ${messageOf(error)}`))
        .finally(() => {
          lane.inFlight--;
          this.deliveries.delete(delivery);
          this.pump(subject, lane);
        });
      this.deliveries.add(delivery);
    }
  }

  private async deliver(subject: string, lane: Lane, batch: readonly WaitingRow[]): Promise<void> {
    this.parts.metrics.sent(batch.length);
    let receipt: Receipt | undefined;
    try {
      receipt = await this.exchange(subject, batch);
    } catch (error) {
      return this.undelivered(subject, lane, batch, error);
    }
    if (receipt === undefined) return this.postpone(batch);
    if (receipt.unreadable !== undefined) return this.unreadable(subject, batch, receipt.unreadable);
    await this.settle(subject, batch, receipt);
  }

  private async exchange(subject: string, batch: readonly WaitingRow[]): Promise<Receipt | undefined> {
    const payload = encodeBatch(batch.map((row) => row.item));
    const wireHeaders = headers();
    wireHeaders.set('Rw-Items', String(batch.length));
    const timeoutMs = this.parts.limits.receiptTimeoutMs;
    const reply = await this.parts.faults.pass<Promise<Msg | undefined>>(
      'batch',
      subject,
      () => this.parts.link.request(subject, payload, { timeoutMs, headers: wireHeaders }),
      () => Promise.resolve(undefined),
    );
    return reply === undefined ? undefined : decodeReceipt(reply.string());
  }

  private async undelivered(subject: string, lane: Lane, batch: readonly WaitingRow[], error: unknown): Promise<void> {
    if (isAppError(error, 'messaging.disconnected')) {
      // On reconnecting everything unfinished becomes due at once; no attempt was spent.
      this.drop(lane);
      return;
    }
    if (isAppError(error, 'messaging.no-responders')) {
      // Known at once, and just as true for everything else in the lane.
      return this.postpone([...batch, ...this.drop(lane)]);
    }
    this.parts.log.warn(`no receipt on ${subject}: ${messageOf(error)}`, { subject, items: batch.length });
    await this.postpone(batch);
  }

  private drop(lane: Lane): WaitingRow[] {
    const rows = lane.waiting.splice(0);
    this.rowsHeld -= rows.length;
    return rows;
  }

  private async settle(subject: string, batch: readonly WaitingRow[], receipt: Receipt): Promise<void> {
    const notTaken = new Set([...receipt.refused, ...receipt.later].map((entry) => entry.id));
    const taken = notTaken.size === 0 ? batch : batch.filter((row) => !notTaken.has(row.messageId));
    this.finisher.finish(taken);
    if (notTaken.size === 0) return;
    const ours = new Map(batch.map((row) => [row.messageId, row]));
    const refused = receipt.refused.filter((entry) => ours.has(entry.id));
    if (refused.length > 0) {
      await this.parts.store.parkSent(refused);
      this.parts.onParked(refused, subject);
    }
    await this.postpone(receipt.later.flatMap((entry) => ours.get(entry.id) ?? []));
  }

  private async unreadable(subject: string, batch: readonly WaitingRow[], entry: ReceiptEntry): Promise<void> {
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) {
      const refused = [{ ...entry, id: only.messageId }];
      await this.parts.store.parkSent(refused);
      return this.parts.onParked(refused, subject);
    }
    for (const row of batch) this.enqueue({ ...row, alone: true });
  }

  private async postpone(rows: readonly OutboxRow[]): Promise<void> {
    if (rows.length === 0) return;
    const delaysMs = rows.map((row) => retryDelayMs(row.attempts, this.parts.random, this.parts.limits));
    await this.parts.store.postpone(
      rows.map((row) => row.messageId),
      delaysMs,
    );
    this.parts.onPostponed(Math.min(...delaysMs));
  }
}
