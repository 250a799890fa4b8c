import { Injectable } from '@nestjs/common';
import type { coordinator } from '@rackwright/contracts';
import { Database, type Tx } from '@rackwright/persistence';

/** What a plan says, apart from its life: that follows from the clock and from whether it was executed. */
export type PlanContents = Omit<
  coordinator.PlanView,
  'id' | 'request' | 'state' | 'worldMark' | 'createdAt' | 'expiresAt' | 'runId'
>;

export interface PlanRow {
  readonly id: string;
  readonly actor: string;
  /** As asked for. */
  readonly request: coordinator.PlanRequest;
  /** With the server that was chosen. */
  readonly resolved: coordinator.PlanRequest;
  readonly profile_id: string | null;
  readonly contents: PlanContents;
  readonly world_mark: string;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly run_id: string | null;
}

@Injectable()
export class PlanStore {
  constructor(private readonly database: Database) {}

  async add(plan: PlanRow): Promise<void> {
    await this.database.query(
      `INSERT INTO plans (id, actor, request, resolved, profile_id, contents, world_mark, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        plan.id,
        plan.actor,
        JSON.stringify(plan.request),
        JSON.stringify(plan.resolved),
        plan.profile_id,
        JSON.stringify(plan.contents),
        plan.world_mark,
        plan.created_at,
        plan.expires_at,
      ],
    );
  }

  async find(id: string): Promise<PlanRow | undefined> {
    const [plan] = await this.database.query<PlanRow>('SELECT * FROM plans WHERE id = $1', [id]);
    return plan;
  }

  /** Binds the plan to its run; false when another run has it. */
  async bind(tx: Tx, id: string, runId: string): Promise<boolean> {
    const bound = await tx.query('UPDATE plans SET run_id = $2 WHERE id = $1 AND run_id IS NULL RETURNING id', [
      id,
      runId,
    ]);
    return bound.length === 1;
  }

  /** As {@link find}, in the transaction: what others have committed meanwhile is seen. */
  async findIn(tx: Tx, id: string): Promise<PlanRow | undefined> {
    const [plan] = await tx.query<PlanRow>('SELECT * FROM plans WHERE id = $1', [id]);
    return plan;
  }

  /** Removes plans nobody executed, long after they expired. */
  async forget(before: Date): Promise<void> {
    await this.database.query('DELETE FROM plans WHERE run_id IS NULL AND expires_at < $1', [before]);
  }
}
