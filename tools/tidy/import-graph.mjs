import { posix } from 'node:path';
import { isSpec, isTypeScript } from './files.mjs';

const IMPORT =
  /^\s*(?:import|export)\s+(type\s)?[^'"`;]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;
const MENTION = /['"`]((?:\.{1,2}|apps|libs|test|tools)\/[^'"`]+\.(?:ts|mjs|cjs))['"`]/g;

function sourceOf(from, specifier, known) {
  const workspace = /^@rackwright\/([^/]+)(?:\/(.+))?$/.exec(specifier);
  const base = workspace ? workspacePath(workspace[1], workspace[2]) : relativePath(from, specifier);
  if (base === undefined) return undefined;
  return [base, base.replace(/\.js$/, '.ts'), base.replace(/\.mjs$/, '.mts')].find((path) => known.has(path));
}

function relativePath(from, specifier) {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined;
}

function workspacePath(name, subpath) {
  if (name === 'tools') return `tools/${subpath}/resolve.mjs`;
  const folder = name.startsWith('driver-') ? `libs/drivers/${name.slice('driver-'.length)}` : `libs/${name}`;
  return posix.join(folder, 'src', subpath ?? '', 'index.ts');
}

/** Who imports whom: `Map<path, [{ path, isType }]>`, our own files only. */
export function importGraph(files) {
  const code = files.filter((file) => isTypeScript(file) || /\.(mjs|cjs)$/.test(file.path));
  const known = new Set(files.map(({ path }) => path));
  return new Map(
    code.map((file) => {
      const found = [...file.text.matchAll(IMPORT)].map((match) => ({
        path: sourceOf(file.path, match[2] ?? match[3] ?? match[4], known),
        isType: match[1] !== undefined,
      }));
      return [file.path, found.filter(({ path }) => path !== undefined && path !== file.path)];
    }),
  );
}

/** Circles of imports, each once, smallest path first. Imports of types alone vanish at run time and make none. */
export function cycles(graph) {
  const found = new Map();
  const done = new Set();
  const visit = (path, trail) => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const circle = trail.slice(at);
      const first = circle.indexOf([...circle].sort()[0]);
      const turned = [...circle.slice(first), ...circle.slice(0, first)];
      found.set(turned.join(' '), turned);
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) if (!next.isType) visit(next.path, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return [...found.values()];
}

/**
 * Files nothing leads to. Roots are what runs by itself: programs, specs, configuration, the front door of a library and
 * of its subpaths, and whatever another file names by path.
 */
export function deadFiles(files, graph) {
  const mentioned = new Set(
    files
      .filter((file) => /\.(ts|mjs|cjs|json)$/.test(file.path) && file.bytes < 500_000)
      .flatMap((file) =>
        [...file.text.matchAll(MENTION)].map((match) =>
          match[1].startsWith('.') ? posix.join(posix.dirname(file.path), match[1]) : match[1],
        ),
      ),
  );
  const imported = new Set([...graph].flatMap(([, targets]) => targets.map(({ path }) => path)));
  const isRoot = ({ path }) =>
    isSpec({ path }) ||
    /(^|\/)main\.ts$|\.entry\.ts$|\.config\.(ts|mjs|cjs)$|(^|\/)src\/([a-z-]+\/)?index\.ts$/.test(path) ||
    (!path.includes('/src/') && /^(tools|test)\//.test(path) && /\.(mjs|cjs|d\.mts)$/.test(path)) ||
    /^libs\/testing\/src\/jest\//.test(path);
  return files
    .filter((file) => isTypeScript(file) && !isRoot(file))
    .map(({ path }) => path)
    .filter((path) => !imported.has(path) && !mentioned.has(path));
}
