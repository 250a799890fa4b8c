/**
 * Finds a nats-server to run, fetching one when the machine has none: `NATS_SERVER`, then `PATH`, then the copy in the
 * project's `.rackwright/tools`, then the Debian package through the machine's own apt mirror. Run as a program it
 * prints the path. Nothing here needs root, installs anything or changes the machine's package lists.
 */
import { execFile } from 'node:child_process';
import { access, constants, mkdir, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { extractFromDebian } from './debian.mjs';

const run = promisify(execFile);

/** Older servers lack what the event stream needs (direct get, per-subject discard). */
export const OLDEST_NATS_SERVER = '2.9.10';

/** A path that cannot be had is reported with this, `message` says what to do about it. */
export class NatsServerMissing extends Error {
  constructor(message) {
    super(message);
    this.name = 'NatsServerMissing';
    this.code = 'tools.nats-server-missing';
  }
}

/** True when dotted version `version` is `oldest` or later. */
export function isRecentEnough(version, oldest = OLDEST_NATS_SERVER) {
  const [left, right] = [version, oldest].map((text) => text.split('.').map(Number));
  const at = [0, 1, 2].find((index) => (left[index] ?? 0) !== (right[index] ?? 0));
  return at === undefined || (left[at] ?? 0) > (right[at] ?? 0);
}

/** The version a binary reports, or undefined when it does not start on this machine. */
export async function versionOf(path) {
  try {
    const { stdout, stderr } = await run(path, ['--version'], { timeout: 10_000 });
    return /v(\d+\.\d+\.\d+)/.exec(stdout + stderr)?.[1];
  } catch {
    return undefined;
  }
}

async function firstOnPath(pathVariable) {
  for (const folder of pathVariable.split(delimiter).filter(Boolean)) {
    const candidate = join(folder, 'nats-server');
    const usable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return candidate;
  }
  return undefined;
}

async function usable(path) {
  const version = path === undefined ? undefined : await versionOf(path);
  return version !== undefined && isRecentEnough(version) ? path : undefined;
}

/**
 * Resolves to the path of a nats-server that starts here and is recent enough. Repeatable; the first call on a machine
 * without one takes as long as a package download. Rejects with {@link NatsServerMissing}.
 */
export async function resolveNatsServer(options = {}) {
  const env = options.env ?? process.env;
  const root = options.projectRoot ?? fileURLToPath(new URL('../..', import.meta.url));
  const log = options.log ?? (() => undefined);

  if (env.NATS_SERVER) {
    const version = await versionOf(env.NATS_SERVER);
    if (version === undefined) throw new NatsServerMissing(`NATS_SERVER=${env.NATS_SERVER} does not start`);
    if (isRecentEnough(version)) return env.NATS_SERVER;
    throw new NatsServerMissing(`NATS_SERVER is version ${version}; ${OLDEST_NATS_SERVER} or later is needed`);
  }
  const folder = join(root, '.rackwright', 'tools');
  const cached = join(folder, 'nats-server');
  const present = (await usable(await firstOnPath(env.PATH ?? ''))) ?? (await usable(cached));
  if (present) return present;

  await mkdir(folder, { recursive: true });
  log('fetching nats-server from the Debian packages (once)');
  const attempts = await extractFromDebian({ folder, target: cached, accept: usable, log });
  if (attempts.found) return cached;
  throw new NatsServerMissing(
    [
      `no nats-server ${OLDEST_NATS_SERVER} or later could be found or fetched:`,
      ...attempts.reasons.map((reason) => `  - ${reason}`),
      'Install it (Debian, Ubuntu: apt-get install nats-server; macOS: brew install nats-server), or set NATS_SERVER',
      'to a binary, or NATS_URL to a server that is already running.',
    ].join('\n'),
  );
}

const started = process.argv[1] === undefined ? undefined : await realpath(process.argv[1]).catch(() => undefined);
if (started !== undefined && import.meta.url === pathToFileURL(started).href && started.endsWith('resolve.mjs')) {
  try {
    console.log(await resolveNatsServer({ log: (line) => console.error(line) }));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
