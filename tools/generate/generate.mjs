/**
 * `npm run generate`: writes every generated file anew. A generator is `tools/generate/<name>.generator.ts` exporting
 * `generate(): Record<path, text> | Promise<...>`, paths from the project folder and inside a folder `generated/`, so
 * that nobody edits them by hand. Programs `generate-<what>.mjs` anywhere in tools are run as they are. CI runs this and fails when a
 * generated file changes.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle } from '../build/bundle.mjs';
import { ROOT } from '../workspace/root.mjs';

const SUFFIX = '.generator.ts';
const outdir = join(ROOT, 'dist', 'generators');
const names = readdirSync(join(ROOT, 'tools/generate'))
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length));

if (names.length > 0) {
  const entries = Object.fromEntries(names.map((name) => [name, `tools/generate/${name}${SUFFIX}`]));
  await bundle({ root: ROOT, entries, outdir });
}
for (const name of names) {
  const { generate } = await import(pathToFileURL(join(outdir, `${name}.mjs`)).href);
  for (const [path, text] of Object.entries(await generate())) {
    if (!path.includes('generated/')) throw new Error(`${name}: ${path} does not lie in a folder generated/`);
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
  }
}
const programs = readdirSync(join(ROOT, 'tools'), { recursive: true }).filter((path) =>
  /(^|\/)generate-[^/]+\.mjs$/.test(path),
);
for (const path of programs)
  execFileSync(process.execPath, [join(ROOT, 'tools', path)], { cwd: ROOT, stdio: 'inherit' });
console.log(`generate: ${names.length + programs.length} generators`);
