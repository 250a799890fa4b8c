import type { Plan, PlannedChange } from '@rackwright/client';
import { durationText } from '../output/duration.js';
import { plain, type Style } from '../output/style.js';

const MARKS: Readonly<Record<PlannedChange['mark'], string>> = {
  '+': 'to add',
  '~': 'to change',
  '-': 'to remove',
  '!': 'to reboot',
  '#': 'without return from there',
  '=': 'left as it is',
};

/** A plan as people read it before they say yes: what changes where, what reboots, what can be taken back. */
export function planText(plan: Plan, style: Style): string {
  const lines = [style.strong(plain(plan.title)), `  plan ${plain(plan.id)}, ${plain(plan.state)}`];
  if (plan.source !== undefined || plan.target !== undefined) {
    lines.push(
      `  ${[plan.source, plan.target]
        .filter((name) => name !== undefined)
        .map(plain)
        .join(' -> ')}`,
    );
  }
  for (const why of plan.why) lines.push(`  because ${plain(why)}`);
  if (plan.blockedBy.length > 0) {
    lines.push('', style.bad('It cannot run:'));
    for (const { code, message } of plan.blockedBy) lines.push(`  ${plain(message)} (${plain(code)})`);
  }
  for (const [area, changes] of byArea(plan.changes)) {
    lines.push('', style.strong(plain(area)));
    for (const change of changes) {
      lines.push(`  ${paint(change.mark, style)} ${plain(change.device)}: ${plain(change.text)}`);
    }
  }
  lines.push('', `Plan: ${tally(plan)}.`);
  if (plan.reboots.length > 0) lines.push(style.warn(`Reboots: ${plan.reboots.map(plain).join(', ')}.`));
  if (plan.undo !== '') lines.push(`Undo: ${plain(plan.undo)}`);
  if (plan.expectedMs !== undefined) lines.push(`Takes about ${durationText(plan.expectedMs)}.`);
  return `${lines.join('\n')}\n`;
}

/** `2 to add, 1 to change, 1 to reboot`. */
function tally(plan: Plan): string {
  const counts = Object.entries(MARKS)
    .filter(([mark]) => mark !== '#' && mark !== '=')
    .map(([mark, words]) => ({ words, count: plan.changes.filter((change) => change.mark === mark).length }))
    .filter(({ count }) => count > 0)
    .map(({ words, count }) => `${count} ${words}`);
  return counts.length === 0 ? 'nothing to change' : counts.join(', ');
}

function byArea(changes: readonly PlannedChange[]): Map<string, PlannedChange[]> {
  const areas = new Map<string, PlannedChange[]>();
  for (const change of changes) areas.set(change.area, [...(areas.get(change.area) ?? []), change]);
  return areas;
}

function paint(mark: PlannedChange['mark'], style: Style): string {
  const styles = {
    '+': style.good,
    '~': style.warn,
    '-': style.bad,
    '!': style.warn,
    '#': style.strong,
    '=': style.faint,
  };
  return (styles[mark] ?? style.faint)(plain(mark));
}
