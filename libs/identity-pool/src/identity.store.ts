import type { Migration, Tx } from '@rackwright/persistence';
import { PREFIX_SIZE } from './generate.js';

/** A pool: where new identities of one kind come from. */
export interface IdentityPool {
  readonly name: string;
  readonly kind: string;
  readonly prefix: string;
}

export interface PoolUse extends IdentityPool {
  readonly assigned: number;
  readonly resting: number;
}

/** An identity that belongs to somebody. `slot` says for what: `vnic:eth0`, `vhba:fc-a:wwpn`. */
export interface HeldIdentity {
  readonly kind: string;
  readonly value: string;
  readonly owner: string;
  readonly slot: string;
}

/** How an identity could not be had. */
export type AssignProblem = 'taken' | 'pool-exhausted' | 'outside-pool' | 'no-pool';

export interface AssignRequest {
  readonly kind: string;
  readonly owner: string;
  readonly slot: string;
  /** A wanted value; must lie in a pool. */
  readonly explicit?: string;
  /** Makes the value number `index` of a pool. */
  readonly make: (prefix: string, index: number) => string;
  /** True when `value` was made from this pool's prefix. */
  readonly inside: (value: string, prefix: string) => boolean;
}

/** Tables of the identity pools in the schema of a service. */
export const identityPoolMigrations: readonly Migration[] = [
  {
    id: '0000-identity-pool-1',
    up: `
      CREATE TABLE identity_pools (
        name text NOT NULL,
        kind text NOT NULL,
        prefix text NOT NULL,
        next_index bigint NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (kind, name)
      );
      CREATE TABLE identities (
        kind text NOT NULL,
        value text NOT NULL,
        pool text NOT NULL,
        owner text NOT NULL,
        slot text NOT NULL,
        state text NOT NULL CHECK (state IN ('assigned', 'resting')),
        since timestamptz NOT NULL DEFAULT now(),
        rests_until timestamptz,
        PRIMARY KEY (kind, value)
      );
      CREATE UNIQUE INDEX identities_slot ON identities (kind, owner, slot) WHERE state = 'assigned';
      CREATE INDEX identities_owner ON identities (owner);
    `,
  },
];

const ATTEMPTS_MAX = 1000;

/**
 * Identities, never the same one twice: the primary key is the value itself, so two transactions cannot hand out one.
 * A released identity rests and is given to nobody but its former owner until its time is up (safety rule 12).
 */
export class IdentityStore {
  constructor(private readonly restMs: number) {}

  /** Makes a pool or finds it; the prefix of a pool with identities in use cannot change. */
  async putPool(tx: Tx, pool: IdentityPool): Promise<'created' | 'unchanged' | 'changed' | 'in-use'> {
    const existing = await tx.query<{ prefix: string }>(
      'SELECT prefix FROM identity_pools WHERE kind = $1 AND name = $2 FOR UPDATE',
      [pool.kind, pool.name],
    );
    const found = existing[0];
    if (!found) {
      await tx.query('INSERT INTO identity_pools (name, kind, prefix) VALUES ($1, $2, $3)', [
        pool.name,
        pool.kind,
        pool.prefix,
      ]);
      return 'created';
    }
    if (found.prefix === pool.prefix) return 'unchanged';
    const used = await tx.query('SELECT 1 FROM identities WHERE kind = $1 AND pool = $2 LIMIT 1', [
      pool.kind,
      pool.name,
    ]);
    if (used.length > 0) return 'in-use';
    await tx.query('UPDATE identity_pools SET prefix = $3, next_index = 1 WHERE kind = $1 AND name = $2', [
      pool.kind,
      pool.name,
      pool.prefix,
    ]);
    return 'changed';
  }

  async pools(tx: Pick<Tx, 'query'>, kind: string): Promise<PoolUse[]> {
    return tx.query<PoolUse>(
      `SELECT name, kind, prefix,
         (SELECT count(*)::int FROM identities i WHERE i.kind = p.kind AND i.pool = p.name AND state = 'assigned') AS assigned,
         (SELECT count(*)::int FROM identities i WHERE i.kind = p.kind AND i.pool = p.name AND state = 'resting' AND rests_until > now()) AS resting
       FROM identity_pools p WHERE kind = $1 ORDER BY created_at, name`,
      [kind],
    );
  }

