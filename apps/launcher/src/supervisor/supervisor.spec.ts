import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SystemClock } from '@rackwright/kernel';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopOrphans } from '../process/orphans.js';
import { PidFiles } from '../process/pid-files.js';
import { isRunning, processIdentity } from '../process/process-identity.js';
import type { ProcessSpec, ProcessState } from './process-spec.js';
import { Supervisor } from './supervisor.js';

const clock = new SystemClock();
const backoff = { firstMs: 20, capMs: 100, stableAfterMs: 60_000 };

/** Node programs in one line each; `log` writes a line that the test reads back. */
const LISTENS = `const s = require('node:http').createServer((_, r) => r.end('ok'));
  s.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ event: 'listening', port: s.address().port })));`;

describe('the supervisor', () => {
  let folder: string;
  let pidFiles: PidFiles;
  let supervisor: Supervisor;
  let states: [string, ProcessState, string][];
  let lines: [string, string][];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rw-supervisor-'));
    pidFiles = new PidFiles(join(folder, 'run'));
    states = [];
    lines = [];
    const listener = {
      line: (name: string, line: string) => void lines.push([name, line]),
      state: (name: string, state: ProcessState, detail: string) => void states.push([name, state, detail]),
    };
    supervisor = new Supervisor({ clock, pidFiles, listener, backoff });
  });

  afterEach(async () => {
    await supervisor.stopAll();
    rmSync(folder, { recursive: true, force: true });
  });

  function program(name: string, code: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
    return {
      name,
      command: process.execPath,
      args: ['-e', code],
      cwd: folder,
      env: { LOG: join(folder, 'log'), NAME: name },
      isReady: (port) => Promise.resolve(port !== undefined),
      ...more,
    };
  }

  async function until(holds: () => boolean): Promise<void> {
    const untilMs = clock.monotonicMs() + 10_000;
    while (!holds() && clock.monotonicMs() < untilMs) await clock.sleep(10);
    expect(holds()).toBe(true);
  }

  it('calls a process ready when it answers on the port it printed', async () => {
    const answers = async (port: number | undefined): Promise<boolean> =>
      port !== undefined && (await fetch(`http://127.0.0.1:${port}/`)).ok;
    supervisor.start(program('web', LISTENS, { isReady: answers }));
    await supervisor.ready(['web'], 10_000);
    expect(supervisor.portOf('web')).toBeGreaterThan(0);
  });

  it('names what is not ready in time', async () => {
    supervisor.start(program('silent', 'process.stdin.resume()'));
    await expect(supervisor.ready(['silent'], 50)).rejects.toMatchObject({
      code: 'launcher.not-ready',
      details: { names: ['silent'] },
    });
  });

  it('starts a killed process again and finds it ready on its new port', async () => {
    supervisor.start(program('web', LISTENS));
    await supervisor.ready(['web'], 10_000);
    const first = supervisor.overview()[0]?.pid as number;
    process.kill(first, 'SIGKILL');
    await until(() => supervisor.overview()[0]?.restarts === 1 && supervisor.overview()[0]?.state === 'ready');
    expect(supervisor.overview()[0]?.pid).not.toBe(first);
    expect(states).toContainEqual(['web', 'waiting', expect.stringContaining('SIGKILL')]);
  });

  it('waits longer after each failure in a row, up to the cap', async () => {
    supervisor.start(program('broken', 'process.exit(3)'));
    const waits = (): string[] => states.filter(([, state]) => state === 'waiting').map(([, , detail]) => detail);
    await until(() => waits().length >= 5);
    expect(waits().slice(0, 5)).toEqual(
      [20, 40, 80, 100, 100].map((delayMs) => `exit code 3; starting again in ${delayMs} ms`),
    );
  });

  it('survives a program that does not exist', async () => {
    supervisor.start(program('gone', '', { command: join(folder, 'no-such-program') }));
    await until(() => states.some(([, state]) => state === 'waiting'));
  });

  it('stops the servers after everything that talks to them, in the order asked for', async () => {
    const code = `process.on('SIGTERM', () => { require('node:fs').appendFileSync(process.env.LOG, process.env.NAME + ' ');
      setTimeout(() => process.exit(0), 30); }); ${LISTENS}`;
    const names = ['postgres', 'nats', 'power', 'network'];
    for (const name of names) supervisor.start(program(name, code));
    await supervisor.ready(names, 10_000);
    await supervisor.stopAll(['nats', 'postgres']);
    const order = readFileSync(join(folder, 'log'), 'utf8').trim().split(' ');
    expect(order.slice(0, 2).sort()).toEqual(['network', 'power']);
    expect(order.slice(2)).toEqual(['nats', 'postgres']);
    expect(pidFiles.list()).toEqual([]);
  });

  it('kills a process that does not end when asked to', async () => {
    supervisor.start(program('stubborn', `process.on('SIGTERM', () => {}); ${LISTENS}`, { stopWithinMs: 50 }));
    await supervisor.ready(['stubborn'], 10_000);
    const pid = supervisor.overview()[0]?.pid as number;
    await supervisor.stopAll();
    expect(processIdentity(pid)).toBeUndefined();
    expect(states.at(-1)).toEqual(['stubborn', 'stopped', 'signal SIGKILL']);
  });

  it('leaves a list from which the next start stops what a killed launcher left behind', async () => {
    supervisor.start(program('power', LISTENS));
    await supervisor.ready(['power'], 10_000);
    const [record] = pidFiles.list();
    expect(record !== undefined && isRunning(record)).toBe(true);
    const stopped = await stopOrphans(new PidFiles(join(folder, 'run')), { clock });
    expect(stopped).toEqual(['power']);
    expect(record !== undefined && isRunning(record)).toBe(false);
  });

  it('never signals a process that merely has the number of one on the list', async () => {
    supervisor.start(program('bystander', LISTENS));
    await supervisor.ready(['bystander'], 10_000);
    const [record] = pidFiles.list();
    const other = new PidFiles(join(folder, 'other'));
    const forged = JSON.stringify({ ...record, identity: 'an earlier boot/1' });
    appendFileSync(join(folder, 'other', 'bystander.json'), forged);
    expect(await stopOrphans(other, { clock })).toEqual([]);
    expect(record !== undefined && isRunning(record)).toBe(true);
    expect(existsSync(join(folder, 'other', 'bystander.json'))).toBe(false);
  });
});
