/** `npm run demo`, `npm run realrack`: builds the product and a program of `test/`, then becomes that program. */
import './check-node.cjs';

const { existsSync } = await import('node:fs');
const { join } = await import('node:path');
const { installIfNeeded } = await import('./workspace/install.mjs');
const { ROOT } = await import('./workspace/root.mjs');

/** Name -> where the program begins, and which Debian packages it wants. */
const PROGRAMS = {
  demo: { entry: 'test/demo/main.ts', packages: undefined },
  realrack: { entry: 'test/realrack/main.ts', packages: 'realrack' },
};

async function run(name) {
  const program = PROGRAMS[name];
  if (program === undefined) throw new Error(`unknown program; one of: ${Object.keys(PROGRAMS).join(', ')}`);
  if (!existsSync(join(ROOT, program.entry))) throw new Error(`${program.entry} does not exist yet`);
  installIfNeeded(ROOT);
  const { buildApps } = await import('./build/build.mjs');
  const { bundle } = await import('./build/bundle.mjs');
  const { resolveNatsServer } = await import('./nats-server/resolve.mjs');
  const { installPackages } = await import('./packages/packages.mjs');
  await buildApps({ root: ROOT });
  await bundle({ root: ROOT, entries: { [name]: program.entry }, outdir: join(ROOT, 'dist', 'programs') });
  process.env.NATS_SERVER = await resolveNatsServer({ log: console.log });
  process.env.RACKWRIGHT_PROJECT_ROOT = ROOT;
  process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
  if (program.packages !== undefined) installPackages(program.packages);
  process.argv.splice(2, 1);
  await import(new URL(`../dist/programs/${name}.mjs`, import.meta.url).href);
}

try {
  await run(process.argv[2]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