  /** The identity of this slot: the one it has, the wanted one, or a new one. Repeat-safe. */
  async assign(tx: Tx, request: AssignRequest): Promise<{ value: string } | { problem: AssignProblem }> {
    const held = await this.heldIn(tx, request.kind, request.owner, request.slot);
    if (held !== undefined && (request.explicit === undefined || request.explicit === held)) return { value: held };
    const pools = await tx.query<{ name: string; prefix: string }>(
      'SELECT name, prefix FROM identity_pools WHERE kind = $1 ORDER BY created_at, name FOR UPDATE',
      [request.kind],
    );
    if (pools.length === 0) return { problem: 'no-pool' };
    if (held !== undefined) await this.rest(tx, request.kind, held);
    if (request.explicit === undefined) return this.assignNew(tx, request, pools);
    const explicit = request.explicit;
    const home = pools.find((pool) => request.inside(explicit, pool.prefix));
    if (!home) return { problem: 'outside-pool' };
    return (await this.insert(tx, request, home.name, explicit)) ? { value: explicit } : { problem: 'taken' };
  }

  /** What an owner holds. */
  async held(tx: Pick<Tx, 'query'>, owner: string): Promise<HeldIdentity[]> {
    return tx.query<HeldIdentity>(
      `SELECT kind, value, owner, slot FROM identities WHERE owner = $1 AND state = 'assigned' ORDER BY slot`,
      [owner],
    );
  }

  /** Who holds a value now, or held it and it still rests. */
  async holderOf(
    tx: Pick<Tx, 'query'>,
    kind: string,
    value: string,
  ): Promise<{ owner: string; state: 'assigned' | 'resting' } | undefined> {
    const rows = await tx.query<{ owner: string; state: 'assigned' | 'resting' }>(
      `SELECT owner, state FROM identities WHERE kind = $1 AND value = $2 AND (state = 'assigned' OR rests_until > now())`,
      [kind, value],
    );
    return rows[0];
  }

  /** Lays what an owner holds to rest; `keep` names slots that stay. Repeat-safe. */
  async release(tx: Tx, owner: string, keep: readonly string[] = []): Promise<number> {
    const rows = await tx.query(
      `UPDATE identities SET state = 'resting', since = now(), rests_until = now() + $3 * interval '1 millisecond'
       WHERE owner = $1 AND state = 'assigned' AND NOT slot = ANY($2::text[]) RETURNING value`,
      [owner, keep, this.restMs],
    );
    return rows.length;
  }

  private async assignNew(
    tx: Tx,
    request: AssignRequest,
    pools: readonly { name: string; prefix: string }[],
  ): Promise<{ value: string } | { problem: AssignProblem }> {
    const own = await this.restingIn(tx, request);
    if (own !== undefined) return { value: own };
    for (const pool of pools) {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        const rows = await tx.query<{ index: number }>(
          'UPDATE identity_pools SET next_index = next_index + 1 WHERE kind = $1 AND name = $2 AND next_index < $3 RETURNING next_index - 1 AS index',
          [request.kind, pool.name, PREFIX_SIZE],
        );
        const row = rows[0];
        if (!row) break;
        const value = request.make(pool.prefix, Number(row.index));
        if (await this.insert(tx, request, pool.name, value)) return { value };
      }
    }
    return { problem: 'pool-exhausted' };
  }

  private async insert(tx: Tx, request: AssignRequest, pool: string, value: string): Promise<boolean> {
    const rows = await tx.query(
      `INSERT INTO identities AS held (kind, value, pool, owner, slot, state) VALUES ($1, $2, $3, $4, $5, 'assigned')
       ON CONFLICT (kind, value) DO UPDATE SET owner = $4, slot = $5, state = 'assigned', since = now(), rests_until = NULL
         WHERE held.state = 'resting' AND (held.owner = $4 OR held.rests_until <= now())
       RETURNING value`,
      [request.kind, value, pool, request.owner, request.slot],
    );
    return rows.length === 1;
  }

  /** A slot that is given back and taken again by the same owner gets its old identity: undo really undoes. */
  private async restingIn(tx: Tx, request: AssignRequest): Promise<string | undefined> {
    const rows = await tx.query<{ value: string }>(
      `UPDATE identities SET state = 'assigned', since = now(), rests_until = NULL WHERE (kind, value) IN (
         SELECT kind, value FROM identities WHERE kind = $1 AND owner = $2 AND slot = $3 AND state = 'resting'
         ORDER BY since DESC LIMIT 1 FOR UPDATE) RETURNING value`,
      [request.kind, request.owner, request.slot],
    );
    return rows[0]?.value;
  }

  private async heldIn(tx: Tx, kind: string, owner: string, slot: string): Promise<string | undefined> {
    const rows = await tx.query<{ value: string }>(
      `SELECT value FROM identities WHERE kind = $1 AND owner = $2 AND slot = $3 AND state = 'assigned'`,
      [kind, owner, slot],
    );
    return rows[0]?.value;
  }

  private async rest(tx: Tx, kind: string, value: string): Promise<void> {
    await tx.query(
      `UPDATE identities SET state = 'resting', since = now(), rests_until = now() + $3 * interval '1 millisecond' WHERE kind = $1 AND value = $2`,
      [kind, value, this.restMs],
    );
  }
}
