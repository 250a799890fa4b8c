import { eventTypeOf, subjectOf, type DataOf, type EventDefinition, type ServiceName } from '@rackwright/contracts';
import { AppError, type Clock, type IdFactory } from '@rackwright/kernel';
import type { Tx } from '@rackwright/persistence';
import type { CloudEventAttributes } from './cloud-event.js';
import type { EventPublisher } from './event-publisher.js';
import type { EventRow } from './event.store.js';
import type { MessagingLimits } from './limits.js';
import { currentTraceparent } from './tracing.js';

export interface EmitOptions {
  /** What the event is about, such as an id of a server. */
  readonly subject?: string;
  readonly actor?: string;
}

/** An event with its options, for emitting many at once. */
export interface EventRequest<E extends EventDefinition = EventDefinition> {
  readonly event: E;
  readonly data: DataOf<E>;
  readonly options?: EmitOptions;
}

export interface EventBusParts {
  readonly service: ServiceName;
  readonly publisher: EventPublisher;
  readonly clock: Clock;
  readonly ids: IdFactory;
  readonly limits: MessagingLimits;
}

/** Tells everyone what happened. An event emitted in a committed transaction gets into the stream, sooner or later. */
export class EventBus {
  constructor(private readonly parts: EventBusParts) {}

  /** Writes the event in the caller's transaction; it is published right after the commit. Returns its CloudEvents id. */
  async emit<E extends EventDefinition>(tx: Tx, event: E, data: DataOf<E>, options: EmitOptions = {}): Promise<string> {
    const [id = ''] = await this.emitMany(tx, [{ event, data, options }]);
    return id;
  }

  /** As {@link emit} for many events in one statement; they keep their order. */
  async emitMany(tx: Tx, requests: readonly EventRequest[]): Promise<string[]> {
    const rows = requests.map((request) => this.row(request));
    await this.parts.publisher.add(tx, rows);
    return rows.map((row) => row.eventId);
  }

  private row({ event, data, options = {} }: EventRequest): EventRow {
    if (event.service !== this.parts.service) {
      throw new AppError('messaging.foreign-message', `${subjectOf(event)} is ${event.service}'s to emit`);
    }
    const traceparent = currentTraceparent();
    const attributes: CloudEventAttributes = {
      id: this.parts.ids.newId('event'),
      type: eventTypeOf(event),
      source: `/rackwright/${this.parts.service}`,
      time: this.parts.clock.now().toISOString(),
      ...(options.subject === undefined ? {} : { subject: options.subject }),
      ...(options.actor === undefined ? {} : { authid: options.actor }),
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    const body = JSON.stringify(data);
    const bytes = Buffer.byteLength(body);
    if (bytes > this.parts.limits.itemBytesMax) {
      throw new AppError('messaging.too-large', `the event is ${bytes} bytes long`, {
        details: { bytes, event: subjectOf(event) },
      });
    }
    return {
      eventId: attributes.id,
      subject: subjectOf(event),
      headers: JSON.stringify(attributes),
      body,
      attempts: 0,
    };
  }
}
