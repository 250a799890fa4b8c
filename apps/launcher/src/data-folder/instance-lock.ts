import { AppError } from '@rackwright/kernel';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isRunning, processIdentity, type ProcessRecord } from '../process/process-identity.js';

interface Holder extends ProcessRecord {
  /** Where the running one answers; empty while it starts. */
  readonly address: string;
}

/** One launcher for each data folder: two would start two databases on the same files. */
export class InstanceLock {
  private address = '';

  private constructor(private readonly file: string) {}

  /**
   * Takes the lock, also from a launcher that was killed.
   * @throws AppError `launcher.already-running` with the address of the one that holds it
   */
  static take(file: string): InstanceLock {
    const lock = new InstanceLock(file);
    const mine = `${file}.${process.pid}`;
    writeFileSync(mine, lock.content(), { mode: 0o600 });
    try {
      // A hard link appears whole or not at all, and fails when the name is taken.
      for (let attempt = 0; attempt < 3; attempt++) {
        if (lock.tryLink(mine)) return lock;
        lock.removeStale();
      }
      throw new AppError('launcher.already-running', 'another launcher is starting on this data folder');
    } finally {
      rmSync(mine, { force: true });
    }
  }

  /** Tells later launchers where this one answers. */
  publish(address: string): void {
    this.address = address;
    const staged = `${this.file}.${process.pid}`;
    writeFileSync(staged, this.content(), { mode: 0o600 });
    renameSync(staged, this.file);
  }

  release(): void {
    if (readHolder(this.file)?.pid === process.pid) rmSync(this.file, { force: true });
  }

  private content(): string {
    const identity = processIdentity(process.pid) ?? '';
    const holder: Holder = { name: 'launcher', pid: process.pid, identity, address: this.address };
    return JSON.stringify(holder);
  }

  private tryLink(mine: string): boolean {
    try {
      linkSync(mine, this.file);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return false;
    }
  }

  private removeStale(): void {
    const holder = readHolder(this.file);
    if (holder !== undefined && isRunning(holder)) {
      const where = holder.address === '' ? 'still starting' : `at ${holder.address}`;
      const text = `Rackwright already runs on this data folder, ${where} (pid ${holder.pid})`;
      throw new AppError('launcher.already-running', text, { details: { address: holder.address, pid: holder.pid } });
    }
    rmSync(this.file, { force: true });
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}
