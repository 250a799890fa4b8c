import { AppError } from '@rackwright/kernel';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const MARKER = 'rackwright-data.json';
const LAYOUT = 1;

/** Everything one Rackwright keeps on this machine lies under one folder. */
export class DataFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** A short name that is the same for this folder every time, for what must lie elsewhere. */
  get key(): string {
    return createHash('sha256').update(this.path).digest('hex').slice(0, 16);
  }

  get runFolder(): string {
    return join(this.path, 'run');
  }

  get logFolder(): string {
    return join(this.path, 'logs');
  }

  get lockFile(): string {
    return join(this.path, 'launcher.json');
  }

  get secretsFile(): string {
    return join(this.path, 'secrets.json');
  }

  /** The embedded PostgreSQL, unless its user cannot get here. */
  get postgresFolder(): string {
    return join(this.path, 'postgres');
  }

  get natsFolder(): string {
    return join(this.path, 'nats');
  }

  /** What one service keeps outside the database: its sealed keys, the simulator its world. */
  stateFolder(service: string): string {
    const path = join(this.path, 'services', service);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /** False before the first start. */
  get exists(): boolean {
    return existsSync(this.path);
  }

  /** True when a start has been completed in this folder before: the first login exists and the site is seeded. */
  get isSetUp(): boolean {
    return this.readMarker()?.setUp === true;
  }

  /**
   * Makes the folder or recognises one of ours.
   * @throws AppError `launcher.not-a-data-folder` for a folder with other things in it, `launcher.newer-data`,
   * `launcher.no-access` for one that belongs to another user
   */
  open(): void {
    try {
      this.openOrMake();
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') throw cause;
      const text = `${this.path} cannot be used by this user (${code}); choose another folder with --data-dir`;
      throw new AppError('launcher.no-access', text, { cause });
    }
  }

  private openOrMake(): void {
    const marker = this.readMarker();
    if (marker === undefined && existsSync(this.path)) {
      if (!statSync(this.path).isDirectory()) throw this.notOurs('it is a file');
      if (readdirSync(this.path).length > 0) throw this.notOurs('it holds other files');
    }
    if (marker !== undefined && marker.layout > LAYOUT) {
      throw new AppError('launcher.newer-data', `${this.path} was made by a newer Rackwright`);
    }
    // The user the database runs as under root must get through; everything inside is closed to it but its own.
    mkdirSync(this.path, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    if (marker === undefined) this.writeMarker(false);
    for (const folder of [this.runFolder, this.logFolder, this.natsFolder]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
  }

  /** From now on this is not a first start any more. */
  markSetUp(): void {
    this.writeMarker(true);
  }

  /** Empties a folder of ours except for the lock of the launcher that does it; refuses any other folder. */
  clear(): void {
    if (!existsSync(this.path)) return;
    if (this.readMarker() === undefined && readdirSync(this.path).length > 0)
      throw this.notOurs('it holds other files');
    for (const name of readdirSync(this.path)) {
      if (join(this.path, name) !== this.lockFile) rmSync(join(this.path, name), { recursive: true, force: true });
    }
    this.writeMarker(false);
  }

  private notOurs(why: string): AppError {
    return new AppError('launcher.not-a-data-folder', `${this.path} is not a Rackwright data folder: ${why}`);
  }

  private readMarker(): { layout: number; setUp: boolean } | undefined {
    try {
      return JSON.parse(readFileSync(join(this.path, MARKER), 'utf8')) as { layout: number; setUp: boolean };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EACCES') throw error;
      return undefined;
    }
  }

  private writeMarker(setUp: boolean): void {
    writeFileSync(join(this.path, MARKER), `${JSON.stringify({ layout: LAYOUT, setUp })}\n`, { mode: 0o600 });
  }
}
