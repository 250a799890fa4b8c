import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@rackwright/kernel';
import { startTimeOf } from './jest/run-folder.mjs';
import { runFolder, serverEnvironment } from './test-run.config.js';
import { waitFor } from './wait-for.js';

/** A port that was free a moment ago. Servers that can bind port 0 themselves should. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** A new folder inside this run's folder; outside of Jest, in the temporary folder, where nobody cleans up but `stop`. */
export function makeServerFolder(kind: string): string {
  const folder = mkdtempSync(join(runFolder() ?? tmpdir(), `${kind}-`));
  return folder;
}

export interface ServerCommand {
  /** Name of the record and of the log file; unique in the folder. */
  readonly name: string;
  readonly folder: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly identity?: { readonly uid: number; readonly gid: number } | undefined;
}

/**
 * A server that outlives the Jest worker that started it. Its output goes to a file, so that nothing blocks or keeps the
 * worker alive, and its pid to the run folder, so that the global tear-down or the next run can end it.
 */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly logFile: string,
    private readonly recordFile: string,
  ) {}

  static start(command: ServerCommand): ServerProcess {
    mkdirSync(command.folder, { recursive: true });
    const logFile = join(command.folder, `${command.name}.txt`);
    const log = openSync(logFile, 'a');
    const child = spawn(command.program, command.args, {
      stdio: ['ignore', log, log],
      cwd: command.folder,
      env: serverEnvironment(),
      ...command.identity,
    });
    closeSync(log);
    child.unref();
    child.on('error', () => undefined);
    const recordFile = join(runFolder() ?? command.folder, `${command.name}-${child.pid ?? 0}.server.json`);
    const record = { pid: child.pid, startTime: child.pid && startTimeOf(child.pid), program: command.program };
    writeFileSync(recordFile, JSON.stringify(record));
    return new ServerProcess(child, logFile, recordFile);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  /** Waits until `ready` holds; fails at once, with the end of the log, when the process ends before. */
  async untilReady(what: string, ready: () => Promise<boolean> | boolean): Promise<void> {
    const state = await waitFor(async () => (!this.isRunning ? 'ended' : (await ready()) ? 'ready' : undefined), {
      withinMs: 20_000,
      everyMs: 10,
      what: `${what} to be ready`,
    });
    if (state === 'ended') {
      throw new AppError('testing.server-ended', `${what} ended while starting:\n${this.log().slice(-2_000)}`);
    }
  }

  /** Sends `signal` and waits for the end. Repeatable. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.isRunning) {
      const ended = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
      this.child.ref();
      process.kill(this.pid, signal);
      await ended;
    }
    rmSync(this.recordFile, { force: true });
  }
}
