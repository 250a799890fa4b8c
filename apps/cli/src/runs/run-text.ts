import type { Run, RunStep, RunSummary, StepState } from '@rackwright/client';
import { durationText } from '../output/duration.js';
import { plain, stateStyle, type Style } from '../output/style.js';

const MARKS: Readonly<Record<StepState, string>> = {
  waiting: '·',
  running: '>',
  retrying: '~',
  done: '+',
  refused: 'x',
  failed: 'x',
  undone: '-',
  skipped: '=',
};

/** One step: mark, words, how long, which attempt, and why it waits. */
export function stepText(step: RunStep, now: Date, style: Style): string {
  const parts = [`${paint(step.state, style)(MARKS[step.state] ?? '?')} ${plain(step.label || step.step)}`];
  if (step.phase === 'undo') parts.push(style.warn('(undo)'));
  const duration = stepDuration(step, now);
  if (duration !== undefined) parts.push(style.faint(duration));
  if (step.attempt > 1) parts.push(style.warn(`attempt ${step.attempt}`));
  if (step.note !== undefined && step.state !== 'done') parts.push(style.warn(plain(step.note)));
  return parts.join('  ');
}

/** The first line of a run. */
export function runHeadline(run: RunSummary, now: Date, style: Style): string {
  const until = run.endedAt === undefined ? now : new Date(run.endedAt);
  const duration = durationText(until.getTime() - Date.parse(run.startedAt));
  return `${style.strong(plain(run.title))}  ${stateStyle(style, run.state)(run.state)}  ${style.faint(`${duration}  ${plain(run.id)}`)}`;
}

/** A whole run: headline, its steps, and what can be done when it is stuck. */
export function runText(run: Run, now: Date, style: Style): string {
  const lines = [runHeadline(run, now, style), ...run.steps.map((step) => `  ${stepText(step, now, style)}`)];
  if (run.reason !== undefined) lines.push('', `${plain(run.reason)}`);
  if (run.verbs.length > 0) {
    lines.push('', ...run.verbs.map((verb) => style.faint(`  rackwright run ${plain(verb)} ${plain(run.id)}`)));
  }
  return `${lines.join('\n')}\n`;
}

/**
 * What has happened since the run was looked at last: one line per change, for logs and pipes. Steps that merely wait
 * for their turn are not news.
 */
export function runNews(before: Run | undefined, run: Run, now: Date, style: Style): string[] {
  const known = new Map((before?.steps ?? []).map((step) => [keyOf(step), signature(step)]));
  const news = run.steps
    .filter((step) => step.state !== 'waiting' && known.get(keyOf(step)) !== signature(step))
    .map((step) => `  ${step.state.padEnd(8)} ${stepText(step, now, style)}`);
  const isNew = before?.state !== run.state;
  return [...(isNew && before === undefined ? [runHeadline(run, now, style)] : []), ...news];
}

/** The last word about a run. */
export function runEnd(run: Run, now: Date, style: Style): string {
  const reason = run.reason === undefined ? '' : `: ${plain(run.reason)}`;
  const until = run.endedAt === undefined ? now : new Date(run.endedAt);
  const duration = durationText(until.getTime() - Date.parse(run.startedAt));
  return `${stateStyle(style, run.state)(run.state)} after ${duration}${reason}`;
}

function keyOf(step: RunStep): string {
  return `${step.phase} ${step.step}`;
}

function signature(step: RunStep): string {
  return `${step.state} ${step.attempt} ${step.note ?? ''}`;
}

function stepDuration(step: RunStep, now: Date): string | undefined {
  if (step.startedAt === undefined || step.state === 'waiting') return undefined;
  const until = step.endedAt === undefined ? now : new Date(step.endedAt);
  return durationText(until.getTime() - Date.parse(step.startedAt));
}

function paint(state: StepState, style: Style): (text: string) => string {
  const styles: Readonly<Record<StepState, (text: string) => string>> = {
    waiting: style.faint,
    running: style.strong,
    retrying: style.warn,
    done: style.good,
    refused: style.bad,
    failed: style.bad,
    undone: style.warn,
    skipped: style.faint,
  };
  return styles[state] ?? style.faint;
}
