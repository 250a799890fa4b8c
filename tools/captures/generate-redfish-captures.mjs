/**
 * Writes test/data/redfish/golden and docs/reference/generated/redfish-captures.md anew from what the real driver finds
 * in the captures:  node tools/captures/generate-redfish-captures.mjs
 * Review the diff: a golden file is a claim about a real device.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
// Inside the project, so that the bundle finds node_modules.
const folder = join(root, '.rackwright', 'generate');
const outfile = join(folder, `redfish-captures-${process.pid}.mjs`);
mkdirSync(folder, { recursive: true });
try {
  await build({
    entryPoints: [join(root, 'test/integration/driver-redfish/generate.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@rackwright/source'],
    external: ['undici', 'selfsigned'],
    logLevel: 'warning',
  });
  const { generate } = await import(pathToFileURL(outfile).href);
  await generate(root);
} finally {
  rmSync(outfile, { force: true });
}
