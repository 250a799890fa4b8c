import { DeliverPolicy, jetstream, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { ALL_EVENTS_SUBJECT, EVENTS_STREAM, parseSubject, type ServiceName } from '@rackwright/contracts';
import { messageOf, type Clock } from '@rackwright/kernel';
import { fromHeaders } from './cloud-event.js';
import type { EventStream } from './event-stream.js';
import type { MessagingLog } from './messaging-log.js';
import type { NatsLink } from './nats-link.js';

/** An event as it stands in the stream. */
export interface StreamEvent {
  readonly kind: 'event';
  /** Place in the stream; resume with the next one. */
  readonly sequence: number;
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly time: Date;
  readonly service: ServiceName | undefined;
  readonly name: string;
  /** What it is about. */
  readonly about?: string;
  readonly actor?: string;
  readonly data: unknown;
}

/** Events before this place are missing: the stream discarded them, or it was lost and refilled from its start. */
export interface StreamGap {
  readonly kind: 'gap';
  readonly reason: 'discarded' | 'refilled';
  /** The place that was wanted, and the first that is given. */
  readonly wantedSequence: number;
  readonly nextSequence: number;
}

export type StoredEvent = StreamEvent | StreamGap;

export interface ReadOptions {
  /** First place wanted. Default: only events from now on. */
  readonly fromSequence?: number;
  readonly filter?: (event: StreamEvent) => boolean;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

const RETRY_MS = 200;

/**
 * Reads the stream of all events: replay from a place, then follow. At least once: an event may come again after a
 * refill, with the same id. Survives reconnects and says `gap` instead of skipping anything silently.
 */
export class EventReader {
  constructor(
    private readonly link: NatsLink,
    private readonly stream: EventStream,
    private readonly clock: Clock,
    private readonly log: MessagingLog,
  ) {}

  async *read({ fromSequence, filter, signal }: ReadOptions): AsyncIterable<StoredEvent> {
    let next = fromSequence;
    let madeAt: string | undefined;
    while (!signal.aborted) {
      const connection = await this.connection(signal);
      if (connection === undefined) return;
      try {
        const { state, created } = await this.stream.ensure(connection);
        next ??= state.last_seq + 1;
        const gap = gapOf(next, state.first_seq, state.last_seq, madeAt !== undefined && madeAt !== String(created));
        madeAt = String(created);
        if (gap !== undefined) {
          next = gap.nextSequence;
          yield gap;
        }
        for await (const message of this.messages(connection, next, signal)) {
          next = message.seq + 1;
          const event = toEvent(message);
          if (event !== undefined && (filter === undefined || filter(event))) yield event;
        }
      } catch (error) {
        this.log.warn(`reading events: ${messageOf(error)}`);
      }
      await this.clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }

  /** Messages of one consumer; ends when the connection went, the stream is gone, or the reader is done. */
  private async *messages(connection: NatsConnection, fromSequence: number, signal: AbortSignal): AsyncIterable<JsMsg> {
    const consumer = await jetstream(connection).consumers.get(EVENTS_STREAM, {
      filter_subjects: ALL_EVENTS_SUBJECT,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: fromSequence,
    });
    const messages = await consumer.consume({ max_messages: 200, idle_heartbeat: 2_000, expires: 10_000 });
    const stop = (): void => void messages.stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const stopWatching = this.link.onDown(stop);
    void stopWhenGone(messages);
    try {
      yield* messages;
    } finally {
      stopWatching();
      signal.removeEventListener('abort', stop);
      stop();
      await consumer.delete().catch(() => undefined);
    }
  }

  private async connection(signal: AbortSignal): Promise<NatsConnection | undefined> {
    while (!signal.aborted) {
      if (this.link.up && this.link.current !== undefined) return this.link.current;
      await this.clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
    return undefined;
  }
}

async function stopWhenGone(messages: ConsumerMessages): Promise<void> {
  for await (const { type } of messages.status()) {
    // The client would make its ordered consumer again by itself, from a place that may no longer mean the same.
    if (type === 'stream_not_found' || type === 'ordered_consumer_recreated' || type === 'heartbeats_missed')
      messages.stop();
  }
}

function gapOf(next: number, firstSeq: number, lastSeq: number, isOther: boolean): StreamGap | undefined {
  const first = Math.max(1, firstSeq);
  const gap = { kind: 'gap' as const, wantedSequence: next, nextSequence: first };
  if (isOther || next > lastSeq + 1) return { ...gap, reason: 'refilled' };
  if (next < first && lastSeq > 0) return { ...gap, reason: 'discarded' };
  return undefined;
}

function toEvent(message: JsMsg): StreamEvent | undefined {
  const attributes = fromHeaders(message.headers);
  if (attributes === undefined) return undefined;
  const parts = parseSubject(message.subject);
  return {
    kind: 'event',
    sequence: message.seq,
    id: attributes.id,
    type: attributes.type,
    source: attributes.source,
    time: new Date(attributes.time),
    service: parts?.service,
    name: parts?.name ?? message.subject,
    ...(attributes.subject === undefined ? {} : { about: attributes.subject }),
    ...(attributes.authid === undefined ? {} : { actor: attributes.authid }),
    data: message.json(),
  };
}
