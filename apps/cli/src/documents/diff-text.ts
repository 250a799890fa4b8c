import type { DocumentChange } from '@rackwright/client';
import { plain, type Style } from '../output/style.js';
import type { PlacedProblem } from './read-files.js';

const MARKS = { create: '+', update: '~', unchanged: '=', error: 'x', skipped: '.' } as const;
const WORDS = {
  create: 'to create',
  update: 'to change',
  unchanged: 'unchanged',
  error: 'wrong',
  skipped: 'not tried',
} as const;

/** What applying would change: `+` comes, `~` changes, `-` goes; what stays as it is is only counted. */
export function diffText(changes: readonly DocumentChange[], style: Style): string {
  const lines = changes.filter(({ action }) => action !== 'unchanged').flatMap((change) => changeLines(change, style));
  return [...lines, ...(lines.length > 0 ? [''] : []), `Plan: ${tally(changes)}.`, ''].join('\n');
}

/** `3 to create, 1 to change, 12 unchanged`. */
export function tally(changes: readonly Pick<DocumentChange, 'action'>[]): string {
  const counts = (Object.keys(WORDS) as (keyof typeof WORDS)[])
    .map((action) => ({ action, count: changes.filter((change) => change.action === action).length }))
    .filter(({ count }) => count > 0)
    .map(({ action, count }) => `${count} ${WORDS[action]}`);
  return counts.length === 0 ? 'nothing' : counts.join(', ');
}

function changeLines(change: DocumentChange, style: Style): string[] {
  const paint = {
    create: style.good,
    update: style.warn,
    unchanged: style.faint,
    error: style.bad,
    skipped: style.faint,
  }[change.action];
  const head = `${paint(MARKS[change.action] ?? '?')} ${plain(change.kind)} ${style.strong(plain(change.name))}`;
  const fields = (change.diff ?? []).map(({ path, before, after }) => {
    const name = plain(path);
    if (before === undefined) return `    ${style.good('+')} ${name}: ${shown(path, after)}`;
    if (after === undefined) return `    ${style.bad('-')} ${name}: ${shown(path, before)}`;
    return `    ${style.warn('~')} ${name}: ${shown(path, before)} -> ${shown(path, after)}`;
  });
  const problems = (change.problems ?? []).map(({ path, message, line, column }) => {
    const where = line === undefined ? path : `line ${line}${column === undefined ? '' : `, column ${column}`}`;
    return `    ${style.bad('x')} ${[where, message].filter(Boolean).map(plain).join(': ')}`;
  });
  return [head, ...fields, ...problems];
}

/** Passwords are not shown, whatever the server sends. */
function shown(path: string, value: unknown): string {
  return /password|secret|token/i.test(path) ? '(not shown)' : plain(JSON.stringify(value));
}

/** `site.yaml:12:5: there is no field "vlna" here; is "vlan" meant?`, one line each. */
export function problemsText(problems: readonly PlacedProblem[]): string {
  return problems
    .map(({ file, line, column, message }) => `${[file, line, column].filter(Boolean).join(':')}: ${plain(message)}\n`)
    .join('');
}
