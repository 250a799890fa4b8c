/**
 * `npm run build`: every app to one file, `dist/apps/<name>.mjs`. Compiles with swc, bundles with esbuild, and does
 * nothing when nothing that goes in has changed. An app without a `src/main.ts` is not built yet. `--force` builds anyway.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inputHash } from './sources.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Every bundle by its name: `src/main.ts` of each app that has one, and each `src/<name>.entry.ts` beside it. */
export function entriesOf(root) {
  const entries = [];
  for (const app of readdirSync(join(root, 'apps'))) {
    const folder = `apps/${app}/src`;
    if (!existsSync(join(root, folder, 'main.ts'))) continue;
    entries.push([app, `${folder}/main.ts`]);
    const more = readdirSync(join(root, folder)).filter((file) => file.endsWith('.entry.ts'));
    entries.push(...more.map((file) => [file.slice(0, -'.entry.ts'.length), `${folder}/${file}`]));
  }
  return Object.fromEntries(entries);
}

/** Builds what has changed; answers `{ built, names, durationMs }`. Throws with esbuild's own messages. */
export async function buildApps({ root = ROOT, outdir = join(root, 'dist/apps'), force = false } = {}) {
  const startedMs = performance.now();
  const entries = entriesOf(root);
  const names = Object.keys(entries);
  const stamp = join(outdir, '.inputs');
  const hash = inputHash(root);
  const unchanged = existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
  const answer = (built) => ({ built, names, durationMs: Math.round(performance.now() - startedMs) });
  if (!force && unchanged && names.every((name) => existsSync(join(outdir, `${name}.mjs`)))) return answer(false);

  // Built beside and put in place whole: a service restarted meanwhile finds the old program or the new one.
  const staged = `${outdir}.${process.pid}`;
  try {
    mkdirSync(staged, { recursive: true });
    const { bundle } = await import('./bundle.mjs');
    const warnings = await bundle({ root, entries, outdir: staged });
    for (const warning of warnings)
      console.error(`build: ${warning.text} (${warning.location?.file ?? 'unknown file'})`);
    writeFileSync(join(staged, '.inputs'), hash);
    rmSync(outdir, { recursive: true, force: true });
    renameSync(staged, outdir);
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
  return answer(true);
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1]) {
  try {
    const { built, names, durationMs } = await buildApps({ force: process.argv.includes('--force') });
    console.log(`build: ${built ? 'built' : 'unchanged'} ${names.join(' ') || 'nothing'} in ${durationMs} ms`);
  } catch (error) {
    const details = (error.errors ?? []).map((e) => `${e.location?.file ?? ''}:${e.location?.line ?? ''} ${e.text}`);
    console.error(['build failed', ...(details.length > 0 ? details : [error.stack])].join('\n  '));
    process.exitCode = 1;
  }
}
