import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

let known;

/** Every workspace project: `{ name, folder, scope }`, folders relative with slashes. Read once per run. */
export function scopesByPackage(root) {
  known ??= ['apps', 'libs', 'libs/drivers', '.']
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => (parent === '.' ? name : `${parent}/${name}`)))
    .flatMap((folder) => readProject(root, folder));
  return known;
}

function readProject(root, folder) {
  try {
    const { name, nx } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const scope = nx?.tags?.find((tag) => tag.startsWith('scope:'))?.slice('scope:'.length);
    return scope === undefined ? [] : [{ name, folder, scope }];
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(error.code)) return [];
    throw error;
  }
}
