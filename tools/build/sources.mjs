import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SKIPPED = new Set(['node_modules', 'dist', 'generated-tmp', '.nx']);

/** Paths (relative, slashes) of every file under `folder` that `wanted` takes, sorted. */
export function filesUnder(root, folder, wanted) {
  const found = [];
  const visit = (path) => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
      const child = `${path}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!SKIPPED.has(entry.name)) visit(child);
      } else if (wanted(child)) found.push(child);
    }
  };
  if (statSync(join(root, folder), { throwIfNoEntry: false })?.isDirectory()) visit(folder);
  return found.sort();
}

/** One hash over everything that can change the bundles, whatever git or timestamps say. */
export function inputHash(root) {
  const inputs = [
    ...filesUnder(root, 'apps', (path) => !path.endsWith('.md') && !path.endsWith('.spec.ts')),
    ...filesUnder(root, 'libs', (path) => !path.endsWith('.md') && !path.endsWith('.spec.ts')),
    ...filesUnder(root, 'tools/build', () => true),
    ...filesUnder(root, 'tools/nats-server', () => true),
    ...['package.json', 'package-lock.json', '.swcrc'],
  ];
  const hash = createHash('sha256');
  for (const path of inputs)
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  return hash.digest('hex');
}
