import { headers, type Msg, type NatsConnection, type Subscription } from '@nats-io/nats-core';
import { AppError, isAppError, messageOf } from '@rackwright/kernel';
import { decodeBatch, type Item } from './envelope.js';
import type { FaultGate } from './fault-gate.js';
import type { MessagingLimits } from './limits.js';
import type { MessagingLog } from './messaging-log.js';
import type { MessagingMetrics } from './messaging-metrics.js';
import { encodeReceipt, REFUSALS, type Receipt, type ReceiptEntry } from './receipt.js';

/** One item as it came in. */
export interface Incoming {
  readonly subject: string;
  readonly item: Item;
  /** The bytes for the evidence, made only when something is wrong. */
  raw(): Uint8Array;
  /** Bytes of the item, or fewer when it is certainly within the limit. */
  readonly bytes: number;
}

/** What became of an item that was not taken. */
export interface Verdict {
  readonly kind: 'refused' | 'later';
  readonly code: string;
  readonly message: string;
}

/** Takes items for good: resolves once each has been committed or has a verdict. Must not throw. */
export interface Taker {
  take(items: readonly Incoming[]): Promise<readonly (Verdict | undefined)[]>;
  /** Keeps the evidence of a batch that could not be read. */
  parkUnreadable(subject: string, raw: Uint8Array, error: AppError): Promise<void>;
}

export interface IntakeParts {
  readonly limits: MessagingLimits;
  readonly log: MessagingLog;
  readonly metrics: MessagingMetrics;
  readonly faults: FaultGate;
}

interface WaitingMessage {
  readonly message: Msg;
  readonly items: readonly Incoming[];
  /** Items of the batch without a valid envelope. */
  readonly broken: readonly ReceiptEntry[];
}

/**
 * The receiving end: gathers all that is waiting into one transaction (group commit) and gives the receipts after it has
 * committed, never before. A few transactions run at once; what comes meanwhile waits, bounded, and beyond the bound the
 * answer is "busy", so that senders keep their rows where they are safe.
 */
export class Intake {
  private readonly waiting: WaitingMessage[] = [];
  private waitingItems = 0;
  private running = 0;
  private isScheduled = false;
  private readonly work = new Set<Promise<void>>();
  private subscription: Subscription | undefined;

  constructor(
    private readonly taker: Taker,
    private readonly parts: IntakeParts,
  ) {}

  /** Joins the queue group of the service: each batch goes to one replica. */
  subscribe(connection: NatsConnection, subject: string, queue: string): void {
    this.subscription = connection.subscribe(subject, {
      queue,
      callback: (error, message) => {
        if (error) return this.parts.log.error(`cannot receive on ${subject}: ${messageOf(error)}`);
        this.receive(message);
      },
    });
  }

  /** Stops listening, finishes what is in hand; what was still waiting gets no receipt and comes again. */
  async close(): Promise<void> {
    this.subscription?.unsubscribe();
    this.waiting.length = 0;
    await Promise.allSettled(this.work);
  }

  private receive(message: Msg): void {
    let decoded: (Item | AppError)[];
    try {
      decoded = decodeBatch(message.data);
    } catch (error) {
      this.track(this.refuseUnreadable(message, error));
      return;
    }
    if (this.waitingItems > 0 && this.waitingItems + decoded.length > this.parts.limits.intakeItemsMax) {
      return this.answer(message, { refused: [], later: decoded.flatMap(busyEntry) });
    }
    this.waiting.push({
      message,
      items: decoded.flatMap((item) =>
        item instanceof AppError ? [] : [this.incoming(message, item, decoded.length)],
      ),
      broken: decoded.flatMap(brokenEntry),
    });
    this.waitingItems += decoded.length;
    this.parts.metrics.waiting(decoded.length);
    this.schedule();
  }

  private incoming(message: Msg, item: Item, count: number): Incoming {
    const raw = (): Uint8Array => (count === 1 ? message.data : Buffer.from(JSON.stringify(item)));
    // Measuring each item means serialising it again: only when one of them may be too long.
    const bytes =
      count === 1 || message.data.length <= this.parts.limits.itemBytesMax ? message.data.length : raw().length;
    return { subject: message.subject, item, raw, bytes };
  }

  // One turn of the event loop: everything that arrived in the same read of the socket is taken together.
  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.pump();
    });
  }

  private pump(): void {
    while (this.running < this.parts.limits.intakeTransactions && this.waiting.length > 0) {
      const batch = this.next();
      this.running++;
      this.track(
        this.takeAndAnswer(batch).finally(() => {
          this.running--;
          this.pump();
        }),
      );
    }
  }

  private next(): WaitingMessage[] {
    let items = 0;
    let count = 0;
    for (const message of this.waiting) {
      if (count > 0 && items + message.items.length > this.parts.limits.intakeTransactionItemsMax) break;
      items += message.items.length;
      count++;
    }
    const batch = this.waiting.splice(0, count);
    const taken = batch.reduce((sum, message) => sum + message.items.length + message.broken.length, 0);
    this.waitingItems -= taken;
    this.parts.metrics.waiting(-taken);
    return batch;
  }

  private async takeAndAnswer(batch: readonly WaitingMessage[]): Promise<void> {
    const verdicts = await this.taker.take(batch.flatMap((message) => message.items));
    let index = 0;
    for (const { message, items, broken } of batch) {
      const refused: ReceiptEntry[] = [...broken];
      const later: ReceiptEntry[] = [];
      for (const { item } of items) {
        const verdict = verdicts[index++];
        if (verdict === undefined) continue;
        (verdict.kind === 'refused' ? refused : later).push({
          id: item.id,
          code: verdict.code,
          message: verdict.message,
        });
      }
      this.answer(message, { refused, later });
    }
  }

  private async refuseUnreadable(message: Msg, error: unknown): Promise<void> {
    const reason = isAppError(error) ? error : new AppError(REFUSALS.malformed, messageOf(error), { cause: error });
    await this.taker.parkUnreadable(message.subject, message.data, reason);
    this.answer(message, {
      refused: [],
      later: [],
      unreadable: { id: '', code: reason.code, message: reason.message },
    });
  }

  private answer(message: Msg, receipt: Receipt): void {
    const send = (): void => {
      const [problem] = receipt.unreadable ? [receipt.unreadable] : receipt.refused;
      if (problem === undefined) return void message.respond(encodeReceipt(receipt));
      const wireHeaders = headers();
      wireHeaders.set('Nats-Service-Error-Code', '422');
      wireHeaders.set('Nats-Service-Error', problem.code);
      message.respond(encodeReceipt(receipt), { headers: wireHeaders });
    };
    void this.parts.faults.pass('receipt', message.subject, send, () => undefined);
  }

  private track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => this.parts.log.error(`intake: ${messageOf(error)}`))
      .finally(() => this.work.delete(tracked));
    this.work.add(tracked);
  }
}

function busyEntry(item: Item | AppError): ReceiptEntry[] {
  return item instanceof AppError ? [] : [{ id: item.id, code: REFUSALS.busy, message: 'the intake is full' }];
}

function brokenEntry(item: Item | AppError): ReceiptEntry[] {
  if (!(item instanceof AppError)) return [];
  const id = item.details['id'];
  return [{ id: typeof id === 'string' ? id : '', code: item.code, message: item.message }];
}
