import pino from 'pino';
import { readExportConfig } from './observability.config.js';
import { currentFields, currentTrace } from './scope.js';

/** A pino logger: `log.info({ serverId }, 'power confirmed off')`. */
export type Logger = pino.Logger;

export interface LoggerOptions {
  /** On every line as `service`. */
  readonly service: string;
  /** Default `RACKWRIGHT_LOG_LEVEL`, else `info`. `silent` writes nothing. */
  readonly level?: string;
  /** Default standard output. */
  readonly destination?: { write(line: string): void };
}

/** Names under which a secret could be handed to a log call by mistake. Values are replaced, one level deep too. */
const SECRET_NAMES = ['password', 'secret', 'token', 'seed', 'authorization', 'cookie', 'credential', 'privateKey'];

/**
 * Makes the logger of a service: one JSON object per line with `time` (ISO 8601), `level`, `service`, `msg`, and the
 * `traceId`, `spanId` and bound fields (`sagaId`, `step`...) of wherever it is called.
 */
export function createLogger({ service, level, destination }: LoggerOptions): Logger {
  const options: pino.LoggerOptions = {
    level: level ?? readExportConfig().logLevel ?? 'info',
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: scopeFields,
    serializers: { err: serializeError, error: serializeError },
    redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

function scopeFields(): object {
  const trace = currentTrace();
  const fields = currentFields();
  return trace === undefined ? { ...fields } : { traceId: trace.traceId, spanId: trace.spanId, ...fields };
}

interface LoggedError {
  readonly name: string;
  readonly code?: unknown;
  readonly message: string;
  readonly details?: unknown;
  readonly stack?: string | undefined;
  readonly cause?: unknown;
}

/** Code, message, details and causes; never other properties of an error, which may hold a whole request with its secrets. */
function serializeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  const { code, details } = error as { code?: unknown; details?: unknown };
  const logged: LoggedError = {
    name: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    ...(details === undefined ? {} : { details }),
    ...(depth === 0 ? { stack: error.stack } : {}),
    ...(error.cause === undefined || depth > 4 ? {} : { cause: serializeError(error.cause, depth + 1) }),
  };
  return logged;
}
