import { isAppError, messageOf, SystemClock } from '@rackwright/kernel';
import { createLogger, type Logger } from '@rackwright/observability';
import type { ServiceDefinition } from './service-definition.js';
import { ServiceProcess, type ProcessOptions, type ServiceApp } from './service-process.js';
import { readServiceConfig, type ServiceConfig } from './service.config.js';

/** The launcher must not restart a process that was configured wrongly (EX_CONFIG of sysexits.h). */
export const EXIT_MISCONFIGURED = 78;

/** A service that ignores its end for this long is ended without ceremony. */
const EXIT_WITHIN_MS = 1_900;

/** A service inside somebody else's process. */
export interface BuiltService {
  readonly app: ServiceApp;
  /** Where `/healthz`, `/readyz` and `/metrics` are. */
  readonly url: string;
  close(): Promise<void>;
}

/** The same service as {@link runService} makes, inside this process and without touching signals: for tests. */
export async function buildService(definition: ServiceDefinition, options: ProcessOptions): Promise<BuiltService> {
  const service = await ServiceProcess.start(definition, options);
  try {
    const app = await service.started;
    return { app, url: service.url, close: () => service.close() };
  } catch (error) {
    await service.close();
    throw error;
  }
}

/**
 * The whole life of a service process; the only line of an app's `main.ts`. Reads the environment, starts, and ends the
 * process: 0 after SIGTERM or SIGINT, 78 when the configuration is wrong, 1 when it cannot or must not go on.
 */
export async function runService(definition: ServiceDefinition & { readonly config?: ServiceConfig }): Promise<void> {
  let logger = createLogger({ service: definition.name });
  try {
    const config = definition.config ?? readServiceConfig();
    logger = createLogger({ service: definition.name, level: config.logLevel });
    // State after an unforeseen error is unknown. Everything that matters is in PostgreSQL, so starting anew is safe.
    process.on('uncaughtException', (err) => exitWith(1, logger, err));
    process.on('unhandledRejection', (reason) => exitWith(1, logger, reason));
    const service = await ServiceProcess.start(definition, { config, logger });
    stopOnSignal(service, logger);
    await service.started;
  } catch (error) {
    // Told to stop while starting: the signal handler ends the process.
    if (isAppError(error, 'service.stopping') || isAppError(error, 'kernel.aborted')) return;
    exitWith(isAppError(error, 'config.invalid') ? EXIT_MISCONFIGURED : 1, logger, error);
  }
}

function stopOnSignal(service: ServiceProcess, logger: Logger): void {
  let isStopping = false;
  const stop = (why: string): void => {
    if (isStopping) return;
    isStopping = true;
    logger.info({ event: 'stopping', why }, 'stopping');
    new SystemClock().setTimer(EXIT_WITHIN_MS, () => exitWith(1, logger, 'did not stop in time'));
    service.close().then(
      () => process.exit(0),
      (error: unknown) => exitWith(1, logger, error),
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // Started with an IPC channel, it goes when its supervisor is gone, even after a SIGKILL.
  if (process.channel) process.on('disconnect', () => stop('the supervisor is gone'));
}

function exitWith(code: number, logger: Logger, error: unknown): never {
  logger.fatal({ err: error }, messageOf(error));
  process.exit(code);
}
