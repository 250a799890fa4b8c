import type { Guard } from '@rackwright/contracts';
import type { DeviceSend, SendGate, SendTicket } from '@rackwright/driver-core';
import { AppError } from '@rackwright/kernel';
import type { Database, Tx } from '@rackwright/persistence';

/** A worker's hold on a lane: `token` grows with every change of owner, so a paused former owner is known by it. */
export interface LaneLease {
  readonly lane: string;
  readonly owner: string;
  readonly token: number;
}

/** A call whose answer is in, but whose row could not be closed because the database was away. */
export interface UnclosedCall {
  readonly id: number;
  readonly end: 'answered' | 'no-answer';
}

/** A call to a device that has not been seen to end. */
export interface OpenCall {
  readonly id: number;
  readonly lane: string;
  readonly token: number;
  readonly owner: string;
  readonly ageMs: number;
}

/**
 * One statement decides and records: the share locks make it wait for a raise (or a lane take-over) that is committing
 * and then see it, so no send slips between "older commands are refused" and "old calls have ended".
 */
const PERMIT = `
  WITH lane AS (SELECT 1 FROM device_lanes WHERE lane = $1 AND token = $2 AND owner = $3 FOR SHARE),
  copies AS (SELECT subject, epoch FROM epoch_copies WHERE subject = ANY($4::text[]) FOR SHARE),
  stale AS (
    SELECT copies.subject FROM copies
    JOIN unnest($4::text[], $5::bigint[]) AS wanted(subject, epoch) ON wanted.subject = copies.subject
    WHERE copies.epoch > wanted.epoch
  )
  INSERT INTO open_calls (lane, token, owner, guards, device, verb, target)
  SELECT $1, $2, $3, $6::jsonb, $7, $8, $9
  WHERE EXISTS (SELECT 1 FROM lane) AND NOT EXISTS (SELECT 1 FROM stale)
  RETURNING id`;

const READ_TICKET: SendTicket = { close: () => Promise.resolve() };

/**
 * The gate every mutating send passes (safety rule 5). It checks this service's copy of the epochs and the lane's lease
 * and leaves an open-call row, in one short statement: nothing is locked while the device answers. Reads change nothing
 * on a device and pass without a row.
 */
export class LaneGate implements SendGate {
  constructor(
    private readonly database: Database,
    private readonly lease: LaneLease,
    private readonly guards: readonly Guard[],
    /** Told of rows to be closed later: the device's answer must not get lost over one. */
    private readonly unclosed: (call: UnclosedCall) => void,
  ) {}

  /** Throws `device.stale-epoch` when a newer epoch is known or the lane has a new owner. */
  async permit(send: DeviceSend): Promise<SendTicket> {
    if (!send.mutating) return READ_TICKET;
    const rows = await this.database.prepared<{ id: number }>('device-work-permit', PERMIT, [
      this.lease.lane,
      this.lease.token,
      this.lease.owner,
      this.guards.map((guard) => guard.subject),
      this.guards.map((guard) => guard.epoch),
      JSON.stringify(this.guards),
      send.device.slice(0, 300),
      send.verb,
      send.target.slice(0, 500),
    ]);
    const call = rows[0];
    if (!call) {
      throw new AppError('device.stale-epoch', 'a newer epoch is known, or another worker has this device', {
        details: { lane: this.lease.lane, verb: send.verb, target: send.target },
      });
    }
    return { close: (end) => this.close(call.id, end) };
  }

  private async close(id: number, end: UnclosedCall['end']): Promise<void> {
    await closeCall(this.database, { id, end }).catch(() => this.unclosed({ id, end }));
  }
}

/** Closes the row of a call that has ended. Repeat-safe. */
export async function closeCall(database: Database, { id, end }: UnclosedCall): Promise<void> {
  await database.prepared(
    'device-work-close-call',
    'UPDATE open_calls SET closed_at = now(), ended = $2 WHERE id = $1 AND closed_at IS NULL',
    [id, end],
  );
}

/** What a command's guards say against this service's copies. */
export type GuardVerdict = 'current' | 'stale-epoch' | 'epoch-not-raised';

/** Compares a command's epochs with the copies. Called in the intake transaction of every device command, and before each turn. */
export async function judgeGuards(tx: Pick<Tx, 'prepared'>, guards: readonly Guard[]): Promise<GuardVerdict> {
  const rows = await tx.prepared<{ subject: string; epoch: number }>(
    'device-work-copies',
    'SELECT subject, epoch FROM epoch_copies WHERE subject = ANY($1::text[])',
    [guards.map((guard) => guard.subject)],
  );
  const copies = new Map(rows.map((row) => [row.subject, Number(row.epoch)]));
  if (guards.some((guard) => (copies.get(guard.subject) ?? 0) > guard.epoch)) return 'stale-epoch';
  if (guards.some((guard) => (copies.get(guard.subject) ?? 0) < guard.epoch)) return 'epoch-not-raised';
  return 'current';
}

/** Raises the copies; they never go down. From the commit of `tx` on, every older command is refused. */
export async function raiseCopies(tx: Tx, guards: readonly Guard[]): Promise<void> {
  await tx.prepared(
    'device-work-raise',
    `INSERT INTO epoch_copies (subject, epoch)
     SELECT subject, epoch FROM unnest($1::text[], $2::bigint[]) AS wanted(subject, epoch) ORDER BY subject
     ON CONFLICT (subject) DO UPDATE SET epoch = greatest(epoch_copies.epoch, excluded.epoch), raised_at = now()`,
    [guards.map((guard) => guard.subject), guards.map((guard) => guard.epoch)],
  );
}

/** Calls under an older epoch of these subjects that have not been seen to end. */
export async function olderOpenCalls(database: Database, guards: readonly Guard[]): Promise<OpenCall[]> {
  return database.prepared<OpenCall>(
    'device-work-older-calls',
    `SELECT DISTINCT open_calls.id, lane, token, owner,
       (extract(epoch FROM now() - opened_at) * 1000)::float8 AS "ageMs" FROM open_calls
     CROSS JOIN LATERAL jsonb_to_recordset(open_calls.guards) AS held(subject text, epoch bigint)
     JOIN unnest($1::text[], $2::bigint[]) AS wanted(subject, epoch)
       ON wanted.subject = held.subject AND wanted.epoch > held.epoch
     WHERE open_calls.closed_at IS NULL`,
    [guards.map((guard) => guard.subject), guards.map((guard) => guard.epoch)],
  );
}

/** Marks calls as ended by other means than an answer. */
export async function closeCalls(database: Database, ids: readonly number[], ended: string): Promise<void> {
  if (ids.length === 0) return;
  await database.query(
    'UPDATE open_calls SET closed_at = now(), ended = $2 WHERE id = ANY($1::bigint[]) AND closed_at IS NULL',
    [ids, ended],
  );
}
