/** docs/reference/generated/cli.md, as the command line itself tells it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle } from '../build/bundle.mjs';
import { ROOT } from '../workspace/root.mjs';

const outdir = join(ROOT, 'dist', 'generators');
await bundle({ root: ROOT, entries: { cli: 'apps/cli/src/main.ts' }, outdir });
const text = execFileSync(process.execPath, [join(outdir, 'cli.mjs'), 'reference'], { encoding: 'utf8' });
const file = join(ROOT, 'docs/reference/generated/cli.md');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, text);
