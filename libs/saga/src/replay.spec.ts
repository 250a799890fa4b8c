import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';

import { replayHistory, type JournalRow } from './index.js';
import { exampleMove } from './testing/example-move.saga.js';

/** Recorded runs of the example, one that ended done and one that turned; new code must decide as the code of then did. */
function history(name: string): readonly JournalRow[] {
  return JSON.parse(readFileSync(new URL(`./testing/histories/${name}.json`, import.meta.url), 'utf8')) as JournalRow[];
}

describe('replayHistory', () => {
  it.each(['example-move-v1-done', 'example-move-v1-turned'])('decides again what %s shows', (name) => {
    const decisions = replayHistory(exampleMove, { sagaId: 'run_test', rows: history(name) });
    expect(decisions.length).toBeGreaterThan(5);
  });

  it('finds that the order of steps changed without a new version', () => {
    const [first, second, ...rest] = exampleMove.stages;
    const changed = { ...exampleMove, stages: [second ?? [], first ?? [], ...rest] };
    expect(() => replayHistory(changed, { sagaId: 'run_test', rows: history('example-move-v1-done') })).toThrow(
      expect.objectContaining({ code: 'saga.history-diverged' }),
    );
  });

  it('finds that a step was left out without a new version', () => {
    const changed = { ...exampleMove, stages: exampleMove.stages.slice(0, -1) };
    expect(() => replayHistory(changed, { sagaId: 'run_test', rows: history('example-move-v1-done') })).toThrow(
      expect.objectContaining({ code: 'saga.history-diverged' }),
    );
  });
});
