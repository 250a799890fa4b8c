import type { Database } from '@rackwright/persistence';
import type { LaneLease, OpenCall } from './epoch-gate.js';

/** A lane is leased for this long and renewed while its worker lives. The lease elects who works; safety never rests on it. */
export const LEASE_MS = 15_000;
/** How often a worker renews its lease: three tries fit into one lease. */
export const RENEW_EVERY_MS = 5_000;

/** Who works in which lane, and what is still under way there. */
export class LaneStore {
  constructor(
    private readonly database: Database,
    readonly owner: string,
    private readonly leaseMs = LEASE_MS,
  ) {}

  /** Takes or renews the lane; undefined when another live worker has it. A new owner gets a higher token. */
  async take(lane: string): Promise<LaneLease | undefined> {
    const rows = await this.database.prepared<{ token: number }>(
      'device-work-take-lane',
      `INSERT INTO device_lanes AS held (lane, owner, leased_until)
       VALUES ($1, $2, now() + $3 * interval '1 millisecond')
       ON CONFLICT (lane) DO UPDATE
         SET token = CASE WHEN held.owner = $2 THEN held.token ELSE held.token + 1 END,
             owner = $2,
             leased_until = now() + $3 * interval '1 millisecond'
         WHERE held.owner = $2 OR held.leased_until < now()
       RETURNING token`,
      [lane, this.owner, this.leaseMs],
    );
    const row = rows[0];
    return row && { lane, owner: this.owner, token: Number(row.token) };
  }

  /** Gives all lanes of this worker up, so that a successor need not wait. */
  async release(): Promise<void> {
    await this.database.query('UPDATE device_lanes SET leased_until = now() WHERE owner = $1', [this.owner]);
  }

  /** Calls of former owners of this lane that nobody has seen end. */
  async orphanedCalls(lease: LaneLease): Promise<OpenCall[]> {
    return this.database.prepared<OpenCall>(
      'device-work-orphans',
      `SELECT id, lane, token, owner, (extract(epoch FROM now() - opened_at) * 1000)::float8 AS "ageMs"
       FROM open_calls WHERE lane = $1 AND token < $2 AND closed_at IS NULL`,
      [lease.lane, lease.token],
    );
  }
}
