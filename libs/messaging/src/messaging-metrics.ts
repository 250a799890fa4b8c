import { metrics, type MetricsRegistry } from '@rackwright/observability';
import type { Backlog } from './outbox.store.js';

const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/** Figures of this library. */
export class MessagingMetrics {
  private readonly batchItems;
  private readonly takenTotal;
  private readonly duplicatesTotal;
  private readonly parkedTotal;
  private readonly intakeWaiting;
  private readonly outboxRows;
  private readonly outboxOldest;
  private readonly parkedNow;

  constructor(registry: MetricsRegistry = metrics) {
    this.batchItems = registry.histogram({
      name: 'messaging_batch_items',
      help: 'Messages per batch sent and per transaction taken',
      buckets: BATCH_BUCKETS,
    });
    this.takenTotal = registry.counter({ name: 'messaging_taken_total', help: 'Messages committed in the inbox' });
    this.duplicatesTotal = registry.counter({
      name: 'messaging_duplicates_total',
      help: 'Messages that were in the inbox already',
    });
    this.parkedTotal = registry.counter({
      name: 'messaging_parked_total',
      help: 'Messages parked for a person, by code',
    });
    this.intakeWaiting = registry.gauge({
      name: 'messaging_intake_waiting',
      help: 'Messages received and not yet in a transaction',
    });
    this.outboxRows = registry.gauge({ name: 'messaging_outbox_rows', help: 'Messages without a receipt' });
    this.outboxOldest = registry.gauge({
      name: 'messaging_outbox_oldest_age_seconds',
      help: 'Age of the oldest message without a receipt',
    });
    this.parkedNow = registry.gauge({ name: 'messaging_parked', help: 'Parked messages nobody has settled' });
  }

  sent(items: number): void {
    this.batchItems.record(items, { direction: 'sent' });
  }

  intake(consumer: string, fresh: number, repeated: number): void {
    this.batchItems.record(fresh + repeated, { direction: 'taken' });
    this.takenTotal.add(fresh, { consumer });
    if (repeated > 0) this.duplicatesTotal.add(repeated, { consumer });
  }

  parked(code: string): void {
    this.parkedTotal.add(1, { code });
  }

  waiting(change: number): void {
    this.intakeWaiting.add(change);
  }

  backlog(backlog: Backlog): void {
    this.outboxRows.set(backlog.rows);
    this.outboxOldest.set(backlog.oldestAgeSeconds);
    this.parkedNow.set(backlog.parked);
  }
}
