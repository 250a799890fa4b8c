import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { transform } from '@swc/core';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { coordinator, type coordinator as Coordinator } from '@rackwright/contracts';
import { freshDatabase, startNats, waitFor } from '@rackwright/testing';
import { build, stop } from 'esbuild';
import { CoordinatorWorld } from '../testing/coordinator-world.js';

const here = dirname(fileURLToPath(import.meta.url));
// Inside the project, so that the bundle finds node_modules.
const folder = join(here, `../../dist/spec-${process.pid}`);
const main = join(folder, 'main.mjs');

let world: CoordinatorWorld;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(here, '../testing/crash-main.ts')],
    outfile: main,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    keepNames: true,
    conditions: ['@rackwright/source'],
    plugins: [
      {
        // esbuild writes no decorator metadata, and injection lives on it.
        name: 'swc',
        setup: (bundler) =>
          bundler.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
            const options = { ...swcOptions(), swcrc: false, filename: path };
            const { code } = await transform(readFileSync(path, 'utf8'), options);
            return { contents: code, loader: 'js' };
          }),
      },
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
  world = await CoordinatorWorld.start({ freshDatabase, startNats, waitFor });
}, 60_000);
afterEach(() => world.leave());
afterAll(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a coordinator that is killed', () => {
  it.each([
    'after-append:started',
    'after-send:step-sent:make-site',
    'after-commit:step-sent:make-site',
    'after-append:step-done:make-site',
    'after-commit:step-done:make-server',
    'before-append:ended',
  ])(
    'at %s is succeeded by one that finishes the run, each step done once',
    async (point) => {
      const name = `c-${point.replaceAll(':', '-')}`;
      const child = spawn(process.execPath, [main], {
        env: { NODE_ENV: 'test', RACKWRIGHT_CRASH_AT: point, ...environment() },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const exit = once(child, 'exit');
      try {
        const queries = world.client.messaging.queries;
        const request: Coordinator.PlanRequest = {
          kind: 'define-profile',
          definition: { name, group: 'default', description: '', qualification: {}, vnics: [], vhbas: [], volumes: [] },
        };
        const made = await waitFor(
          () => queries.query(coordinator.createPlan, { request, actor: 'alice' }).catch(() => undefined),
          { withinMs: 20_000, what: 'the child to plan' },
        );
        const planId = made?.id ?? '';
        const asked = world.client.messaging.commands.ask(
          coordinator.executePlan,
          { planId, actor: 'alice' },
          { timeoutMs: 25_000 },
        );
        expect(await exit).toEqual([null, 'SIGKILL']);
        await world.coordinator();
        const outcome = await asked;
        if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
        const { runId } = outcome.result;
        await waitFor(async () => (await queries.query(coordinator.getRun, { runId })).state === 'done', {
          withinMs: 20_000,
          what: 'the run to be done',
        });
        const own = world.owners.effects.filter((effect) => effect.includes(name));
        expect(own).toEqual([`put-site site-${name}`, `put-server ${name}`, `put-server-pool ${name}-pool`]);
      } finally {
        child.kill('SIGKILL');
      }
    },
    60_000,
  );
});

function swcOptions(): object {
  return JSON.parse(readFileSync(join(here, '../../../../.swcrc'), 'utf8')) as object;
}

function environment(): Record<string, string> {
  const { database, nats } = world.config('saga-coordinator');
  return {
    DATABASE_URL: database.url,
    DATABASE_SCHEMA: 'saga-coordinator',
    NATS_URL: nats.url,
    NATS_NKEY_SEED_FILE: nats.seedFile,
    RACKWRIGHT_LOG_LEVEL: 'warn',
  };
}
