import type { RunSummary } from '@rackwright/client';
import { ageText, durationText } from '../output/duration.js';
import { stateStyle } from '../output/style.js';
import type { Column } from '../output/table.js';

/** How runs look in a table. */
export function runColumns(now: Date): Column<RunSummary>[] {
  return [
    { title: 'id', of: (run) => run.id },
    { title: 'state', of: (run) => run.state, style: (run, style) => stateStyle(style, run.state) },
    { title: 'title', of: (run) => run.title },
    { title: 'by', of: (run) => run.actor },
    { title: 'age', of: (run) => ageText(run.startedAt, now) },
    {
      title: 'took',
      of: (run) => run.endedAt && durationText(Date.parse(run.endedAt) - Date.parse(run.startedAt)),
    },
    { title: 'reason', of: (run) => run.reason },
  ];
}
