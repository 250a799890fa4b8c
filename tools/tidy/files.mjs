import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Every file git tracks or would track, with its text when asked: `{ path, bytes, text }`. New files count before they
 * are added, so that tidy says the same before and after a commit.
 */
export function projectFiles(root) {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const paths = [...new Set(listed.split('\0').filter(Boolean))].sort();
  return paths
    .filter((path) => existsSync(join(root, path)) && lstatSync(join(root, path)).isFile())
    .map((path) => {
      let text;
      return {
        path,
        bytes: lstatSync(join(root, path)).size,
        get text() {
          return (text ??= readFileSync(join(root, path), 'utf8'));
        },
      };
    });
}

/** A file for the specs, as {@link projectFiles} would list it. */
export function fileOf(path, text = '') {
  return { path, text, bytes: Buffer.byteLength(text) };
}

export const isTypeScript = ({ path }) => /\.(ts|mts)$/.test(path) && !path.endsWith('.d.mts');
export const isSpec = ({ path }) => path.endsWith('.spec.ts');
