import { AppError, type Clock } from '@rackwright/kernel';
import type { PidFiles } from '../process/pid-files.js';
import { DEFAULT_BACKOFF, type BackoffPolicy } from './backoff.policy.js';
import type { ProcessSpec, ProcessState, SupervisorListener } from './process-spec.js';
import { SupervisedProcess } from './supervised-process.js';

const POLL_MS = 25;

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly pidFiles: PidFiles;
  readonly listener: SupervisorListener;
  readonly backoff?: BackoffPolicy;
}

/** All processes of one running Rackwright, in the order they were started. */
export class Supervisor {
  private readonly processes = new Map<string, SupervisedProcess>();
  private stopped = false;

  constructor(private readonly options: SupervisorOptions) {}

  /** Starts a process and keeps it running. A name is given once. */
  start(spec: ProcessSpec): void {
    if (this.stopped) return;
    const { clock, pidFiles, listener, backoff = DEFAULT_BACKOFF } = this.options;
    const supervised = new SupervisedProcess(spec, { clock, pidFiles, listener, backoff });
    this.processes.set(spec.name, supervised);
    supervised.start();
  }

  /**
   * Resolves when all named processes are ready at once.
   * @throws AppError `launcher.not-ready` naming those that are not after `withinMs`; `launcher.stopped` when stopped.
   */
  async ready(names: readonly string[], withinMs: number): Promise<void> {
    const { clock } = this.options;
    const untilMs = clock.monotonicMs() + withinMs;
    const missing = (): string[] => names.filter((name) => this.processes.get(name)?.state !== 'ready');
    while (missing().length > 0) {
      if (this.stopped) throw new AppError('launcher.stopped', 'stopped while starting');
      if (clock.monotonicMs() > untilMs) {
        const text = `not ready after ${Math.round(withinMs / 1000)} s: ${missing().join(', ')}`;
        throw new AppError('launcher.not-ready', text, { details: { names: missing() } });
      }
      await clock.sleep(POLL_MS);
    }
  }

  /** Name, state and restarts of every process, for status and tests. */
  overview(): { name: string; state: ProcessState; restarts: number; pid: number | undefined }[] {
    return [...this.processes.values()].map(({ spec, state, restarts, pid }) => ({
      name: spec.name,
      state,
      restarts,
      pid,
    }));
  }

  /** The port a process said it listens on. */
  portOf(name: string): number | undefined {
    return this.processes.get(name)?.listeningOn;
  }

  /** Stops everything: all but `last` side by side, then those one after the other in the given order. Repeatable. */
  async stopAll(last: readonly string[] = []): Promise<void> {
    this.stopped = true;
    const first = [...this.processes.values()].filter(({ spec }) => !last.includes(spec.name));
    await Promise.all(first.map((supervised) => supervised.stop()));
    for (const name of last) await this.processes.get(name)?.stop();
  }
}
