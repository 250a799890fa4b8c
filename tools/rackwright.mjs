#!/usr/bin/env node
/** `npx rackwright` in the project: the command line as it was built last, built now when it never was. */
import './check-node.cjs';

const { existsSync } = await import('node:fs');
const { ROOT } = await import('./workspace/root.mjs');
const program = new URL('../dist/apps/cli.mjs', import.meta.url);

if (!existsSync(program)) {
  const { installIfNeeded } = await import('./workspace/install.mjs');
  installIfNeeded(ROOT, console.error);
  const { buildApps } = await import('./build/build.mjs');
  await buildApps({ root: ROOT });
}
if (existsSync(program)) await import(program.href);
else console.error('rackwright: apps/cli has no src/main.ts yet');
