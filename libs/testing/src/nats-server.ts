import { rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { AppError } from '@rackwright/kernel';
import { resolveNatsServer, versionOf } from '@rackwright/tools/nats-server';
import { nkeys } from '@nats-io/nats-core';
import { freePort, makeServerFolder, ServerProcess } from './server-process.js';

/** A user of the test server. Without lists the user may publish and subscribe to everything. */
export interface NatsUserOptions {
  readonly name: string;
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
  /** May answer requests it received, on whatever reply subject they name (`allow_responses`). */
  readonly allowResponses?: boolean;
}

export interface NatsUser {
  readonly name: string;
  readonly publicKey: string;
  readonly seed: string;
  /** A file with the seed, mode 0600, as services get it. */
  readonly seedFile: string;
}

export interface NatsOptions {
  /** Default: one user called `test` who may do everything. There is never anonymous access. */
  readonly users?: readonly NatsUserOptions[];
  /** Largest message, default 1 MB as the server's own. */
  readonly maxPayloadBytes?: number;
}

/**
 * A NATS server with JetStream for one suite. A server each is simpler than an account each and starts in less than
 * 0.1 s; the suite may stop, kill, restart and wipe it as it likes.
 */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const folder = makeServerFolder('nats');
  const users = (options.users ?? [{ name: 'test' }]).map((user) => makeUser(folder, user));
  const server = new NatsServer(folder, await freePort(), users, options);
  await server.start();
  return server;
}

export class NatsServer {
  private process: ServerProcess | undefined;

  constructor(
    private readonly folder: string,
    readonly port: number,
    private readonly users: readonly NatsUser[],
    private readonly options: NatsOptions,
  ) {}

  /** `nats://127.0.0.1:port`, the same over restarts. */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** The keys of a user; the first user when no name is given. */
  user(name?: string): NatsUser {
    const found = name === undefined ? this.users[0] : this.users.find((user) => user.name === name);
    if (found === undefined) throw new AppError('testing.no-such-user', `startNats was not asked for a user "${name}"`);
    return found;
  }

  get isRunning(): boolean {
    return this.process?.isRunning ?? false;
  }

  /** Starts it again after {@link stop}, on the same port. */
  async start(): Promise<void> {
    const config = join(this.folder, 'nats.conf');
    writeFileSync(config, this.config(), { mode: 0o600 });
    const process = ServerProcess.start({
      name: 'nats',
      folder: this.folder,
      program: await findNatsServer(),
      args: ['--config', config],
    });
    this.process = process;
    await process.untilReady('nats-server', () => accepts(this.port));
  }

  /** `SIGTERM`: an orderly end. `SIGKILL`: a crash. What JetStream stored stays. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.process?.stop(signal);
  }

  /** Removes everything JetStream stored. Only while stopped. */
  wipe(): void {
    if (this.isRunning) throw new AppError('testing.still-running', 'stop the NATS server before wiping its store');
    rmSync(this.storeFolder, { recursive: true, force: true });
  }

  /** Stops it for good and removes its folder. */
  async destroy(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get storeFolder(): string {
    return join(this.folder, 'store');
  }

  private config(): string {
    const users = (this.options.users ?? [{ name: 'test' }]).map((user, index) => ({
      nkey: this.users[index]?.publicKey,
      permissions: permissionsOf(user),
    }));
    // JSON is valid in the server's configuration language.
    return JSON.stringify(
      {
        listen: `127.0.0.1:${this.port}`,
        jetstream: { store_dir: this.storeFolder, max_memory_store: 64 * 2 ** 20, max_file_store: 2 ** 30 },
        max_payload: this.options.maxPayloadBytes ?? 2 ** 20,
        authorization: { users },
      },
      null,
      2,
    );
  }
}

function permissionsOf(user: NatsUserOptions): Record<string, unknown> | undefined {
  if (user.publish === undefined && user.subscribe === undefined) return undefined;
  return {
    publish: user.publish ? { allow: user.publish } : { deny: ['>'] },
    subscribe: user.subscribe ? { allow: user.subscribe } : { deny: ['>'] },
    ...(user.allowResponses ? { allow_responses: { max: 1, expires: '2m' } } : {}),
  };
}

function makeUser(folder: string, { name }: NatsUserOptions): NatsUser {
  const pair = nkeys.createUser();
  const seed = Buffer.from(pair.getSeed()).toString('ascii');
  const seedFile = join(folder, `${name}.nk`);
  writeFileSync(seedFile, `${seed}\n`, { mode: 0o600 });
  return { name, publicKey: pair.getPublicKey(), seed, seedFile };
}

/** The server that tests use: `NATS_SERVER`, PATH, the project's tools folder, else fetched, as for `npm start`. */
export function findNatsServer(): Promise<string> {
  found ??= resolveNatsServer();
  return found;
}

let found: Promise<string> | undefined;

/** The version of the server that tests use, `2.10.27`: some features are missing in old ones. */
export async function natsServerVersion(): Promise<string> {
  return (await versionOf(await findNatsServer())) ?? 'unknown';
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    // The server greets with INFO once it takes clients; an open port alone is not enough.
    socket.once('data', () => finish(true));
    socket.once('error', () => finish(false));
    const finish = (ok: boolean): void => {
      socket.destroy();
      resolve(ok);
    };
  });
}
