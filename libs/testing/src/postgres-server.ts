import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '@rackwright/kernel';
import pg from 'pg';
import { isAlive, startTimeOf, type ProcessRecord } from './jest/run-folder.mjs';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { freePort, makeServerFolder, ServerProcess } from './server-process.js';
import { runFolder, serverEnvironment } from './test-run.config.js';
import { waitFor } from './wait-for.js';

const run = promisify(execFile);

/** Settings of a server whose data nobody will miss. Durability is off; crash tests of PostgreSQL itself turn it on. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_connections: '300',
  shared_buffers: '64MB',
  timezone: 'UTC',
};

/** A PostgreSQL server on 127.0.0.1. */
export interface PostgresAddress {
  readonly port: number;
  /** Signs in as superuser. */
  readonly adminUrl: string;
}

/**
 * The PostgreSQL server of this Jest run: started by the first caller, found by all others, stopped by the global
 * tear-down. Nobody may stop it: a suite that kills its server takes {@link OwnPostgres}.
 */
export async function startPostgres(): Promise<PostgresAddress> {
  const folder = runFolder();
  if (folder === undefined) {
    throw new AppError(
      'testing.no-run-folder',
      'startPostgres needs the global set-up of libs/testing in the Jest configuration',
    );
  }
  const addressFile = join(folder, 'postgres.json');
  await underLock(join(folder, 'postgres.lock'), async () => {
    if (existsSync(addressFile)) return;
    const server = await OwnPostgres.start();
    writeFileSync(addressFile, JSON.stringify({ port: server.port, adminUrl: server.adminUrl }));
  });
  return JSON.parse(readFileSync(addressFile, 'utf8')) as PostgresAddress;
}

export interface OwnPostgresOptions {
  /** Sync to disk like in production, so that an immediate stop loses nothing that was committed. Default false. */
  readonly durable?: boolean;
}

/** A PostgreSQL server of one suite alone, which may be killed and started again on the same port and data. */
export class OwnPostgres implements PostgresAddress {
  private process: ServerProcess | undefined;
  private wasKilled = false;

  private constructor(
    private readonly binaries: PostgresBinaries,
    private readonly folder: string,
    readonly port: number,
    private readonly options: OwnPostgresOptions,
  ) {}

  static async start(options: OwnPostgresOptions = {}): Promise<OwnPostgres> {
    const binaries = await findPostgresBinaries();
    const folder = makeServerFolder('postgres');
    if (binaries.identity) chownSync(folder, binaries.identity.uid, binaries.identity.gid);
    const server = new OwnPostgres(binaries, folder, await freePort(), options);
    await server.initialise();
    await server.start();
    return server;
  }

  get adminUrl(): string {
    return `postgres://postgres:${ADMIN_PASSWORD}@127.0.0.1:${this.port}/postgres`;
  }

  /**
   * Starts it again after {@link stop}. After a SIGKILL the server refuses to start while a child of the killed one still
   * holds its shared memory, and is started again until that has ended.
   */
  async start(): Promise<void> {
    if (!this.wasKilled) return this.startOnce();
    await waitFor(() => this.startOnce().then(() => true), {
      withinMs: 15_000,
      everyMs: 50,
      what: 'PostgreSQL to start',
    });
    this.wasKilled = false;
  }

  /**
   * `SIGINT`: fast, sessions are told. `SIGQUIT`: immediate, as a crash; recovery at the next start.
   * `SIGKILL` of the main process alone: its children notice by themselves and end.
   */
  async stop(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL' = 'SIGINT'): Promise<void> {
    await this.process?.stop(signal);
    this.wasKilled = signal === 'SIGKILL';
  }

  /** Stops it for good and removes its data. */
  async destroy(): Promise<void> {
    await this.stop('SIGQUIT');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  private async startOnce(): Promise<void> {
    const durable = this.options.durable ? { fsync: 'on', full_page_writes: 'on' } : {};
    const settings = Object.entries({ ...SETTINGS, ...durable, port: String(this.port) });
    this.process = ServerProcess.start({
      name: 'postgres',
      folder: this.folder,
      program: this.binaries.postgres,
      args: ['-D', this.dataFolder, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      identity: this.binaries.identity,
    });
    await this.process.untilReady('PostgreSQL', () => answers(this.adminUrl));
  }

  private get dataFolder(): string {
    return join(this.folder, 'data');
  }

  private async initialise(): Promise<void> {
    const passwordFile = join(this.folder, 'password');
    writeFileSync(passwordFile, ADMIN_PASSWORD);
    if (this.binaries.identity) chownSync(passwordFile, this.binaries.identity.uid, this.binaries.identity.gid);
    // An explicit locale and encoding: a missing LANG would give SQL_ASCII, an unknown one would fail.
    const flags = ['--locale=C', '--encoding=UTF8', '--auth=scram-sha-256', '--username=postgres', '--no-sync'];
    await run(this.binaries.initdb, [`--pgdata=${this.dataFolder}`, `--pwfile=${passwordFile}`, ...flags], {
      env: serverEnvironment(),
      cwd: this.folder,
      ...this.binaries.identity,
    });
  }
}

/** Of throw-away servers that listen on 127.0.0.1 only. */
const ADMIN_PASSWORD = 'test-administrator';

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

/** One worker at a time across processes. A lock whose holder died is taken over. */
async function underLock(lockFolder: string, work: () => Promise<void>): Promise<void> {
  await waitFor(() => tryLock(lockFolder), { withinMs: 60_000, everyMs: 25, what: `the lock ${lockFolder}` });
  try {
    await work();
  } finally {
    rmSync(lockFolder, { recursive: true, force: true });
  }
}

function tryLock(lockFolder: string): boolean {
  try {
    mkdirSync(lockFolder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (holderIsGone(lockFolder)) rmSync(lockFolder, { recursive: true, force: true });
    return false;
  }
  writeFileSync(
    join(lockFolder, 'holder.json'),
    JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }),
  );
  return true;
}

/** A holder that has not written its name yet counts as there. */
function holderIsGone(lockFolder: string): boolean {
  try {
    return !isAlive(JSON.parse(readFileSync(join(lockFolder, 'holder.json'), 'utf8')) as ProcessRecord);
  } catch {
    return false;
  }
}
