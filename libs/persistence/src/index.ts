/**
 * Truth lives in PostgreSQL, and this is the only door to it. A service opens one {@link Database} as its own
 * least-privilege role: TypeORM for entities and repositories, plain prepared SQL for the hot path, both in the same
 * transaction on the same connection. Migrations run under a lock and are never changed once applied. What the server
 * refused and what nobody can know (a COMMIT whose answer was lost) are different errors here, because callers must act
 * differently on them.
 */
export * from './database.js';
export * from './errors.js';
export * from './migrate.js';
export * from './provision.js';
export * from './savepoint.js';
export { quoteIdentifier } from './sql.js';
export type { DatabaseOptions, EntityClass } from './options.js';
export type { Tx } from './transaction.js';
