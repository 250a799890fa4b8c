import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@rackwright/persistence';
import type { RunProgress, RunState } from './run-progress.policy.js';

export interface RunRow {
  readonly id: string;
  readonly plan_id: string | null;
  readonly saga: string;
  readonly version: number;
  readonly title: string;
  readonly actor: string;
  readonly profile_id: string | null;
  readonly server_ids: string[];
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly state: RunState;
  readonly reason: string | null;
  readonly past_no_return: boolean;
  readonly trace_id: string | null;
  readonly progress: RunProgress;
}

export interface RunFilter {
  readonly state?: RunState | undefined;
  readonly profileId?: string | undefined;
  readonly serverId?: string | undefined;
  readonly open?: boolean | undefined;
}

/** Rows of runs: a projection of journals, written in the transactions that write those. */
@Injectable()
export class RunStore {
  constructor(private readonly database: Database) {}

  async add(tx: Tx, run: RunRow): Promise<void> {
    await tx.query(
      `INSERT INTO runs (id, plan_id, saga, version, title, actor, profile_id, server_ids, started_at, state, trace_id, progress)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        run.id,
        run.plan_id,
        run.saga,
        run.version,
        run.title,
        run.actor,
        run.profile_id,
        run.server_ids,
        run.started_at,
        run.state,
        run.trace_id,
        JSON.stringify(run.progress),
      ],
    );
  }

  /** Those of the runs that exist. Their journals' heads are locked by the caller, so nobody else writes them. */
  async read(tx: Tx, ids: readonly string[]): Promise<RunRow[]> {
    return tx.prepared<RunRow>('runs-read', 'SELECT * FROM runs WHERE id = ANY($1)', [ids]);
  }

  async save(tx: Tx, runs: readonly RunRow[]): Promise<void> {
    if (runs.length === 0) return;
    await tx.prepared(
      'runs-save',
      `UPDATE runs SET state = next.state, reason = next.reason, ended_at = next.ended_at,
         past_no_return = next.past_no_return, progress = next.progress
       FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::boolean[], $6::jsonb[])
         AS next (id, state, reason, ended_at, past_no_return, progress)
       WHERE runs.id = next.id`,
      [
        runs.map((run) => run.id),
        runs.map((run) => run.state),
        runs.map((run) => run.reason),
        runs.map((run) => run.ended_at),
        runs.map((run) => run.past_no_return),
        runs.map((run) => JSON.stringify(run.progress)),
      ],
    );
  }

  async find(id: string): Promise<RunRow | undefined> {
    const [run] = await this.database.query<RunRow>('SELECT * FROM runs WHERE id = $1', [id]);
    return run;
  }

  /** Newest first: ids are ordered by time of birth. One more than `limit`, to tell whether there is a next page. */
  async page(
    filter: RunFilter,
    page: { readonly limit: number; readonly before?: string | undefined },
  ): Promise<{ readonly rows: RunRow[]; readonly total: number }> {
    const conditions = ['true'];
    const params: unknown[] = [];
    const where = (sql: string, value: unknown): void =>
      void (params.push(value), conditions.push(sql.replace('?', `$${params.length}`)));
    if (filter.state !== undefined) where('state = ?', filter.state);
    if (filter.profileId !== undefined) where('profile_id = ?', filter.profileId);
    if (filter.serverId !== undefined) where('server_ids @> ARRAY[?::text]', filter.serverId);
    if (filter.open !== undefined) conditions.push(filter.open ? 'ended_at IS NULL' : 'ended_at IS NOT NULL');
    const [count] = await this.database.query<{ total: number }>(
      `SELECT count(*)::int AS total FROM runs WHERE ${conditions.join(' AND ')}`,
      params,
    );
    if (page.before !== undefined) where('id < ?', page.before);
    const rows = await this.database.query<RunRow>(
      `SELECT * FROM runs WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ${page.limit + 1}`,
      params,
    );
    return { rows, total: count?.total ?? 0 };
  }

  /** The median of the last runs of this saga that ended done; undefined before the first. */
  async expectedMs(saga: string): Promise<number | undefined> {
    const [row] = await this.database.query<{ ms: number | null }>(
      `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at) * 1000)::float8 AS ms
       FROM (SELECT started_at, ended_at FROM runs WHERE saga = $1 AND state = 'done' ORDER BY id DESC LIMIT 50) AS past`,
      [saga],
    );
    return typeof row?.ms === 'number' ? Math.round(row.ms) : undefined;
  }
}
