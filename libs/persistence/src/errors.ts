import { AppError, messageOf } from '@rackwright/kernel';

/**
 * Codes of {@link AppError} thrown by this library.
 * - `unreachable`, `wrong-password`, `missing-database`, `starting-up`, `too-many-connections`: no connection was had.
 * - `pool-exhausted`: every connection of this process stayed busy for the whole wait.
 * - `connection-lost`: lost inside a transaction before COMMIT was sent, so nothing was committed; safe to run again.
 * - `commit-unknown`: lost while COMMIT, or a statement outside of a transaction, was in flight; nobody knows. Read again by key before doing anything else.
 * - `rolled-back`: the work swallowed an error of its own statement, so the server turned COMMIT into ROLLBACK.
 */
export const PERSISTENCE_ERRORS = {
  unreachable: 'persistence.unreachable',
  wrongPassword: 'persistence.wrong-password',
  missingDatabase: 'persistence.missing-database',
  startingUp: 'persistence.starting-up',
  tooManyConnections: 'persistence.too-many-connections',
  poolExhausted: 'persistence.pool-exhausted',
  connectionLost: 'persistence.connection-lost',
  commitUnknown: 'persistence.commit-unknown',
  rolledBack: 'persistence.rolled-back',
  closed: 'persistence.closed',
} as const;

interface ServerFields {
  readonly code?: unknown;
  readonly severity?: unknown;
  readonly constraint?: unknown;
  readonly routine?: unknown;
  readonly cause?: unknown;
}

/** The error as the server reported it, found through the wrappers of TypeORM and of {@link AppError}. */
function serverFields(error: unknown): (ServerFields & { readonly code: string }) | undefined {
  for (let depth = 0, at: unknown = error; depth < 8 && typeof at === 'object' && at !== null; depth++) {
    const fields = at as ServerFields;
    if (typeof fields.code === 'string' && /^[0-9A-Z]{5}$/.test(fields.code) && fields.severity !== undefined) {
      return {
        ...fields,
        code: fields.code,
        severity: fields.severity,
        constraint: fields.constraint,
        routine: fields.routine,
      };
    }
    at = fields.cause ?? (at as { driverError?: unknown }).driverError;
  }
  return undefined;
}

/** The SQLSTATE the server answered with; undefined when the error did not come from the server. */
export function sqlStateOf(error: unknown): string | undefined {
  return serverFields(error)?.code;
}

/** True for a unique violation (23505), of the given constraint or index when one is named. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const fields = serverFields(error);
  return fields?.code === '23505' && (constraint === undefined || fields.constraint === constraint);
}

/** The server aborted this transaction only because of others; running it again is right. */
export function isRetryable(error: unknown): boolean {
  const fields = serverFields(error);
  if (fields === undefined) return false;
  // A migration changed a table under a prepared statement; a fresh plan is all that is needed.
  if (fields.code === '0A000') return fields.routine === 'RevalidateCachedQuery';
  return fields.code === '40001' || fields.code === '40P01';
}

/** The server ended the session (shutdown, crash of a neighbour, terminated by an administrator, timeout asleep). */
export function endsSession(error: unknown): boolean {
  const fields = serverFields(error);
  if (fields === undefined) return false;
  return fields.severity === 'FATAL' || fields.severity === 'PANIC' || /^(08|57P)|^40003$/.test(fields.code);
}

/** Where a URL points, without its secrets. */
export function describeUrl(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.hostname || 'localhost'}:${parsed.port || '5432'}${parsed.pathname} as ${decodeURIComponent(parsed.username) || 'the default user'}`;
  } catch {
    return 'an address that is not a URL';
  }
}

/** Says why no connection could be had, in words an operator can act on. Never contains the password. */
export function connectError(cause: unknown, url: string): AppError {
  const where = describeUrl(url);
  const options = { cause, details: { where } };
  switch (sqlStateOf(cause)) {
    case '28P01':
    case '28000':
      return new AppError(
        PERSISTENCE_ERRORS.wrongPassword,
        `PostgreSQL refused the sign-in at ${where}: ${messageOf(cause)}`,
        options,
      );
    case '3D000':
      return new AppError(
        PERSISTENCE_ERRORS.missingDatabase,
        `PostgreSQL answered at ${where}, but ${messageOf(cause)}`,
        options,
      );
    case '57P03':
      return new AppError(
        PERSISTENCE_ERRORS.startingUp,
        `PostgreSQL at ${where} is starting up or shutting down`,
        options,
      );
    case '53300':
      return new AppError(
        PERSISTENCE_ERRORS.tooManyConnections,
        `PostgreSQL at ${where} has no connection left: ${messageOf(cause)}`,
        options,
      );
    default:
      return new AppError(
        PERSISTENCE_ERRORS.unreachable,
        `cannot reach PostgreSQL at ${where}: ${reasonOf(cause)}`,
        options,
      );
  }
}

/** A refused connection to a name with several addresses is an AggregateError with an empty message. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join('; ');
  return messageOf(cause);
}
