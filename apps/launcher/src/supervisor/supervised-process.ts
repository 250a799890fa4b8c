import type { Clock, Timer } from '@rackwright/kernel';
import { spawn, type ChildProcess } from 'node:child_process';
import { readLines } from '../process/line-reader.js';
import type { PidFiles } from '../process/pid-files.js';
import { failuresInARow, restartDelayMs, type BackoffPolicy } from './backoff.policy.js';
import type { ProcessSpec, ProcessState, SupervisorListener } from './process-spec.js';
import { listeningPort } from './listening-port.js';

const READY_POLL_MS = 50;
const STOP_WITHIN_MS = 5000;

export interface SupervisionOptions {
  readonly clock: Clock;
  readonly pidFiles: PidFiles;
  readonly listener: SupervisorListener;
  readonly backoff: BackoffPolicy;
}

/** Keeps one process running until told to stop: a new one after each end, later and later while it keeps failing. */
export class SupervisedProcess {
  state: ProcessState = 'stopped';
  restarts = 0;
  private child: ChildProcess | undefined;
  private port: number | undefined;
  private failures = 0;
  private stopping = false;
  private restartTimer: Timer | undefined;
  private ended: Promise<void> = Promise.resolve();

  constructor(
    readonly spec: ProcessSpec,
    private readonly options: SupervisionOptions,
  ) {}

  /** The port the process said it listens on, while it runs. */
  get listeningOn(): number | undefined {
    return this.port;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    const { spec, options } = this;
    const startedMs = options.clock.monotonicMs();
    // A session of its own: Ctrl-C in the terminal reaches the launcher alone, which then stops all in order.
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...spec.runAs,
    });
    if (child.pid !== undefined) options.pidFiles.write(spec.name, child.pid);
    this.child = child;
    this.port = undefined;
    child.stdin.on('error', () => undefined);
    readLines(child.stdout, (line) => this.takeLine(line));
    readLines(child.stderr, (line) => this.takeLine(line));
    this.enter('starting', child.pid === undefined ? '' : `pid ${child.pid}`);
    this.ended = new Promise((resolve) => {
      const onEnd = (how: string): void => {
        if (this.child === child) this.onEnded(how, options.clock.monotonicMs() - startedMs);
        resolve();
      };
      child.once('error', (error) => onEnd(error.message));
      child.once('exit', (code, signal) => onEnd(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
    void this.watchReadiness(child);
  }

  /** Asks the process to end, kills it when it does not in time; resolves when it is gone. Repeatable. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.restartTimer?.cancel();
    const child = this.child;
    if (child === undefined) return this.enter('stopped', '');
    child.kill(this.spec.stopSignal ?? 'SIGTERM');
    const killTimer = this.options.clock.setTimer(this.spec.stopWithinMs ?? STOP_WITHIN_MS, () => {
      child.kill('SIGKILL');
    });
    await this.ended;
    killTimer.cancel();
  }

  private takeLine(line: string): void {
    this.port = listeningPort(line) ?? this.port;
    this.options.listener.line(this.spec.name, line);
  }

  private onEnded(how: string, ranMs: number): void {
    this.child = undefined;
    this.port = undefined;
    this.options.pidFiles.remove(this.spec.name);
    if (this.stopping) return this.enter('stopped', how);
    this.failures = failuresInARow(this.failures, ranMs, this.options.backoff);
    const delayMs = restartDelayMs(this.failures, this.options.backoff);
    this.restarts += 1;
    this.enter('waiting', `${how}; starting again in ${delayMs} ms`);
    this.restartTimer = this.options.clock.setTimer(delayMs, () => {
      if (!this.stopping) this.start();
    });
  }

  private async watchReadiness(child: ChildProcess): Promise<void> {
    while (this.child === child && !this.stopping) {
      if (await this.spec.isReady(this.port).catch(() => false)) {
        if (this.child === child) this.enter('ready', '');
        return;
      }
      await this.options.clock.sleep(READY_POLL_MS);
    }
  }

  private enter(state: ProcessState, detail: string): void {
    this.state = state;
    this.options.listener.state(this.spec.name, state, detail);
  }
}
