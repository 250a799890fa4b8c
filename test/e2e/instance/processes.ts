import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Index of a field of /proc/PID/stat, counted after the command name. */
const PARENT = 1;

/** A process the launcher wrote down. */
export interface LaunchedProcess {
  readonly name: string;
  readonly pid: number;
}

/** What the launcher of this data folder keeps running just now. */
export function launchedProcesses(dataFolder: string): readonly LaunchedProcess[] {
  const folder = join(dataFolder, 'run');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) => {
      try {
        return [JSON.parse(readFileSync(join(folder, file), 'utf8')) as LaunchedProcess];
      } catch {
        // Taken away between the two looks: ended meanwhile.
        return [];
      }
    });
}

/** A live process and everything it started, itself first. */
export function familyOf(pid: number): readonly number[] {
  const parents = livePids().map((each) => [each, statField(each, PARENT)] as const);
  const family = parents.some(([each, parent]) => each === pid && parent !== undefined) ? [pid] : [];
  for (const member of family) family.push(...parents.flatMap(([each, parent]) => (parent === member ? each : [])));
  return family;
}

/**
 * Live processes that belong to a data folder: named in their command line or environment. Without this one and those
 * it was started by: the folder may be an argument of theirs.
 */
export function processesOf(dataFolder: string): readonly number[] {
  const callers = [process.pid];
  for (const pid of callers) {
    const parent = statField(pid, PARENT) ?? 0;
    if (parent > 1) callers.push(parent);
  }
  return livePids().filter((pid) => {
    if (callers.includes(pid) || statField(pid, PARENT) === undefined) return false;
    return [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].some((file) => contentOf(file).includes(dataFolder));
  });
}

function livePids(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** A field of /proc/PID/stat counted after the command name; undefined for what has ended, zombies included. */
function statField(pid: number, index: number): number | undefined {
  const stat = contentOf(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 10 || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return Number(fields[index]);
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
