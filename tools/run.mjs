/**
 * `npm run demo`, `npm run realrack`: builds the product and becomes a program of `test/`, or runs a suite that is not
 * part of `npm test` (arguments go to Jest).
 */
import './check-node.cjs';

const { spawnSync } = await import('node:child_process');
const { existsSync } = await import('node:fs');
const { join } = await import('node:path');
const { installIfNeeded } = await import('./workspace/install.mjs');
const { ROOT } = await import('./workspace/root.mjs');

/** Name -> where the program begins or how Jest is set up for the suite, and which Debian packages it wants. */
const PROGRAMS = {
  demo: { entry: 'test/demo/main.ts', packages: undefined },
  realrack: { suite: 'test/realrack/jest.config.mjs', packages: 'realrack' },
};

async function run(name) {
  const program = PROGRAMS[name];
  if (program === undefined) throw new Error(`unknown program; one of: ${Object.keys(PROGRAMS).join(', ')}`);
  const file = program.entry ?? program.suite;
  if (!existsSync(join(ROOT, file))) throw new Error(`${file} does not exist yet`);
  installIfNeeded(ROOT);
  const { buildApps } = await import('./build/build.mjs');
  const { bundle } = await import('./build/bundle.mjs');
  const { resolveNatsServer } = await import('./nats-server/resolve.mjs');
  const { installPackages } = await import('./packages/packages.mjs');
  await buildApps({ root: ROOT });
  process.env.NATS_SERVER = await resolveNatsServer({ log: console.log });
  process.env.RACKWRIGHT_PROJECT_ROOT = ROOT;
  process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
  if (program.packages !== undefined) installPackages(program.packages);
  process.argv.splice(2, 1);
  if (program.suite !== undefined) return runSuite(program.suite, process.argv.slice(2));
  await bundle({ root: ROOT, entries: { [name]: program.entry }, outdir: join(ROOT, 'dist', 'programs') });
  await import(new URL(`../dist/programs/${name}.mjs`, import.meta.url).href);
}

function runSuite(config, args) {
  const jest = ['--experimental-vm-modules', '--no-warnings', join('node_modules', 'jest', 'bin', 'jest.js')];
  const { status, error } = spawnSync(process.execPath, [...jest, '--config', config, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (error) throw error;
  process.exitCode = status ?? 1;
}

try {
  await run(process.argv[2]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
