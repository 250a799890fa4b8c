import { jetstream, type PubAck } from '@nats-io/jetstream';
import { AppError, messageOf, type RandomSource } from '@rackwright/kernel';
import type { Tx } from '@rackwright/persistence';
import { retryDelayMs } from './backoff.js';
import { toHeaders, type CloudEventAttributes } from './cloud-event.js';
import type { EventRow, EventStore, PublishedMark } from './event.store.js';
import type { FaultGate } from './fault-gate.js';
import type { MessagingLimits } from './limits.js';
import type { MessagingLog } from './messaging-log.js';
import { requestError, type NatsLink } from './nats-link.js';

export interface PublisherParts {
  readonly link: NatsLink;
  readonly store: EventStore;
  readonly limits: MessagingLimits;
  readonly random: RandomSource;
  readonly log: MessagingLog;
  readonly faults: FaultGate;
  readonly onPostponed: (delayMs: number) => void;
  /** The stream is not there, or an acknowledgement shows that it went back. */
  readonly onStreamLost: () => void;
}

const IN_FLIGHT_MAX = 200;
const WAITING_MAX = 10_000;

/** Publishes events to the stream in the order they were made; what fails is due again later. */
export class EventPublisher {
  private readonly waiting: EventRow[] = [];
  private running: Promise<void> | undefined;
  private newestSeq = 0;
  private closing = false;

  constructor(private readonly parts: PublisherParts) {}

  get leaseMs(): number {
    return this.parts.limits.receiptTimeoutMs * 2;
  }

  get room(): number {
    return WAITING_MAX - this.waiting.length;
  }

  async add(tx: Tx, rows: readonly EventRow[]): Promise<void> {
    if (rows.length === 0) return;
    await this.parts.store.insert(tx, rows, this.leaseMs);
    tx.afterCommit(() => this.send(rows));
  }

  send(rows: readonly EventRow[]): void {
    if (rows.length === 0 || this.closing || !this.parts.link.up || rows.length > this.room) return;
    this.waiting.push(...rows);
    // The first turn of the loop comes later, so that one burst of commits goes out together.
    this.running ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.run());
  }

  async close(): Promise<void> {
    this.closing = true;
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      while (!this.closing && this.waiting.length > 0) await this.publishSome(this.waiting.splice(0, IN_FLIGHT_MAX));
    } catch (error) {
      this.parts.log.warn(`publishing events: ${messageOf(error)}`);
    } finally {
      this.running = undefined;
    }
  }

  private async publishSome(rows: readonly EventRow[]): Promise<void> {
    const results = await Promise.allSettled(rows.map((row) => this.publish(row)));
    const marks: PublishedMark[] = [];
    const failed: EventRow[] = [];
    let problem: AppError | undefined;
    results.forEach((result, index) => {
      const row = rows[index];
      if (row === undefined) return;
      if (result.status === 'fulfilled') marks.push({ eventId: row.eventId, streamSeq: result.value.seq });
      else {
        failed.push(row);
        problem = requestError(result.reason, row.subject);
      }
    });
    if (marks.length > 0) await this.parts.store.published(marks);
    if (problem !== undefined) await this.putOff(failed, problem);
  }

  private async publish(row: EventRow): Promise<PubAck> {
    const connection = this.parts.link.current;
    if (connection === undefined || !this.parts.link.up)
      throw new AppError('messaging.disconnected', 'not connected to NATS');
    const attributes = JSON.parse(row.headers) as CloudEventAttributes;
    const send = (): Promise<PubAck> =>
      jetstream(connection).publish(row.subject, row.body, {
        msgID: row.eventId,
        headers: toHeaders(attributes),
        timeout: this.parts.limits.receiptTimeoutMs,
        retries: 0,
      });
    const lost = (): Promise<PubAck> =>
      Promise.reject(new AppError('messaging.no-answer', 'the event was lost on its way'));
    const ack = await this.parts.faults.pass('event', row.subject, send, lost);
    // Sequences only go up; one that does not means that this is another stream, or an old copy of it.
    if (!ack.duplicate) {
      const wentBack = ack.seq <= this.newestSeq;
      this.newestSeq = ack.seq;
      if (wentBack) this.parts.onStreamLost();
    }
    return ack;
  }

  private async putOff(rows: readonly EventRow[], problem: AppError): Promise<void> {
    if (problem.code !== 'messaging.disconnected') {
      // A missing stream shows as silence, and the client words it differently by version: looking is cheap.
      this.parts.onStreamLost();
      this.parts.log.warn(`events were not published: ${problem.message}`, { events: rows.length, code: problem.code });
    }
    const delaysMs = rows.map((row) => retryDelayMs(row.attempts, this.parts.random, this.parts.limits));
    await this.parts.store.postpone(
      rows.map((row) => row.eventId),
      delaysMs,
    );
    this.parts.onPostponed(Math.min(...delaysMs));
  }
}
