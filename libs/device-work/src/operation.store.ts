import type { Guard, Outcome } from '@rackwright/contracts';
import type { Database, Tx } from '@rackwright/persistence';
import type { DeviceOperation, ReplySink } from './operation.js';

/** A device command to be recorded: who is to be told, under which epochs, and what to do in which lane. */
export interface RecordedCommand {
  readonly messageId: string;
  readonly replyRef: unknown;
  readonly sagaId?: string;
  readonly step?: string;
  readonly kind: string;
  readonly guards: readonly Guard[];
  readonly deadline: Date;
  readonly parts: readonly { readonly lane: string; readonly input: unknown }[];
}

interface OperationRow {
  id: string;
  command_id: string;
  kind: string;
  lane: string;
  input: unknown;
  guards: Guard[];
  progress: Record<string, unknown>;
  turn: number;
  deadline: Date;
}

/** Makes one outcome of those of a command's parts, in the order the parts were given. */
export type Combine = (kind: string, outcomes: readonly Outcome[]) => Outcome;

const operationOf = (row: OperationRow): DeviceOperation => ({
  id: row.id,
  commandId: row.command_id,
  kind: row.kind,
  lane: row.lane,
  input: row.input,
  guards: row.guards,
  progress: row.progress,
  turn: row.turn + 1,
  deadline: row.deadline,
});

/** Device work as rows: recorded in the intake transaction, carried on by whoever holds the lane. */
export class OperationStore {
  constructor(
    private readonly database: Database,
    private readonly replies: ReplySink,
    private readonly combine: Combine,
  ) {}

  /** Records a command and its parts. Repeat-safe by message id. */
  async record(tx: Tx, command: RecordedCommand): Promise<void> {
    const inserted = await tx.query(
      `INSERT INTO device_commands (id, kind, reply_ref, saga_id, step) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (id) DO NOTHING RETURNING id`,
      [command.messageId, command.kind, JSON.stringify(command.replyRef), command.sagaId ?? null, command.step ?? null],
    );
    if (inserted.length === 0) return;
    await tx.query(
      `INSERT INTO device_operations (id, command_id, part, lane, kind, input, guards, deadline)
       SELECT $1 || ':' || part, $1, part, lane, $2, input::jsonb, $3::jsonb, $4
       FROM unnest($5::int[], $6::text[], $7::text[]) AS parts(part, lane, input)`,
      [
        command.messageId,
        command.kind,
        JSON.stringify(command.guards),
        command.deadline,
        command.parts.map((_part, index) => index),
        command.parts.map((part) => part.lane),
        command.parts.map((part) => JSON.stringify(part.input)),
      ],
    );
  }

  /** Lanes with work that is due, longest waiting first. */
  async dueLanes(limit: number): Promise<string[]> {
    const rows = await this.database.prepared<{ lane: string }>(
      'device-work-due-lanes',
      `SELECT lane FROM device_operations WHERE finished_at IS NULL AND due_at <= now()
       GROUP BY lane ORDER BY min(due_at) LIMIT $1`,
      [limit],
    );
    return rows.map((row) => row.lane);
  }

  /** Milliseconds until the next operation is due; undefined when nothing waits. */
  async nextDueInMs(): Promise<number | undefined> {
    const rows = await this.database.prepared<{ wait: number | null }>(
      'device-work-next-due',
      `SELECT (extract(epoch FROM min(due_at) - now()) * 1000)::float8 AS wait FROM device_operations
       WHERE finished_at IS NULL`,
      [],
    );
    return rows[0]?.wait ?? undefined;
  }

  async due(lane: string): Promise<DeviceOperation[]> {
    const rows = await this.database.prepared<OperationRow>(
      'device-work-due',
      `SELECT id, command_id, kind, lane, input, guards, progress, turn, deadline FROM device_operations
       WHERE lane = $1 AND finished_at IS NULL AND due_at <= now() ORDER BY created_at, id LIMIT 500`,
      [lane],
    );
    return rows.map(operationOf);
  }

  /** Comes round again after a while, with what the handler wants to remember. */
  async again(id: string, afterMs: number, note: string, progress?: Record<string, unknown>): Promise<void> {
    await this.database.prepared(
      'device-work-again',
      `UPDATE device_operations SET turn = turn + 1, due_at = now() + $2 * interval '1 millisecond', note = $3,
         progress = coalesce($4::jsonb, progress) WHERE id = $1 AND finished_at IS NULL`,
      [id, afterMs, note.slice(0, 1000), progress === undefined ? null : JSON.stringify(progress)],
    );
  }

  /** Ends an operation; the last part of a command sends the command's outcome, in the same transaction. */
  async finish(operation: DeviceOperation, outcome: Outcome): Promise<void> {
    await this.database.transaction(async (tx) => {
      // The command row is the lock that makes exactly one part the last one.
      const commands = await tx.query<{ reply_ref: unknown; kind: string; finished_at: Date | null }>(
        'SELECT reply_ref, kind, finished_at FROM device_commands WHERE id = $1 FOR UPDATE',
        [operation.commandId],
      );
      const ended = await tx.query(
        `UPDATE device_operations SET finished_at = now(), outcome = $2, turn = turn + 1
         WHERE id = $1 AND finished_at IS NULL RETURNING id`,
        [operation.id, JSON.stringify(outcome)],
      );
      const command = commands[0];
      if (ended.length === 0 || !command || command.finished_at !== null) return;
      const parts = await tx.query<{ outcome: Outcome | null }>(
        'SELECT outcome FROM device_operations WHERE command_id = $1 ORDER BY part',
        [operation.commandId],
      );
      const outcomes = parts.map((part) => part.outcome);
      if (outcomes.some((part) => part === null)) return;
      const combined = this.combine(command.kind, outcomes as Outcome[]);
      await tx.query('UPDATE device_commands SET finished_at = now(), outcome = $2 WHERE id = $1', [
        operation.commandId,
        JSON.stringify(combined),
      ]);
      await this.replies.reply(tx, command.reply_ref, combined);
    });
  }

  /** Forgets finished work and closed calls older than a day. */
  async prune(): Promise<void> {
    await this.database.query(`DELETE FROM device_operations USING device_commands
      WHERE device_commands.id = command_id AND device_commands.finished_at < now() - interval '1 day'`);
    await this.database.query(`DELETE FROM device_commands WHERE finished_at < now() - interval '1 day'`);
    await this.database.query(`DELETE FROM open_calls WHERE closed_at < now() - interval '1 day'`);
  }
}
