/**
 * The run folder: where the servers of one Jest run live and how they are found again. Plain JavaScript because Jest's
 * global set-up and tear-down run in bare Node, outside of any transform. Each server writes `<name>.server.json`
 * ({ pid, startTime, program }) once it runs; a pid counts as ours only with the same start time, because pids are reused.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'rackwright-test-';

/** Field 22 of /proc/<pid>/stat; undefined when the process is gone, a zombie, or the machine has no /proc. */
export function startTimeOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** True while the very process that was recorded is alive. Without /proc only the pid can be checked. */
export function isAlive({ pid, startTime }) {
  if (existsSync('/proc/self/stat')) return startTime !== undefined && startTimeOf(pid) === startTime;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Makes the folder of this run, owned by this process. */
export function makeRunFolder() {
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  // The database server may run as another user, who must be able to pass through.
  chmodSync(folder, 0o711);
  writeFileSync(join(folder, 'owner.json'), JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }));
  return folder;
}

/** Stops every server recorded in the folder, then removes it. Safe to repeat. */
export async function removeRunFolder(folder) {
  const servers = readServers(folder);
  for (const server of servers) signal(server, 'SIGINT');
  await untilGone(servers, 3_000);
  for (const server of servers) signal(server, 'SIGKILL');
  await untilGone(servers, 2_000);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** Cleans up after runs whose owner is gone, as after a SIGKILL. */
export async function removeAbandonedFolders() {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = join(tmpdir(), name);
    const owner = readJson(join(folder, 'owner.json'));
    if (owner !== undefined && !isAlive(owner)) await removeRunFolder(folder).catch(() => undefined);
  }
}

function readServers(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.server.json'))
    .map((name) => readJson(join(folder, name)))
    .filter((server) => server !== undefined);
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function signal(server, name) {
  if (!isAlive(server)) return;
  try {
    process.kill(server.pid, name);
  } catch {
    // Gone between the look and the signal.
  }
}

async function untilGone(servers, withinMs) {
  for (let waitedMs = 0; waitedMs < withinMs && servers.some(isAlive); waitedMs += 20) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
