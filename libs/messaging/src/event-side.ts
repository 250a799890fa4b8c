import type { NatsConnection } from '@nats-io/nats-core';
import type { ServiceName } from '@rackwright/contracts';
import type { Clock, IdFactory, RandomSource } from '@rackwright/kernel';
import { EventBus } from './event-bus.js';
import { EventConsumer } from './event-consumer.js';
import { EventPublisher } from './event-publisher.js';
import { EventReader } from './event-reader.js';
import { EventStream } from './event-stream.js';
import { EventStore } from './event.store.js';
import type { FaultGate } from './fault-gate.js';
import type { TakerParts } from './group-taker.js';
import type { HandlerRegistry } from './handlers.js';
import type { NatsLink } from './nats-link.js';
import { Sweeper } from './sweeper.js';

const SWEEP_ROWS = 500;

export interface EventSideParts extends TakerParts {
  readonly service: ServiceName;
  readonly link: NatsLink;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly ids: IdFactory;
  readonly faults: FaultGate;
  readonly registry: HandlerRegistry;
}

/** Everything about events in one process: emitting, publishing, refilling, listening, reading. */
export class EventSide {
  readonly bus: EventBus;
  readonly reader: EventReader;
  private readonly store: EventStore;
  private readonly stream: EventStream;
  private readonly publisher: EventPublisher;
  private readonly sweeper: Sweeper;
  private readonly check: Sweeper;
  private consumers: EventConsumer[] | undefined;

  constructor(private readonly parts: EventSideParts) {
    const { database, limits, log, link, clock, random, faults, service, ids } = parts;
    this.store = new EventStore(database);
    this.stream = new EventStream(this.store, limits, log);
    const sweep = { clock, intervalMs: limits.sweepIntervalMs, log, name: 'event sweeper' };
    this.sweeper = new Sweeper(() => this.sweep(), sweep);
    this.check = new Sweeper(() => this.refill(), {
      clock,
      intervalMs: limits.streamCheckIntervalMs,
      log,
      name: 'event stream',
    });
    this.publisher = new EventPublisher({
      link,
      store: this.store,
      limits,
      random,
      log,
      faults,
      onPostponed: (delayMs) => this.sweeper.wake(delayMs),
      onStreamLost: () => this.check.wake(),
    });
    this.bus = new EventBus({ service, publisher: this.publisher, clock, ids, limits });
    this.reader = new EventReader(link, this.stream, clock, log);
  }

  /** The server can be reached (again): whatever consumers there were may be gone with its store. */
  listen(connection: NatsConnection): void {
    this.consumers ??= [...this.parts.registry.events.values()].map(
      ({ definition, handle }) => new EventConsumer(definition, handle, { ...this.parts, stream: this.stream }),
    );
    for (const consumer of this.consumers) consumer.restart(connection);
  }

  /** What waits is due now. */
  async resume(): Promise<void> {
    await this.store.expedite();
  }

  startSweeping(): void {
    this.sweeper.start();
    this.check.start();
  }

  async close(): Promise<void> {
    await Promise.all([this.sweeper.stop(), this.check.stop()]);
    await Promise.all((this.consumers ?? []).map((consumer) => consumer.close()));
    await this.publisher.close();
  }

  private async sweep(): Promise<boolean> {
    const limit = Math.min(SWEEP_ROWS, this.publisher.room);
    if (!this.parts.link.up || limit <= 0) return false;
    const rows = await this.store.claim(limit, this.publisher.leaseMs);
    this.publisher.send(rows);
    return rows.length === limit;
  }

  /** Only who has published anything can know what the stream should have. */
  private async refill(): Promise<boolean> {
    const { link } = this.parts;
    const connection = link.current;
    if (connection === undefined || !link.up || !(await this.store.isUsed())) return false;
    if ((await this.stream.refill(connection)) > 0) this.sweeper.wake();
    return false;
  }
}
