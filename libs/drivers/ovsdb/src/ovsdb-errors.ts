/**
 * Errors of RFC 7047 (section 3.1 and the operations in 5.2) and of ovsdb-server, by their `error` member, and what
 * they mean to a caller. `conflict`: the row is no longer as it was read. Anything not listed is a refusal.
 */
export const OVSDB_ERRORS: ReadonlyMap<string, 'conflict' | 'busy' | 'refused' | 'unknown'> = new Map([
  ['timed out', 'conflict'],
  ['not owner', 'busy'],
  ['resources exhausted', 'busy'],
  ['not leader', 'busy'],
  ['I/O error', 'unknown'],
  ['internal error', 'unknown'],
  ['aborted', 'busy'],
  ['permission error', 'refused'],
  ['constraint violation', 'refused'],
  ['referential integrity violation', 'refused'],
  ['domain error', 'refused'],
  ['range error', 'refused'],
  ['unknown database', 'refused'],
]);

/** How long to leave a switch alone that is busy. */
export const BUSY_RETRY_AFTER_MS = 1_000;
