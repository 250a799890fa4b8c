import { posix } from 'node:path';
import { isSpec, isTypeScript } from './files.mjs';

const FILE_BYTES_MAX = 1.5 * 1024 * 1024;
const CAPTURE_BYTES_MAX = 6 * 1024 * 1024;
const README_LINES_MAX = 60;
/** What is said here about other people's words does not make them ours. */
const OWN_RULES = /^tools\/(tidy|lint)\//;

/** A README of at most one screen in each project, a header paragraph on each library's front door. */
export function documentationFindings(files) {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const projects = files
    .map(({ path }) => /^((?:apps|libs|libs\/drivers)\/[^/]+)\/package\.json$/.exec(path)?.[1])
    .filter((folder) => folder !== undefined && files.some(({ path }) => path.startsWith(`${folder}/src/`)));
  return projects.flatMap((folder) => {
    const readme = byPath.get(`${folder}/README.md`);
    const index = byPath.get(`${folder}/src/index.ts`);
    const lines = readme?.text.trimEnd().split('\n').length ?? 0;
    return [
      ...(readme === undefined ? [`${folder}: has no README.md`] : []),
      ...(lines > README_LINES_MAX ? [`${folder}/README.md: ${lines} lines; one screen is ${README_LINES_MAX}`] : []),
      ...(index !== undefined && !index.text.trimStart().startsWith('/**')
        ? [`${folder}/src/index.ts: begins without the paragraph that says what the library is for`]
        : []),
    ];
  });
}

/** Notes to oneself, machine paths, and hosts that only exist where somebody worked. */
export function wordFindings(files) {
  const words = [
    {
      pattern: new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK', 'X' + 'XX'].join('|')})\\b`),
      what: 'a note to oneself; do it or open an issue',
    },
    { pattern: /(^|[\s"'`(=:])\/(home|Users|root|work)\/[\w.-]+/, what: 'a path of one machine' },
    {
      pattern: /https?:\/\/[\w.-]*(artifactory|nexus|npm\.pkg|-npm\.|registry\.(?!npmjs\.org|access\.redhat))[\w.-]*/i,
      what: 'a package registry of one place',
    },
  ];
  const checked = files.filter(
    ({ path, bytes }) =>
      /\.(ts|mts|mjs|cjs|md|json|ya?ml|sh)$|^\.ci\//.test(path) &&
      !path.startsWith('test/data/') &&
      !OWN_RULES.test(path) &&
      bytes < FILE_BYTES_MAX,
  );
  return checked.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      // Specs make up home folders; the lock file's own hosts are checked apart.
      const applicable = words.filter(({ what }) => !(path.endsWith('.spec.ts') && what.startsWith('a path')));
      return applicable.filter(({ pattern }) => pattern.test(line)).map(({ what }) => `${path}:${index + 1}: ${what}`);
    }),
  );
}

/** Tests that run alone, or not at all without saying why. */
export function specFindings(files) {
  return files
    .filter((file) => isSpec(file) && !OWN_RULES.test(file.path))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index, lines) => {
        const at = `${path}:${index + 1}`;
        if (/\b(describe|it|test)\.only\b|\b(fit|fdescribe)\(/.test(line)) return [`${at}: runs alone`];
        if (/\b(it|test)\.todo\b/.test(line)) return [`${at}: a test still to be written`];
        if (!/\b(describe|it|test)\.skip\b|\b(xit|xdescribe)\(/.test(line)) return [];
        // A reason in a comment, in a condition, or after the colon of the title.
        const reasoned =
          /skip\([`'"][^`'"]*: /.test(line) ||
          /\/\/\s*\S+/.test(line) ||
          /^\s*(\/\/|\*)/.test(lines[index - 1] ?? '') ||
          /\?/.test(line);
        return reasoned ? [] : [`${at}: skipped without a reason in a comment`];
      }),
    );
}

/** Files too big to live in git. */
export function weightFindings(files) {
  const heavy = files.filter(({ bytes }) => bytes > FILE_BYTES_MAX);
  const captures = files.filter(({ path }) => path.startsWith('test/data/')).reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    ...heavy.map(({ path, bytes }) => `${path}: ${(bytes / 1024 / 1024).toFixed(1)} MB; keep big data out of git`),
    ...(captures > CAPTURE_BYTES_MAX ? [`test/data: ${(captures / 1024 / 1024).toFixed(1)} MB; at most 6 MB`] : []),
  ];
}

/** Links between documents that lead nowhere. */
export function linkFindings(files) {
  const known = new Set(files.map(({ path }) => path));
  const folders = new Set(files.flatMap(({ path }) => path.split('/').map((_, n, all) => all.slice(0, n).join('/'))));
  return files
    .filter(({ path }) => path.endsWith('.md') && !path.startsWith('test/data/'))
    .flatMap(({ path, text }) =>
      [...text.replace(/```[\s\S]*?```/g, '').matchAll(/\]\(([^)\s]+)\)/g)]
        .map((match) => match[1].split('#')[0])
        .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
        .filter((target) => {
          const wanted = posix.join(posix.dirname(path), target).replace(/\/$/, '');
          return !known.has(wanted) && !folders.has(wanted);
        })
        .map((target) => `${path}: the link to ${target} leads nowhere`),
    );
}

/** Where packages come from is a matter of who installs: the lock names the public registry or nobody. */
export function lockFindings(files) {
  const lock = files.find(({ path }) => path === 'package-lock.json');
  const hosts = new Set([...(lock?.text.matchAll(/"resolved": "https?:\/\/([^/"]+)/g) ?? [])].map((match) => match[1]));
  hosts.delete('registry.npmjs.org');
  return [...hosts].map(() => 'package-lock.json: names a package host other than the public registry');
}

/** Lines per file of our own code: the largest, the median and the one that nine in ten stay below. */
export function sizeReport(files) {
  const sized = files
    .filter(
      (file) => isTypeScript(file) && /^(apps|libs|tools|test)\//.test(file.path) && !file.path.includes('/generated/'),
    )
    .map((file) => ({ path: file.path, lines: file.text.trimEnd().split('\n').length, spec: isSpec(file) }))
    .sort((a, b) => a.lines - b.lines);
  const line = (name, list) => {
    if (list.length === 0) return `${name}: none`;
    const at = (part) => list[Math.min(list.length - 1, Math.floor(list.length * part))].lines;
    const largest = list.at(-1);
    return `${name}: ${list.length} files, median ${at(0.5)}, p90 ${at(0.9)}, largest ${largest.lines} (${largest.path})`;
  };
  return [
    line(
      'code',
      sized.filter(({ spec }) => !spec),
    ),
    line(
      'specs',
      sized.filter(({ spec }) => spec),
    ),
  ];
}
