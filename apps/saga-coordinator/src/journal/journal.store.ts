import { AppError } from '@rackwright/kernel';
import type { Database, Tx } from '@rackwright/persistence';
import type { JournalRow, JournalStore, SagaChange, SagaHead, SagaStatus, StoredSaga } from '@rackwright/saga';
import { fromStored, toColumns, type StoredRow } from './journal-row.js';

interface StoredHead {
  readonly saga_id: string;
  readonly saga: string;
  readonly version: number;
  readonly status: SagaStatus;
  readonly epoch: number;
  readonly sequence: number;
  readonly due_at: Date | null;
}

const LOCK_HEADS = `
  SELECT saga_id, saga, version, status, epoch, sequence, due_at FROM saga_heads
  WHERE saga_id = ANY($1) ORDER BY saga_id FOR UPDATE`;
const ROWS_AFTER = `
  SELECT saga_journal.* FROM saga_journal
  JOIN unnest($1::text[], $2::int[]) AS known (saga_id, after)
    ON saga_journal.saga_id = known.saga_id AND saga_journal.sequence > known.after
  ORDER BY saga_journal.saga_id, saga_journal.sequence`;
const DUE = `
  SELECT saga_id FROM saga_heads WHERE status = 'open' AND due_at <= $1
  ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED`;
const OPEN = `SELECT saga_id FROM saga_heads WHERE status = 'open' AND saga_id > $1 ORDER BY saga_id LIMIT $2`;
const HEAD_COLUMNS = `$1::text[], $2::text[], $3::int[], $4::text[], $5::bigint[], $6::int[], $7::timestamptz[]`;
const ADD_HEADS = `
  INSERT INTO saga_heads (saga_id, saga, version, status, epoch, sequence, due_at)
  SELECT * FROM unnest(${HEAD_COLUMNS}) ON CONFLICT DO NOTHING RETURNING saga_id`;
const MOVE_HEADS = `
  UPDATE saga_heads SET status = moved.status, epoch = moved.epoch, sequence = moved.sequence, due_at = moved.due_at
  FROM unnest(${HEAD_COLUMNS}, $8::int[]) AS moved (saga_id, saga, version, status, epoch, sequence, due_at, expected)
  WHERE saga_heads.saga_id = moved.saga_id AND saga_heads.sequence = moved.expected RETURNING saga_heads.saga_id`;
const ADD_ROWS = `
  INSERT INTO saga_journal (saga_id, sequence, event, step, item, epoch, attempt, at, data)
  SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::int[],
    $8::timestamptz[], $9::jsonb[])`;

/** Journals in PostgreSQL: as many statements for a hundred sagas as for one. */
export class PgJournalStore implements JournalStore<Tx> {
  constructor(private readonly database: Database) {}

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }

  afterCommit(tx: Tx, run: () => void): void {
    tx.afterCommit(run);
  }

  async lock(tx: Tx, sagaIds: readonly string[], known: ReadonlyMap<string, number>): Promise<readonly StoredSaga[]> {
    const heads = await tx.prepared<StoredHead>('saga-lock', LOCK_HEADS, [sagaIds]);
    if (heads.length === 0) return [];
    // A second statement, hence a new snapshot: it sees what whoever held the lock before us has committed.
    const stored = await tx.prepared<StoredRow>('saga-rows-after', ROWS_AFTER, [
      heads.map((head) => head.saga_id),
      heads.map((head) => known.get(head.saga_id) ?? 0),
    ]);
    const rows = new Map<string, JournalRow[]>(heads.map((head) => [head.saga_id, []]));
    for (const row of stored) rows.get(row.saga_id)?.push(fromStored(row));
    return heads.map((head) => ({ head: headOf(head), rows: rows.get(head.saga_id) ?? [] }));
  }

  async due(tx: Tx, now: Date, limit: number): Promise<readonly string[]> {
    const due = await tx.prepared<{ saga_id: string }>('saga-due', DUE, [now, limit]);
    return due.map((row) => row.saga_id);
  }

  async open(tx: Tx, after: string | undefined, limit: number): Promise<readonly string[]> {
    const open = await tx.prepared<{ saga_id: string }>('saga-open', OPEN, [after ?? '', limit]);
    return open.map((row) => row.saga_id);
  }

  async append(tx: Tx, changes: readonly SagaChange[]): Promise<void> {
    const added = changes.filter((change) => change.expectedSequence === 0);
    const moved = changes.filter((change) => change.expectedSequence > 0);
    if (added.length > 0) {
      assertAll(added, await tx.prepared('saga-add-heads', ADD_HEADS, headColumns(added)));
    }
    if (moved.length > 0) {
      const expected = moved.map((change) => change.expectedSequence);
      assertAll(moved, await tx.prepared('saga-move-heads', MOVE_HEADS, [...headColumns(moved), expected]));
    }
    const rows = changes.flatMap(({ head, rows }) => rows.map((row) => ({ sagaId: head.sagaId, row })));
    if (rows.length > 0) await tx.prepared('saga-add-rows', ADD_ROWS, toColumns(rows));
  }

  /** The whole journal of one saga, outside of any transaction. */
  async journal(sagaId: string): Promise<readonly JournalRow[]> {
    const rows = await this.database.prepared<StoredRow>('saga-rows-after', ROWS_AFTER, [[sagaId], [0]]);
    return rows.map(fromStored);
  }
}

function headOf(head: StoredHead): SagaHead {
  const { saga_id: sagaId, saga, version, status, epoch, sequence, due_at: dueAt } = head;
  return { sagaId, saga, version, status, epoch, sequence, dueAt: dueAt ?? undefined };
}

function headColumns(changes: readonly SagaChange[]): unknown[][] {
  const heads = changes.map(({ head }) => head);
  return [
    heads.map((head) => head.sagaId),
    heads.map((head) => head.saga),
    heads.map((head) => head.version),
    heads.map((head) => head.status),
    heads.map((head) => head.epoch),
    heads.map((head) => head.sequence),
    heads.map((head) => head.dueAt ?? null),
  ];
}

function assertAll(changes: readonly SagaChange[], written: readonly unknown[]): void {
  if (written.length === changes.length) return;
  const sagas = changes.map(({ head }) => head.sagaId);
  throw new AppError('saga.conflict', 'a saga has moved on since it was read', { details: { sagas } });
}
