/** Writes the API document from the routes of the gateway; run by `npm run generate`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle } from '../build/bundle.mjs';
import { ROOT } from '../workspace/root.mjs';

const outdir = join(ROOT, 'dist', 'generators');
await bundle({ root: ROOT, entries: { openapi: 'apps/gateway/src/openapi/openapi.generator.ts' }, outdir });
const { generate } = await import(pathToFileURL(join(outdir, 'openapi.mjs')).href);
for (const [path, text] of Object.entries(generate())) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), text);
}
