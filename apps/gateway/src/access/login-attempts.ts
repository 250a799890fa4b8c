import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '@rackwright/kernel';
import { Database } from '@rackwright/persistence';
import { CLOCK } from '@rackwright/service-host';
import { Problem } from '../http/problem.js';

/** Free attempts before waiting begins, and how long it grows. */
const FREE_FAILURES = 5;
const BACKOFF_BASE_MS = 1_000;
const BACKOFF_MAX_MS = 15 * 60_000;
/** From many addresses, more attempts are free: one person's guessing must not lock another person out. */
const FREE_FAILURES_ANYWHERE = 50;
const FORGET_AFTER_MS = 24 * 3_600_000;

/**
 * Slows guessing down: per user name and address after a few failures, per user name alone after many. An attempt is
 * counted before the password is looked at, so that attempts side by side count too.
 */
@Injectable()
export class LoginAttempts {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws Problem 429 with Retry-After while this user has to wait. */
  async begin(username: string, address: string): Promise<void> {
    // Judged as of its arrival: an attempt that had to wait for a connection has not waited out its block.
    const now = this.clock.now();
    const forgotten = new Date(now.getTime() - FORGET_AFTER_MS);
    await this.database.query('DELETE FROM login_attempts WHERE last_at < $1', [forgotten]);
    const [here, anywhere] = subjectsOf(username, address);
    await this.count(here, FREE_FAILURES, now);
    await this.count(anywhere, FREE_FAILURES_ANYWHERE, now);
  }

  /** The password was right: forget the failures. */
  async succeed(username: string, address: string): Promise<void> {
    await this.database.query('DELETE FROM login_attempts WHERE subject = ANY($1::text[])', [
      subjectsOf(username, address),
    ]);
  }

  private async count(subject: string, free: number, now: Date): Promise<void> {
    const wait = `least($4::float8, $3::float8 * power(2, least(login_attempts.failures + 1 - $5, 20)))`;
    const counted = await this.database.query(
      `INSERT INTO login_attempts (subject, failures, last_at, blocked_until) VALUES ($1, 1, $2, '-infinity')
       ON CONFLICT (subject) DO UPDATE SET failures = login_attempts.failures + 1, last_at = $2,
         blocked_until = CASE WHEN login_attempts.failures + 1 >= $5
           THEN $2::timestamptz + ${wait} * interval '1 millisecond' ELSE login_attempts.blocked_until END
       WHERE login_attempts.blocked_until <= $2
       RETURNING 1`,
      [subject, now, BACKOFF_BASE_MS, BACKOFF_MAX_MS, free],
    );
    if (counted.length > 0) return;
    const [row] = await this.database.query<{ blocked_until: Date }>(
      'SELECT blocked_until FROM login_attempts WHERE subject = $1',
      [subject],
    );
    const waitMs = Math.max(1_000, (row?.blocked_until.getTime() ?? 0) - now.getTime());
    throw new Problem(429, 'too-many-attempts', 'too many failed attempts to sign in', {
      headers: { 'Retry-After': String(Math.ceil(waitMs / 1_000)) },
    });
  }
}

function subjectsOf(username: string, address: string): [string, string] {
  return [`${username}|${address}`, username];
}
