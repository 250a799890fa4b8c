import { metrics, type Counter, type Histogram } from '@opentelemetry/api';
import type { Backlog } from './outbox.store.js';

/** Figures of this library. Without an OpenTelemetry SDK in the process each of them is an empty call. */
export class MessagingMetrics {
  private readonly batchSize: Histogram;
  private readonly taken: Counter;
  private readonly duplicates: Counter;
  private readonly parkedTotal: Counter;
  private readonly intakeWaiting: { add(value: number): void };
  private last: Backlog = { rows: 0, oldestAgeSeconds: 0, parked: 0 };

  constructor() {
    // Asked for here and not at import time: the SDK registers itself before the service is built.
    const meter = metrics.getMeter('rackwright.messaging');
    this.batchSize = meter.createHistogram('rackwright_messaging_batch_items', {
      description: 'Messages per batch sent, and per transaction taken',
      advice: { explicitBucketBoundaries: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] },
    });
    this.taken = meter.createCounter('rackwright_messaging_taken_total', {
      description: 'Messages committed in the inbox',
    });
    this.duplicates = meter.createCounter('rackwright_messaging_duplicates_total', {
      description: 'Messages that were in the inbox already',
    });
    this.parkedTotal = meter.createCounter('rackwright_messaging_parked_total', {
      description: 'Messages parked for a person, by code',
    });
    this.intakeWaiting = meter.createUpDownCounter('rackwright_messaging_intake_waiting', {
      description: 'Messages received and not yet in a transaction',
    });
    meter
      .createObservableGauge('rackwright_messaging_outbox_rows', { description: 'Rows without a receipt' })
      .addCallback((result) => result.observe(this.last.rows));
    meter
      .createObservableGauge('rackwright_messaging_outbox_oldest_age_seconds', {
        description: 'Age of the oldest such row',
      })
      .addCallback((result) => result.observe(this.last.oldestAgeSeconds));
    meter
      .createObservableGauge('rackwright_messaging_parked', { description: 'Parked messages nobody has settled' })
      .addCallback((result) => result.observe(this.last.parked));
  }

  sent(items: number): void {
    this.batchSize.record(items, { direction: 'sent' });
  }

  intake(consumer: string, fresh: number, repeated: number): void {
    this.batchSize.record(fresh + repeated, { direction: 'taken' });
    this.taken.add(fresh, { consumer });
    if (repeated > 0) this.duplicates.add(repeated, { consumer });
  }

  parked(code: string, count = 1): void {
    this.parkedTotal.add(count, { code });
  }

  waiting(change: number): void {
    this.intakeWaiting.add(change);
  }

  backlog(backlog: Backlog): void {
    this.last = backlog;
  }
}
