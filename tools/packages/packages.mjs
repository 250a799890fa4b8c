/** Debian packages for tests against programs that are not ours: installs them where it may, says what is missing else. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { ROOT } from '../workspace/root.mjs';

const LIST = new URL('debian-packages.json', import.meta.url);
const POLICY = '/usr/sbin/policy-rc.d';
/** Where Debian keeps the programs of administrators; not on the path of an ordinary user. */
const EXTRA_PATH = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

function isPresent({ command, file }) {
  if (file !== undefined) return existsSync(file);
  return [...(process.env.PATH ?? '').split(delimiter), ...EXTRA_PATH].some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Names of the packages wanted for `purpose` (`test`, `realrack`) that this machine lacks. */
export function missingPackages(purpose) {
  const { packages } = JSON.parse(readFileSync(LIST, 'utf8'));
  return packages.filter((entry) => entry.for.includes(purpose) && !isPresent(entry)).map(({ name }) => name);
}

function apt(args) {
  return spawnSync('apt-get', ['-qq', '-o=Dpkg::Use-Pty=0', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 600_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  });
}

function whyNot() {
  if (process.env.RACKWRIGHT_INSTALL_PACKAGES === '0') return 'RACKWRIGHT_INSTALL_PACKAGES=0';
  if (process.platform !== 'linux' || spawnSync('apt-get', ['--version']).status !== 0) return 'no apt-get here';
  return process.getuid() === 0 ? undefined : 'needs root';
}

/** Installing a package must not start its daemons: specs start their own and end them. */
function withoutDaemons(run) {
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return run();
  } finally {
    if (ours) rmSync(POLICY, { force: true });
  }
}

/**
 * Installs what is missing for `purpose`, once on a machine: a try that failed is remembered and not repeated until the
 * list changes. Answers the names still missing; the specs that need them skip with a reason.
 */
export function installPackages(purpose, log = console.log) {
  const missing = missingPackages(purpose);
  if (missing.length === 0) return [];
  const tried = join(ROOT, '.rackwright', 'tools', `packages-tried-${purpose}`);
  const why =
    whyNot() ?? (existsSync(tried) && readFileSync(tried, 'utf8') === missing.join(' ') ? 'tried before' : undefined);
  if (why !== undefined) {
    log(`not installed (${why}): ${missing.join(', ')}; what needs them is skipped`);
    return missing;
  }
  log(`installing Debian packages (once): ${missing.join(', ')} ...`);
  const failures = withoutDaemons(() => {
    apt(['update']);
    const together = apt(['install', '-y', '--no-install-recommends', ...missing]);
    // One package that this release does not have must not keep the others away.
    return together.status === 0
      ? []
      : missing.filter((name) => apt(['install', '-y', '--no-install-recommends', name]).status !== 0);
  });
  const left = missingPackages(purpose);
  if (left.length > 0) {
    mkdirSync(dirname(tried), { recursive: true });
    writeFileSync(tried, left.join(' '));
    log(`could not be installed: ${[...new Set([...failures, ...left])].join(', ')}; what needs them is skipped`);
  }
  return left;
}
