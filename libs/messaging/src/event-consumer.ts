import { jetstream, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { EVENTS_STREAM, SERVICES, subjectOf, type EventDefinition, type ServiceName } from '@rackwright/contracts';
import { messageOf, type Clock } from '@rackwright/kernel';
import type { Tx } from '@rackwright/persistence';
import { fromHeaders, type CloudEventAttributes } from './cloud-event.js';
import type { EventStream } from './event-stream.js';
import { GroupTaker, type Checked, type TakerParts } from './group-taker.js';
import type { EventHandler } from './handlers.js';
import type { Incoming } from './intake.js';
import { REFUSALS } from './receipt.js';
import { durableNameOf } from './stream-names.js';
import { inTrace } from './tracing.js';

interface IncomingEvent extends Incoming {
  readonly attributes: CloudEventAttributes | undefined;
  readonly sequence: number;
  readonly message: JsMsg;
}

const GROUP_MAX = 256;
const RESTART_MS = 250;

/** Takes events of one kind: inbox row and effect in one transaction, acknowledged after its commit. */
class EventTaker extends GroupTaker<unknown> {
  constructor(
    private readonly definition: EventDefinition,
    private readonly handle: EventHandler,
    consumer: string,
    parts: TakerParts,
  ) {
    super(consumer, parts);
  }

  protected check(incoming: Incoming): Checked<unknown> {
    if ((incoming as IncomingEvent).attributes === undefined) {
      return { incoming, problem: { code: REFUSALS.malformed, message: 'it is no CloudEvents 1.0 event' } };
    }
    const parsed = this.definition.data.safeParse(incoming.item.body);
    if (parsed.success) return { incoming, value: parsed.data };
    const issues = parsed.error.issues
      .slice(0, 5)
      .map((issue) => `${issue.path.join('.') || 'data'}: ${issue.message}`);
    return { incoming, problem: { code: REFUSALS.invalidInput, message: issues.join('; ') } };
  }

  protected async apply(tx: Tx, fresh: readonly Checked<unknown>[]): Promise<void> {
    for (const { incoming, value } of fresh) {
      const { attributes, sequence, subject } = incoming as IncomingEvent;
      if (attributes === undefined) continue;
      const { id: eventId, source, time, traceparent } = attributes;
      await inTrace(traceparent, subject, () =>
        this.handle(value, { tx, eventId, source, sequence, time: new Date(time) }),
      );
    }
  }

  protected async onParking(): Promise<void> {
    // Nobody asked for an event to be handled, so nobody is told; the parked row, the log and the metric say it.
  }
}

export interface ConsumerParts extends TakerParts {
  readonly service: ServiceName;
  readonly stream: EventStream;
  readonly clock: Clock;
}

/**
 * A durable pull consumer with an inbox behind it. It starts anew after every reconnect and whenever the server says
 * that its consumer or the stream is gone; what is then delivered again meets its inbox row.
 */
export class EventConsumer {
  private readonly durable: string;
  private readonly subject: string;
  private readonly taker: EventTaker;
  private readonly waiting: JsMsg[] = [];
  private messages: ConsumerMessages | undefined;
  private running: Promise<void> | undefined;
  private taking: Promise<void> | undefined;
  private generation = 0;
  private readonly closed = new AbortController();

  constructor(
    definition: EventDefinition,
    handle: EventHandler,
    private readonly parts: ConsumerParts,
  ) {
    this.subject = subjectOf(definition);
    this.durable = durableNameOf(parts.service, this.subject);
    this.taker = new EventTaker(definition, handle, this.durable, parts);
  }

  /** Starts on this connection, ending whatever ran before. */
  restart(connection: NatsConnection): void {
    const generation = ++this.generation;
    this.messages?.stop();
    const before = this.running;
    this.running = (async () => {
      await before;
      while (generation === this.generation && !this.closed.signal.aborted) {
        await this.consume(connection).catch((error: unknown) => {
          if (generation === this.generation) this.parts.log.warn(`events ${this.durable}: ${messageOf(error)}`);
        });
        await this.parts.clock.sleep(RESTART_MS, this.closed.signal).catch(() => undefined);
      }
    })();
  }

  async close(): Promise<void> {
    this.generation++;
    this.closed.abort();
    this.messages?.stop();
    this.waiting.length = 0;
    await this.running;
    await this.taking;
  }

  private async consume(connection: NatsConnection): Promise<void> {
    await this.parts.stream.ensureConsumer(connection, this.durable, this.subject);
    const consumer = await jetstream(connection).consumers.get(EVENTS_STREAM, this.durable);
    const messages = await consumer.consume({
      max_messages: 500,
      idle_heartbeat: 5_000,
      expires: 30_000,
      callback: (message) => this.receive(message),
    });
    this.messages = messages;
    if (this.closed.signal.aborted) messages.stop();
    void this.watch(messages);
    await messages.closed();
  }

  private async watch(messages: ConsumerMessages): Promise<void> {
    for await (const status of messages.status()) {
      const isGone =
        status.type === 'consumer_not_found' ||
        status.type === 'stream_not_found' ||
        status.type === 'consumer_deleted' ||
        status.type === 'no_responders' ||
        status.type === 'heartbeats_missed';
      if (isGone) messages.stop();
    }
  }

  private receive(message: JsMsg): void {
    if (this.closed.signal.aborted) return;
    this.waiting.push(message);
    this.taking ??= new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.takeAll())
      .finally(() => {
        this.taking = undefined;
      });
  }

  private async takeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const messages = this.waiting.splice(0, GROUP_MAX);
      const incoming = messages.map((message) => toIncoming(message));
      const verdicts = await this.taker.take(incoming);
      messages.forEach((message, index) => {
        const verdict = verdicts[index];
        if (verdict === undefined) message.ack();
        // Without a reason: servers before 2.10 take a reason for an ordinary acknowledgement and deliver again.
        else if (verdict.kind === 'refused') message.term();
        else message.nak(this.parts.limits.retryBaseMs * 2 ** Math.min(message.info.deliveryCount, 6));
      });
    }
  }
}

function toIncoming(message: JsMsg): IncomingEvent {
  const attributes = fromHeaders(message.headers);
  return {
    subject: message.subject,
    message,
    attributes,
    sequence: message.seq,
    bytes: message.data.length,
    raw: () => message.data,
    item: { id: attributes?.id ?? `stream:${message.seq}`, from: SERVICES[0], body: parse(message) },
  };
}

function parse(message: JsMsg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
