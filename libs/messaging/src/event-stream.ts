import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamInfo,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { ALL_EVENTS_SUBJECT, EVENTS_STREAM } from '@rackwright/contracts';
import type { EventStore, PublishedMark } from './event.store.js';
import type { MessagingLimits } from './limits.js';
import type { MessagingLog } from './messaging-log.js';

const NS_PER_MS = 1_000_000;
const DUPLICATE_WINDOW_MS = 600_000;
const ACK_WAIT_MS = 30_000;

/** The stream `EVENTS`: made when it is missing, compared with PostgreSQL, and refilled when it lost something. */
export class EventStream {
  constructor(
    private readonly store: EventStore,
    private readonly limits: MessagingLimits,
    private readonly log: MessagingLog,
  ) {}

  /** The stream as it is; made when missing. Any service may be the first. */
  async ensure(connection: NatsConnection): Promise<StreamInfo> {
    const manager = await managerOf(connection);
    try {
      return await manager.streams.info(EVENTS_STREAM);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const { streamBytesMax, streamAgeMaxMs, streamReplicas } = this.limits;
    const info = await manager.streams.add({
      name: EVENTS_STREAM,
      subjects: [ALL_EVENTS_SUBJECT],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_bytes: streamBytesMax,
      max_age: streamAgeMaxMs * NS_PER_MS,
      duplicate_window: DUPLICATE_WINDOW_MS * NS_PER_MS,
      num_replicas: streamReplicas,
    });
    this.log.info('made the event stream');
    return info;
  }

  /**
   * Looks whether our newest published event is where the stream said it was. When it is not, the store was wiped or an
   * older copy of it came back, and all kept events become due again. Returns how many.
   */
  async refill(connection: NatsConnection): Promise<number> {
    const info = await this.ensure(connection);
    const newest = await this.store.newestMark();
    if (newest === undefined || (await isThere(connection, info, newest))) return 0;
    const count = await this.store.rearm();
    if (count > 0) this.log.warn('the event stream lost events; publishing all kept ones again', { events: count });
    return count;
  }

  /** The durable consumer for one subject, made when missing: from the first event there is. */
  async ensureConsumer(connection: NatsConnection, durable: string, subject: string): Promise<void> {
    await this.ensure(connection);
    const manager = await managerOf(connection);
    try {
      await manager.consumers.info(EVENTS_STREAM, durable);
      return;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    // One filter_subject: servers before 2.10 know no more.
    await manager.consumers.add(EVENTS_STREAM, {
      durable_name: durable,
      filter_subject: subject,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: ACK_WAIT_MS * NS_PER_MS,
      max_ack_pending: 1_000,
      max_deliver: -1,
    });
  }
}

/** Without asking for account limits, which a least-privilege user may not. */
export function managerOf(connection: NatsConnection): Promise<JetStreamManager> {
  return jetstreamManager(connection, { checkAPI: false });
}

async function isThere(connection: NatsConnection, info: StreamInfo, mark: PublishedMark): Promise<boolean> {
  // Aged out in good order.
  if (mark.streamSeq < info.state.first_seq) return true;
  if (mark.streamSeq > info.state.last_seq) return false;
  try {
    const stored = await (await managerOf(connection)).streams.getMessage(EVENTS_STREAM, { seq: mark.streamSeq });
    return stored?.header.get('Nats-Msg-Id') === mark.eventId;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** 404 of the JetStream API: no such stream, consumer or message. */
export function isNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status === 404;
}
