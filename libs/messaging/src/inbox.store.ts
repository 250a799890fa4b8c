import type { Database, Tx } from '@rackwright/persistence';

/** A message that needs a person: who refused it, why, and the bytes as they came. */
export interface ParkEntry {
  readonly consumer: string;
  readonly messageId: string;
  readonly subject: string;
  readonly code: string;
  readonly error: string;
  readonly attempts: number;
  readonly raw: Uint8Array;
}

const TAKE = `
  INSERT INTO messaging_inbox (consumer, message_id)
  SELECT $1, id FROM unnest($2::text[]) AS id ORDER BY id
  ON CONFLICT DO NOTHING RETURNING message_id`;

const FAILED = `
  INSERT INTO messaging_failure (consumer, message_id, attempts, last_error) VALUES ($1, $2, 1, $3)
  ON CONFLICT (consumer, message_id) DO UPDATE
  SET attempts = messaging_failure.attempts + 1, last_error = excluded.last_error, last_at = now()
  RETURNING attempts`;

const PARK = `
  INSERT INTO messaging_parked (side, consumer, message_id, subject, code, error, attempts, raw)
  SELECT 'received', consumer, id, subject, code, error, attempts, raw
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::bytea[])
    AS t(consumer, id, subject, code, error, attempts, raw)
  ON CONFLICT (side, consumer, message_id) DO NOTHING RETURNING message_id`;

/** The statements of the inbox. */
export class InboxStore {
  constructor(private readonly database: Database) {}

  /** Writes the ids in the caller's transaction and returns those seen for the first time. Waits for a rival's commit. */
  async take(tx: Tx, consumer: string, messageIds: readonly string[]): Promise<Set<string>> {
    const rows = await tx.prepared<{ message_id: string }>('rw-inbox-take', TAKE, [consumer, messageIds]);
    return new Set(rows.map((row) => row.message_id));
  }

  /** Counts one failed handling, apart from the transaction that was rolled back; returns the failures so far. */
  async recordFailure(consumer: string, messageId: string, error: string): Promise<number> {
    const [row] = await this.database.query<{ attempts: number }>(FAILED, [consumer, messageId, error]);
    return row?.attempts ?? 1;
  }

  /** Parks with evidence; returns the ids that were not parked before, which are the ones to alarm about. */
  async park(tx: Tx, entries: readonly ParkEntry[]): Promise<string[]> {
    const rows = await tx.prepared<{ message_id: string }>('rw-inbox-park', PARK, [
      entries.map((entry) => entry.consumer),
      entries.map((entry) => entry.messageId),
      entries.map((entry) => entry.subject),
      entries.map((entry) => entry.code),
      entries.map((entry) => entry.error),
      entries.map((entry) => entry.attempts),
      entries.map((entry) => Buffer.from(entry.raw)),
    ]);
    return rows.map((row) => row.message_id);
  }

  /** Forgets what is too old to come back. Runs off the hot path, in slices. */
  async forget(retentionMs: { readonly inbox: number; readonly events: number }): Promise<void> {
    const older = (column: string): string => `${column} < now() - $1::float8 * interval '1 millisecond'`;
    await this.database.query(`DELETE FROM messaging_inbox WHERE ${older('taken_at')}`, [retentionMs.inbox]);
    await this.database.query(`DELETE FROM messaging_outbox WHERE ${older('finished_at')}`, [retentionMs.inbox]);
    await this.database.query(`DELETE FROM messaging_failure WHERE ${older('last_at')}`, [retentionMs.inbox]);
    await this.database.query('DELETE FROM messaging_waiting WHERE expires_at < now()');
    await this.database.query(`DELETE FROM messaging_event WHERE published_at IS NOT NULL AND ${older('emitted_at')}`, [
      retentionMs.events,
    ]);
  }
}
