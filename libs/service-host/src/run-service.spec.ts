import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freshDatabase, startNats, waitFor, type NatsServer, type TestDatabase } from '@rackwright/testing';
import { build, stop } from 'esbuild';
import { EXIT_MISCONFIGURED } from './run-service.js';

const here = dirname(fileURLToPath(import.meta.url));
// Inside the project, so that the bundle finds node_modules.
const folder = join(here, `../dist/spec-${process.pid}`);
const main = join(folder, 'main.mjs');

let fresh: TestDatabase;
let nats: NatsServer;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(here, 'fixtures/main.ts')],
    outfile: main,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    keepNames: true,
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    plugins: [
      {
        name: 'packages of others stay outside',
        setup: (bundler) =>
          bundler.onResolve({ filter: /^[^./]/ }, ({ path }) =>
            path.startsWith('@rackwright/') ? undefined : { path, external: true },
          ),
      },
    ],
  });
  await stop();
  [fresh, nats] = await Promise.all([freshDatabase('power'), startNats({ users: [{ name: 'power' }] })]);
});
afterAll(async () => {
  await Promise.all([fresh.drop(), nats.destroy()]);
  rmSync(folder, { recursive: true, force: true });
});

interface LogLine {
  readonly msg: string;
  readonly level: string;
  readonly event?: string;
  readonly health?: string;
  readonly why?: string;
}

class Child {
  readonly lines: LogLine[] = [];
  readonly exit: Promise<[number | null, NodeJS.Signals | null]>;
  private readonly process: ChildProcess;

  constructor(environment: Record<string, string>, stdio: 'ignore' | 'ipc' = 'ignore') {
    this.process = spawn(process.execPath, [main], {
      env: { NODE_ENV: 'test', ...environment },
      stdio: ['ignore', 'pipe', 'inherit', stdio],
    });
    this.exit = once(this.process, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    let rest = '';
    this.process.stdout?.on('data', (data: Buffer) => {
      const parts = (rest + data.toString()).split('\n');
      rest = parts.pop() ?? '';
      this.lines.push(...parts.map((line) => JSON.parse(line) as LogLine));
    });
  }

  said(event: string): LogLine | undefined {
    return this.lines.find((line) => line.event === event);
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  disconnect(): void {
    this.process.disconnect();
  }
}

function surroundings(): Record<string, string> {
  return { DATABASE_URL: fresh.url('power'), NATS_URL: nats.url, NATS_NKEY_SEED_FILE: nats.user('power').seedFile };
}

describe('a service process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'says where it listens, and ends with 0 within two seconds of %s',
    async (signal) => {
      const child = new Child(surroundings());
      const { health } = await waitFor(() => child.said('listening'), { withinMs: 15_000 });
      await waitFor(() => child.said('started'), { withinMs: 15_000 });
      expect((await fetch(`${health}/healthz`)).status).toBe(200);
      const startedMs = performance.now();
      child.kill(signal);
      expect(await child.exit).toEqual([0, null]);
      expect(performance.now() - startedMs).toBeLessThan(2_000);
      expect(child.said('stopping')?.why).toBe(signal);
      expect(child.said('stopped')).toBeDefined();
    },
  );

  it('ends with 0 when it is told so while the database is away', async () => {
    const child = new Child({ ...surroundings(), DATABASE_URL: 'postgres://power:pw@127.0.0.1:1/x' });
    await waitFor(() => child.lines.some((line) => line.msg.startsWith('waiting for the database')), {
      withinMs: 15_000,
    });
    child.kill('SIGTERM');
    expect(await child.exit).toEqual([0, null]);
  });

  it('goes when its supervisor is gone', async () => {
    const child = new Child(surroundings(), 'ipc');
    await waitFor(() => child.said('started'), { withinMs: 15_000 });
    child.disconnect();
    expect(await child.exit).toEqual([0, null]);
    expect(child.said('stopping')?.why).toBe('the supervisor is gone');
  });

  it('ends at once, by a code of its own, when it is configured wrongly', async () => {
    const child = new Child({ NATS_URL: 'nats://127.0.0.1:4222' });
    expect(await child.exit).toEqual([EXIT_MISCONFIGURED, null]);
    await waitFor(() => child.lines.length > 0);
    expect(child.lines.at(-1)).toMatchObject({
      level: 'fatal',
      msg: expect.stringContaining('DATABASE_URL is not set'),
    });
  });
});
