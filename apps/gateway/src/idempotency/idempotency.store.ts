import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '@rackwright/kernel';
import { Database } from '@rackwright/persistence';
import { CLOCK } from '@rackwright/service-host';
import { Problem } from '../http/problem.js';

/** What was answered, to be answered again. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const KEPT_MS = 24 * 3_600_000;
/** A request that is in progress for so long has died with its process; the same key may try again. */
const GIVEN_UP_MS = 5 * 60_000;

/** Remembers answers by Idempotency-Key, per caller. */
@Injectable()
export class IdempotencyStore {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Takes the key for this request; the stored answer when it was answered before.
   *
   * @throws Problem 409 while the first request with this key is in progress, 422 when the key was used for another one.
   */
  async begin(actor: string, key: string, fingerprint: string): Promise<StoredAnswer | undefined> {
    const now = this.clock.now();
    await this.database.query('DELETE FROM idempotency_keys WHERE started_at < $1', [
      new Date(now.getTime() - KEPT_MS),
    ]);
    const taken = await this.database.query(
      `INSERT INTO idempotency_keys (actor, key, fingerprint, started_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (actor, key) DO UPDATE SET started_at = $4
         WHERE idempotency_keys.status IS NULL AND idempotency_keys.started_at < $5 AND idempotency_keys.fingerprint = $3
       RETURNING 1`,
      [actor, key, fingerprint, now, new Date(now.getTime() - GIVEN_UP_MS)],
    );
    if (taken.length > 0) return undefined;
    const [row] = await this.database.query<{ fingerprint: string; status: number | null; answer: StoredAnswer }>(
      'SELECT fingerprint, status, answer FROM idempotency_keys WHERE actor = $1 AND key = $2',
      [actor, key],
    );
    if (row !== undefined && row.fingerprint !== fingerprint)
      throw new Problem(422, 'idempotency-key-reused', 'this Idempotency-Key was used for another request');
    if (row === undefined || row.status === null) {
      throw new Problem(
        409,
        'idempotency-key-in-progress',
        'the first request with this Idempotency-Key is in progress',
        {
          headers: { 'Retry-After': '1' },
        },
      );
    }
    return row.answer;
  }

  async finish(actor: string, key: string, answer: StoredAnswer): Promise<void> {
    await this.database.query('UPDATE idempotency_keys SET status = $3, answer = $4 WHERE actor = $1 AND key = $2', [
      actor,
      key,
      answer.status,
      JSON.stringify(answer),
    ]);
  }

  /** The request ended without an answer worth keeping: the same key may try again. */
  async forget(actor: string, key: string): Promise<void> {
    await this.database.query('DELETE FROM idempotency_keys WHERE actor = $1 AND key = $2 AND status IS NULL', [
      actor,
      key,
    ]);
  }
}
