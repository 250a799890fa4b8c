import type { Database, Tx } from '@rackwright/persistence';

/** One row to send: its wire form is ready. */
export interface OutboxRow {
  readonly messageId: string;
  readonly kind: 'command' | 'outcome';
  readonly subject: string;
  readonly item: string;
  readonly attempts: number;
}

export interface Backlog {
  readonly rows: number;
  readonly oldestAgeSeconds: number;
  readonly parked: number;
}

interface RawRow {
  readonly message_id: string;
  readonly kind: OutboxRow['kind'];
  readonly subject: string;
  readonly item: string;
  readonly attempts: number;
}

const INSERT = `
  INSERT INTO messaging_outbox (message_id, kind, subject, item, next_attempt_at)
  SELECT id, kind, subject, item, clock_timestamp() + $5::float8 * interval '1 millisecond'
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS t(id, kind, subject, item) ORDER BY id
  ON CONFLICT (message_id) DO NOTHING RETURNING message_id`;

const CLAIM = `
  UPDATE messaging_outbox o
  SET attempts = o.attempts + 1,
      next_attempt_at = clock_timestamp() + $2::float8 * interval '1 millisecond'
  FROM (SELECT message_id FROM messaging_outbox
        WHERE finished_at IS NULL AND next_attempt_at <= clock_timestamp()
        ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED) due
  WHERE o.message_id = due.message_id
  RETURNING o.message_id, o.kind, o.subject, o.item, o.attempts`;

// Losing one of these in a crash costs a repeat that the inbox makes harmless, so it need not wait for the disk.
const LAZY = `WITH lazy AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS set)`;

const FINISH_COMMANDS = `${LAZY} DELETE FROM messaging_outbox USING lazy
  WHERE message_id = ANY($1::text[]) AND kind = 'command' AND lazy.set = 'off'`;

const FINISH_OUTCOMES = `${LAZY} UPDATE messaging_outbox SET finished_at = clock_timestamp() FROM lazy
  WHERE message_id = ANY($1::text[]) AND kind = 'outcome' AND finished_at IS NULL AND lazy.set = 'off'`;

const POSTPONE = `${LAZY} UPDATE messaging_outbox o
  SET next_attempt_at = clock_timestamp() + t.delay_ms * interval '1 millisecond'
  FROM unnest($1::text[], $2::float8[]) AS t(id, delay_ms), lazy
  WHERE o.message_id = t.id AND o.finished_at IS NULL AND lazy.set = 'off'`;

const REARM_OUTCOMES = `
  UPDATE messaging_outbox
  SET finished_at = NULL, attempts = 0, next_attempt_at = clock_timestamp() + $2::float8 * interval '1 millisecond'
  WHERE message_id = ANY($1::text[]) AND finished_at IS NOT NULL
  RETURNING message_id, kind, subject, item, attempts`;

const PARK_SENT = `
  WITH gone AS (DELETE FROM messaging_outbox o USING unnest($1::text[], $2::text[], $3::text[]) AS t(id, code, error)
    WHERE o.message_id = t.id RETURNING o.message_id, o.subject, o.item, o.attempts, t.code, t.error)
  INSERT INTO messaging_parked (side, consumer, message_id, subject, code, error, attempts, raw)
  SELECT 'sent', 'outbox', message_id, subject, code, error, attempts + 1, convert_to(item, 'UTF8') FROM gone
  ON CONFLICT (side, consumer, message_id) DO UPDATE SET settled_at = NULL, parked_at = now()`;

/** The statements of the outbox: all multi-row, all prepared. */
export class OutboxStore {
  constructor(private readonly database: Database) {}

  /**
   * Adds rows in the caller's transaction and returns those that were not there yet. A first send follows at once, so
   * the sweeper leaves them alone for `leaseMs`.
   */
  async insert(tx: Tx, rows: readonly OutboxRow[], leaseMs: number): Promise<OutboxRow[]> {
    const added = await tx.prepared<{ message_id: string }>('rw-outbox-insert', INSERT, [
      rows.map((row) => row.messageId),
      rows.map((row) => row.kind),
      rows.map((row) => row.subject),
      rows.map((row) => row.item),
      leaseMs,
    ]);
    if (added.length === rows.length) return [...rows];
    const ids = new Set(added.map((row) => row.message_id));
    // The same id twice in one call was inserted once; send it once.
    return rows.filter((row) => ids.delete(row.messageId));
  }

  /** Takes due rows for this replica until the lease ends; replicas never wait for each other (SKIP LOCKED). */
  async claim(limit: number, leaseMs: number): Promise<OutboxRow[]> {
    return (await this.database.prepared<RawRow>('rw-outbox-claim', CLAIM, [limit, leaseMs])).map(toRow);
  }

  async finishCommands(messageIds: readonly string[]): Promise<void> {
    await this.database.prepared('rw-outbox-finish-commands', FINISH_COMMANDS, [messageIds]);
  }

  async finishOutcomes(messageIds: readonly string[]): Promise<void> {
    await this.database.prepared('rw-outbox-finish-outcomes', FINISH_OUTCOMES, [messageIds]);
  }

  async postpone(messageIds: readonly string[], delaysMs: readonly number[]): Promise<void> {
    await this.database.prepared('rw-outbox-postpone', POSTPONE, [messageIds, delaysMs]);
  }

  /** Makes stored outcomes due again, because their command was repeated; returns those that were finished. */
  async rearmOutcomes(tx: Tx, messageIds: readonly string[], leaseMs: number): Promise<OutboxRow[]> {
    return (await tx.prepared<RawRow>('rw-outbox-rearm', REARM_OUTCOMES, [messageIds, leaseMs])).map(toRow);
  }

  /** Everything unfinished is due now: the server is back and whatever was in flight before is gone. */
  async expedite(): Promise<void> {
    await this.database.query(
      'UPDATE messaging_outbox SET next_attempt_at = clock_timestamp() WHERE finished_at IS NULL AND next_attempt_at > clock_timestamp()',
    );
  }

  async parkSent(
    entries: readonly { readonly id: string; readonly code: string; readonly message: string }[],
  ): Promise<void> {
    await this.database.prepared('rw-outbox-park', PARK_SENT, [
      entries.map((entry) => entry.id),
      entries.map((entry) => entry.code),
      entries.map((entry) => entry.message),
    ]);
  }

  /** How much waits and since when, for metrics. */
  async backlog(): Promise<Backlog> {
    const [row] = await this.database.query<{ rows: number; age: number | null; parked: number }>(`
      SELECT count(*) AS rows, extract(epoch FROM clock_timestamp() - min(created_at))::float8 AS age,
        (SELECT count(*) FROM messaging_parked WHERE settled_at IS NULL) AS parked
      FROM messaging_outbox WHERE finished_at IS NULL`);
    return { rows: row?.rows ?? 0, oldestAgeSeconds: row?.age ?? 0, parked: row?.parked ?? 0 };
  }
}

function toRow(raw: RawRow): OutboxRow {
  return { messageId: raw.message_id, kind: raw.kind, subject: raw.subject, item: raw.item, attempts: raw.attempts };
}
