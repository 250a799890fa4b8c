/**
 * Takes a rack away: its processes, its network namespaces (and with them every tap and veth), its folder. Used by the
 * run itself, by the next run for what a killed one left, and as a program that waits for the end of its owner, so that
 * Ctrl-C and SIGKILL leave nothing behind either: `node teardown.mjs RECORD.json <&owner`.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const MARK = 'RACKWRIGHT_RACK=';

const read = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Start time of a process (field 22 of stat); undefined when there is none. */
export function startOf(pid) {
  return read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[19];
}

/** Processes of one rack, by the mark they inherited or by its folder on their command line; zombies have neither. */
export function processesOf(folder) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => read(`/proc/${name}/environ`).split('\0').includes(`${MARK}${folder}`) || names(name, folder))
    .map(Number);
}

function names(pid, folder) {
  return read(`/proc/${pid}/cmdline`)
    .split('\0')
    .some((word) => word === folder || word.includes(`${folder}/`));
}

/** Repeat-safe; ends only when no process of the rack is left. */
export async function removeRack({ folder, namespaces }) {
  const segment = segmentNamedIn(folder);
  for (let left = 100; left > 0; left--) {
    const pids = processesOf(folder);
    if (pids.length === 0) break;
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone by itself.
      }
    }
    await sleep(50);
  }
  if (segment !== undefined && isUnused(segment)) await exec('ipcrm', ['-m', segment.id]).catch(() => undefined);
  for (const name of namespaces) {
    if (existsSync(`/run/netns/${name}`)) await exec('ip', ['netns', 'delete', name]).catch(() => undefined);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** A killed PostgreSQL leaves its shared memory segment behind: line 7 of its pid file is the segment's key and id. */
function segmentNamedIn(folder) {
  const pidFile = join(folder, 'product', 'postgres', 'cluster', 'postmaster.pid');
  const [, key, id] = /^\s*(\d+)\s+(\d+)\s*$/.exec(read(pidFile).split('\n')[6] ?? '') ?? [];
  return id === undefined ? undefined : { key, id };
}

/** That very segment, and nobody is attached to it: an old record must not take a later database's. */
function isUnused({ key, id }) {
  const rows = read('/proc/sysvipc/shm').split('\n');
  return rows
    .map((row) => row.trim().split(/\s+/))
    .some((cells) => cells[0] === key && cells[1] === id && cells[6] === '0');
}

/** Removes every rack whose owner is gone; answers their folders. */
export async function removeLeftovers(recordsFolder) {
  const removed = [];
  for (const name of existsSync(recordsFolder) ? readdirSync(recordsFolder) : []) {
    const path = join(recordsFolder, name);
    const record = parse(read(path));
    if (record !== undefined && startOf(record.ownerPid) === record.ownerStart) continue;
    if (record !== undefined) await removeRack(record);
    rmSync(path, { force: true });
    if (record !== undefined) removed.push(record.folder);
  }
  return removed;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = process.argv[2];
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
  process.stdin.resume();
  process.stdin.on('close', async () => {
    const record = parse(read(path));
    if (record !== undefined) await removeRack(record);
    rmSync(path, { force: true });
    process.exit(0);
  });
}
