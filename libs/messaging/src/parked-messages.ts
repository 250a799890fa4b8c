import type { Database } from '@rackwright/persistence';

/** A parked message, for people. */
export interface ParkedMessage {
  readonly id: number;
  readonly side: 'received' | 'sent';
  readonly consumer: string;
  readonly messageId: string;
  readonly subject: string;
  readonly code: string;
  readonly error: string;
  readonly attempts: number;
  readonly parkedAt: Date;
  /** The bytes as they came, as text. */
  readonly raw: string;
}

/** What needs a person. */
export class ParkedMessages {
  constructor(private readonly database: Database) {}

  /** Unsettled ones, newest first. */
  async list(limit = 100): Promise<ParkedMessage[]> {
    const rows = await this.database.query<Omit<ParkedMessage, 'raw'> & { raw: Buffer }>(
      `SELECT id, side, consumer, message_id AS "messageId", subject, code, error, attempts, parked_at AS "parkedAt", raw
       FROM messaging_parked WHERE settled_at IS NULL ORDER BY id DESC LIMIT $1`,
      [limit],
    );
    return rows.map((row) => ({ ...row, raw: row.raw.toString('utf8') }));
  }

  /** Marks it as seen to; false when it was settled before. The row stays as evidence. */
  async settle(id: number): Promise<boolean> {
    const rows = await this.database.query(
      'UPDATE messaging_parked SET settled_at = now() WHERE id = $1 AND settled_at IS NULL RETURNING 1',
      [id],
    );
    return rows.length > 0;
  }

  /**
   * Sends a refused message once more (a receiver that knows it was installed meanwhile); false when it was settled
   * before or is not one that was sent. A receiver that answered it before will repeat its answer.
   */
  async resend(id: number): Promise<boolean> {
    const rows = await this.database.query(
      `WITH settled AS (UPDATE messaging_parked SET settled_at = now()
          WHERE id = $1 AND side = 'sent' AND settled_at IS NULL RETURNING message_id, subject, raw)
       INSERT INTO messaging_outbox (message_id, kind, subject, item, next_attempt_at)
       SELECT message_id, CASE WHEN subject LIKE 'rw.out.%' THEN 'outcome' ELSE 'command' END, subject,
         convert_from(raw, 'UTF8'), now() FROM settled
       ON CONFLICT (message_id) DO NOTHING RETURNING message_id`,
      [id],
    );
    return rows.length > 0;
  }
}
