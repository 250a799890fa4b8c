import { Injectable } from '@nestjs/common';
import type { failover, InputOf, Outcome } from '@rackwright/contracts';
import type { ServerId } from '@rackwright/kernel';
import { OutcomeBus, type CommandContext, type ReplyRef } from '@rackwright/messaging';
import { Database, type Tx } from '@rackwright/persistence';

/** A request that is on its way to a run. */
export interface FenceRequest {
  readonly id: string;
  readonly reply_ref: ReplyRef;
  readonly server_id: ServerId;
  readonly reason: string;
  readonly actor: string;
  readonly deadline: Date;
}

const COLUMNS = 'id, reply_ref, server_id, reason, actor, deadline';
const DEFAULT_DEADLINE_MS = 60_000;

/** Requests to fence, each a row until its outcome was sent. */
@Injectable()
export class FenceStore {
  constructor(
    private readonly database: Database,
    private readonly outcomes: OutcomeBus,
  ) {}

  /** Repeat-safe by message id. */
  async record(input: InputOf<typeof failover.requestFence>, context: CommandContext): Promise<void> {
    await context.tx.query(
      `INSERT INTO fence_requests (id, reply_ref, server_id, reason, actor, deadline)
       VALUES ($1, $2, $3, $4, $5, coalesce($6, now() + $7 * interval '1 millisecond')) ON CONFLICT (id) DO NOTHING`,
      [
        context.messageId,
        JSON.stringify(context.replyRef),
        input.serverId,
        input.reason,
        input.actor,
        context.deadline ?? null,
        DEFAULT_DEADLINE_MS,
      ],
    );
  }

  /** Takes one request that is due; nobody else gets it for `leaseMs`, and afterwards it is due again. */
  async take(leaseMs: number): Promise<FenceRequest | undefined> {
    const [row] = await this.database.query<FenceRequest>(
      `UPDATE fence_requests SET due_at = now() + $1 * interval '1 millisecond' WHERE id = (
         SELECT id FROM fence_requests WHERE finished_at IS NULL AND command_id IS NULL AND due_at <= now()
         ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING ${COLUMNS}`,
      [leaseMs],
    );
    return row;
  }

  async again(id: string, afterMs: number): Promise<void> {
    await this.database.query(
      `UPDATE fence_requests SET due_at = now() + $2 * interval '1 millisecond' WHERE id = $1`,
      [id, afterMs],
    );
  }

  /** From here on the outcome of this command is the outcome of the request. False when it was sent already. */
  async sent(tx: Tx, id: string, commandId: string): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE fence_requests SET command_id = $2 WHERE id = $1 AND command_id IS NULL AND finished_at IS NULL
       RETURNING id`,
      [id, commandId],
    );
    return rows.length === 1;
  }

  /** Sends the outcome, once. */
  async finish(tx: Tx, by: 'id' | 'command_id', value: string, outcome: Outcome): Promise<void> {
    const rows = await tx.query<{ reply_ref: ReplyRef }>(
      `UPDATE fence_requests SET finished_at = now() WHERE ${by} = $1 AND finished_at IS NULL RETURNING reply_ref`,
      [value],
    );
    for (const { reply_ref } of rows) await this.outcomes.reply(tx, reply_ref, outcome);
  }
}
