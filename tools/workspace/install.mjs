import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What npm itself writes at the end of an installation. */
const INSTALLED = 'node_modules/.package-lock.json';
const STAMP = 'node_modules/.rackwright-lock-hash';

function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** True when `npm ci` has to run: nothing installed, or installed from another lock. */
export function isInstallNeeded(root) {
  if (!existsSync(join(root, INSTALLED))) return true;
  if (existsSync(join(root, STAMP))) return readFileSync(join(root, STAMP), 'utf8') !== lockHash(root);
  // Installed by hand: good when later than the lock.
  return statSync(join(root, INSTALLED)).mtimeMs < statSync(join(root, 'package-lock.json')).mtimeMs;
}

/** Runs `npm ci` when needed, silent but for one line; throws with npm's own words when it fails. */
export function installIfNeeded(root, log = console.log) {
  if (!isInstallNeeded(root)) return false;
  log('installing packages (once, about a minute) ...');
  const startedMs = performance.now();
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
    // A production environment would leave out what builds and tests need.
    env: { ...process.env, NODE_ENV: '', npm_config_omit: '' },
  });
  if (result.status !== 0) throw new Error(`npm ci failed:\n${result.stderr || (result.error?.message ?? '')}`);
  writeFileSync(join(root, STAMP), lockHash(root));
  log(`installed in ${Math.round((performance.now() - startedMs) / 1000)} s`);
  return true;
}
