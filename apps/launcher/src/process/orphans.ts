import type { Clock } from '@rackwright/kernel';
import type { PidFiles } from './pid-files.js';
import { isRunning, signalRecorded, type ProcessRecord } from './process-identity.js';

export interface OrphanOptions {
  readonly clock: Clock;
  /** How long a leftover may take to stop by itself before it is killed. */
  readonly stopWithinMs?: number;
}

const POLL_MS = 20;

/**
 * Stops what a killed launcher left running, services before the servers they talk to, and answers whom it stopped.
 * Repeatable. Signals only processes whose number *and* start time are on record.
 */
export async function stopOrphans(pidFiles: PidFiles, options: OrphanOptions): Promise<string[]> {
  const running = pidFiles.list().filter(isRunning);
  const services = running.filter((record) => !SERVERS.has(record.name));
  await Promise.all(services.map((record) => stopOrphan(record, options)));
  for (const record of running.filter((each) => SERVERS.has(each.name))) await stopOrphan(record, options);
  for (const record of pidFiles.list()) pidFiles.remove(record.name);
  return running.map((record) => record.name);
}

/** What the services depend on, stopped last. */
export const SERVERS: ReadonlySet<string> = new Set(['nats', 'postgres']);

async function stopOrphan(record: ProcessRecord, { clock, stopWithinMs = 5000 }: OrphanOptions): Promise<void> {
  // PostgreSQL takes SIGTERM as "wait for all clients to leave"; SIGINT is its fast and clean shutdown.
  signalRecorded(record, record.name === 'postgres' ? 'SIGINT' : 'SIGTERM');
  const untilMs = clock.monotonicMs() + stopWithinMs;
  while (isRunning(record) && clock.monotonicMs() < untilMs) await clock.sleep(POLL_MS);
  if (!signalRecorded(record, 'SIGKILL')) return;
  while (isRunning(record)) await clock.sleep(POLL_MS);
}
