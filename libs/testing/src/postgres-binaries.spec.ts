import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { reachableFolder } from './postgres-binaries.js';

const made: string[] = [];
afterEach(() => made.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A package like the embedded PostgreSQL, in a project of the given mode. */
function aPackage(mode: number): string {
  const project = mkdtempSync(join(tmpdir(), 'project-'));
  made.push(project);
  chmodSync(project, mode);
  const native = join(project, 'node_modules/native');
  mkdirSync(join(native, 'bin'), { recursive: true });
  // The folder's own random name as version keeps runs apart.
  writeFileSync(join(native, '../package.json'), JSON.stringify({ version: basename(project) }));
  writeFileSync(join(native, 'bin/postgres'), 'binary', { mode: 0o755 });
  symlinkSync('postgres', join(native, 'bin/link'));
  return native;
}

describe('the files of PostgreSQL', () => {
  it('are used where they are when every user can get there', () => {
    const native = aPackage(0o755);
    expect(reachableFolder(native)).toBe(native);
  });

  it('are copied once, links and all, when the project is closed to other users', () => {
    const native = aPackage(0o700);
    const copy = reachableFolder(native);
    made.push(copy);
    expect(copy).not.toBe(native);
    expect(statSync(copy).mode & 0o055).toBe(0o055);
    expect(readFileSync(join(copy, 'bin/postgres'), 'utf8')).toBe('binary');
    expect(statSync(join(copy, 'bin/postgres')).mode & 0o111).toBe(0o111);
    expect(lstatSync(join(copy, 'bin/link')).isSymbolicLink()).toBe(true);
    writeFileSync(join(native, 'bin/postgres'), 'changed');
    expect(reachableFolder(native)).toBe(copy);
    expect(readFileSync(join(copy, 'bin/postgres'), 'utf8')).toBe('binary');
  });
});
