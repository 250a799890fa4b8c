import type { Clock, RandomSource } from '@rackwright/kernel';

/** How a service opens its database. */
export interface DatabaseOptions {
  /** `postgres://role:password@host:port/database`. */
  readonly url: string;
  /** The service's own schema; it becomes the whole search path. */
  readonly schema: string;
  /** Drop to this role in every session, when `url` signs in as someone who may become it. */
  readonly role?: string;
  /** Connections at most, default 10. */
  readonly poolMax?: number;
  /** TypeORM entity classes. */
  readonly entities?: readonly EntityClass[];
  /** The server ends any statement after this time, default 15 s. */
  readonly statementTimeoutMs?: number;
  /** The server ends a session that sits in an open transaction this long, default 30 s: nobody holds locks asleep. */
  readonly idleInTransactionTimeoutMs?: number;
  /** Waiting for a free or a new connection, default 5 s. */
  readonly connectTimeoutMs?: number;
  /** Runs of a transaction that the server aborted for others' sake (40001, 40P01), default 5. */
  readonly attemptsMax?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** Told of errors nobody awaits: a broken idle connection, an `afterCommit` that threw. Default: dropped. */
  readonly onBackgroundError?: (error: unknown, what: string) => void;
  readonly clock?: Clock;
  readonly random?: RandomSource;
}

/** A TypeORM entity class; the decorators carry everything else. */
export type EntityClass = abstract new (...args: never[]) => object;

export const DEFAULTS = {
  poolMax: 10,
  statementTimeoutMs: 15_000,
  idleInTransactionTimeoutMs: 30_000,
  connectTimeoutMs: 5_000,
  attemptsMax: 5,
} as const;
