import type { Database, Tx } from '@rackwright/persistence';

/** An event to publish. */
export interface EventRow {
  readonly eventId: string;
  readonly subject: string;
  /** CloudEvents attributes as message headers, a JSON object. */
  readonly headers: string;
  readonly body: string;
  readonly attempts: number;
}

/** Where an event is in the stream, as far as PostgreSQL knows. */
export interface PublishedMark {
  readonly eventId: string;
  readonly streamSeq: number;
}

interface RawRow {
  readonly event_id: string;
  readonly subject: string;
  readonly headers: string;
  readonly body: string;
  readonly attempts: number;
}

const INSERT = `
  INSERT INTO messaging_event (event_id, subject, headers, body, next_attempt_at)
  SELECT id, subject, headers, body, clock_timestamp() + $5::float8 * interval '1 millisecond'
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS t(id, subject, headers, body, nth) ORDER BY nth`;

const CLAIM = `
  WITH due AS (SELECT event_id FROM messaging_event
      WHERE published_at IS NULL AND next_attempt_at <= clock_timestamp()
      ORDER BY position LIMIT $1 FOR UPDATE SKIP LOCKED),
    claimed AS (UPDATE messaging_event e
      SET attempts = e.attempts + 1, next_attempt_at = clock_timestamp() + $2::float8 * interval '1 millisecond'
      FROM due WHERE e.event_id = due.event_id
      RETURNING e.event_id, e.subject, e.headers, e.body, e.attempts, e.position)
  SELECT event_id, subject, headers, body, attempts FROM claimed ORDER BY position`;

const LAZY = `WITH lazy AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS set)`;

const PUBLISHED = `${LAZY} UPDATE messaging_event e SET published_at = clock_timestamp(), stream_seq = t.seq
  FROM unnest($1::text[], $2::bigint[]) AS t(id, seq), lazy WHERE e.event_id = t.id AND lazy.set = 'off'`;

const POSTPONE = `${LAZY} UPDATE messaging_event e SET next_attempt_at = clock_timestamp() + t.delay_ms * interval '1 millisecond'
  FROM unnest($1::text[], $2::float8[]) AS t(id, delay_ms), lazy
  WHERE e.event_id = t.id AND e.published_at IS NULL AND lazy.set = 'off'`;

/** The statements of the event table. */
export class EventStore {
  constructor(private readonly database: Database) {}

  async insert(tx: Tx, rows: readonly EventRow[], leaseMs: number): Promise<void> {
    await tx.prepared('rw-event-insert', INSERT, [
      rows.map((row) => row.eventId),
      rows.map((row) => row.subject),
      rows.map((row) => row.headers),
      rows.map((row) => row.body),
      leaseMs,
    ]);
  }

  /** Due events in the order they were made. */
  async claim(limit: number, leaseMs: number): Promise<EventRow[]> {
    const rows = await this.database.prepared<RawRow>('rw-event-claim', CLAIM, [limit, leaseMs]);
    return rows.map(({ event_id: eventId, ...rest }) => ({ eventId, ...rest }));
  }

  async published(marks: readonly PublishedMark[]): Promise<void> {
    await this.database.prepared('rw-event-published', PUBLISHED, [
      marks.map((mark) => mark.eventId),
      marks.map((mark) => mark.streamSeq),
    ]);
  }

  async postpone(eventIds: readonly string[], delaysMs: readonly number[]): Promise<void> {
    await this.database.prepared('rw-event-postpone', POSTPONE, [eventIds, delaysMs]);
  }

  /** Everything unpublished is due now. */
  async expedite(): Promise<void> {
    await this.database.query(
      'UPDATE messaging_event SET next_attempt_at = clock_timestamp() WHERE published_at IS NULL',
    );
  }

  /** True when this service has kept any event. */
  async isUsed(): Promise<boolean> {
    const [row] = await this.database.query<{ used: boolean }>('SELECT EXISTS (SELECT 1 FROM messaging_event) AS used');
    return row?.used ?? false;
  }

  /** The published event that is furthest in the stream, as far as we were told. */
  async newestMark(): Promise<PublishedMark | undefined> {
    const [row] = await this.database.query<{ event_id: string; stream_seq: number }>(
      'SELECT event_id, stream_seq FROM messaging_event WHERE published_at IS NOT NULL ORDER BY stream_seq DESC LIMIT 1',
    );
    return row === undefined ? undefined : { eventId: row.event_id, streamSeq: row.stream_seq };
  }

  /**
   * Makes all kept events due again: the stream lost some, and which ones only it could tell. Those that are still there
   * are recognised by their id, in the server for a while and in every consumer's inbox for good.
   */
  async rearm(): Promise<number> {
    const rows = await this.database.query(
      `UPDATE messaging_event SET published_at = NULL, stream_seq = NULL, attempts = 0, next_attempt_at = clock_timestamp()
       WHERE published_at IS NOT NULL RETURNING 1`,
    );
    return rows.length;
  }
}
