import type { StuckReport } from '@rackwright/saga';
import type { RunProgress } from './run-progress.policy.js';

const LINES_MAX = 12;
const NEXT: Readonly<Record<string, string>> = {
  cancel: 'cancel it to go back',
  retry: 'mend the cause and retry',
  'mark-done': 'mark the step done if you have seen for yourself that it is',
  abandon: 'abandon it, which first proves every former holder inert',
};

function listed(lines: readonly string[], none: string): string {
  if (lines.length === 0) return none;
  const more = lines.length > LINES_MAX ? `; and ${lines.length - LINES_MAX} more` : '';
  return `${lines.slice(0, LINES_MAX).join('; ')}${more}`;
}

/** What an operator decides from: what happened, what is known, what nobody can tell, what to do next. */
export function stuckText(report: StuckReport, verbs: readonly string[]): string {
  const where = report.at === undefined ? 'Stuck' : `Stuck at ${report.at}`;
  const next = verbs.map((verb) => NEXT[verb]).filter((text) => text !== undefined);
  return [
    `${where}: ${report.reason}.`,
    `Known: ${listed(report.known, 'nothing was begun')}.`,
    `Not known: ${listed(report.unknown, 'nothing is open')}.`,
    'The profile and its servers stay locked.',
    `Next: ${next.length === 0 ? 'ask for help' : next.join(', or ')}.`,
  ].join(' ');
}

/** Why a run ended without being done. */
export function endText(end: 'undone' | 'abandoned', { because, abandonedBy }: RunProgress): string {
  if (end === 'undone') return `Went back because ${because ?? 'it had to'}. What it had done was taken back.`;
  return [
    `Abandoned, not undone: ${abandonedBy ?? 'an operator abandoned it'}.`,
    'Every former holder was proven inert and the locks were given back.',
    ...(because === undefined ? [] : [`Before that it had gone back because ${because}.`]),
    'What else the run had changed is as the steps show; look at the profile before using it.',
  ].join(' ');
}
