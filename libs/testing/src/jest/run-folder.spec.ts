import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { waitFor } from '../wait-for.js';
import {
  isAlive,
  makeRunFolder,
  removeAbandonedFolders,
  removeRunFolder,
  startTimeOf,
  type ProcessRecord,
} from './run-folder.mjs';

const module = join(dirname(fileURLToPath(import.meta.url)), 'run-folder.mjs');

/** A stand-in for a Jest run: reserves a folder, starts a server that never ends, says where, and waits. */
const RUN = `
  import { spawn } from 'node:child_process';
  import { writeFileSync } from 'node:fs';
  import { makeRunFolder, startTimeOf } from ${JSON.stringify(module)};
  const folder = makeRunFolder();
  const { pid } = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore', detached: true });
  writeFileSync(folder + '/x.server.json', JSON.stringify({ pid, startTime: startTimeOf(pid) }));
  console.log(folder);
  setInterval(() => {}, 1000);
`;

describe('what a killed run leaves behind', () => {
  it('is stopped and removed by the next run, and not while its owner lives', async () => {
    const run = spawn(process.execPath, ['--input-type=module', '-e', RUN], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [folder] = (await once(run.stdout, 'data')).map((data) => String(data).trim()) as [string];
    const server = JSON.parse(readFileSync(join(folder, 'x.server.json'), 'utf8')) as ProcessRecord;
    expect(isAlive(server)).toBe(true);

    await removeAbandonedFolders();
    expect(existsSync(folder)).toBe(true);
    expect(isAlive(server)).toBe(true);

    const ended = once(run, 'exit');
    run.kill('SIGKILL');
    await ended;
    await removeAbandonedFolders();
    await waitFor(() => !isAlive(server));
    expect(existsSync(folder)).toBe(false);
  });

  it('never takes along a stranger who got the same pid', async () => {
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const pid = stranger.pid ?? 0;
    const folder = makeRunFolder();
    writeFileSync(join(folder, 'x.server.json'), JSON.stringify({ pid, startTime: '1' }));
    await removeRunFolder(folder);
    expect(isAlive({ pid, startTime: startTimeOf(pid) })).toBe(true);
    const ended = once(stranger, 'exit');
    stranger.kill('SIGKILL');
    await ended;
  });
});
