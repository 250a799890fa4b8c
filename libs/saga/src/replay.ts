import { AppError } from '@rackwright/kernel';

import type { Decision } from './decision.js';
import type { SagaDefinition } from './definition.js';
import { applyRow, emptyState, isPlanned } from './fold.js';
import type { JournalFact, JournalRow, SagaJournal } from './journal.js';
import { planState } from './plan.js';

/**
 * Replays a stored history through a definition: wherever the journal shows a decision, the planner must decide the same
 * again. Histories of past releases are kept as fixtures, so that code which would finish an open journal differently is
 * found before it ships; compare the decisions returned (they carry the commands' inputs) with those stored.
 * Throws `saga.history-diverged` with the place and both sides.
 */
export function replayHistory(definition: SagaDefinition, journal: SagaJournal): Decision[] {
  const state = emptyState(journal.sagaId);
  const decisions: Decision[] = [];
  let expected: readonly JournalFact[] = [];
  for (const row of journal.rows) {
    if (expected.length === 0 && isPlanned(row)) {
      const decision = planState(definition, state, new Date(row.at));
      decisions.push(decision);
      expected = decision.facts;
    }
    if (expected.length > 0 || isPlanned(row)) {
      const [fact, ...rest] = expected;
      if (fact === undefined || shapeOf(fact) !== shapeOf(row)) {
        throw new AppError(
          'saga.history-diverged',
          `row ${row.sequence} of ${journal.sagaId} is ${shapeOf(row)}, decided now: ${fact ? shapeOf(fact) : 'nothing'}`,
          {
            details: { sequence: row.sequence, stored: row, decided: fact },
          },
        );
      }
      expected = rest;
    }
    applyRow(state, row);
  }
  return decisions;
}

/** What two runs must agree on: the event and its unit, and for decisions about the course of the saga their data. */
function shapeOf(fact: JournalFact | JournalRow): string {
  const unit = 'step' in fact ? fact.step : '';
  const item = 'item' in fact && fact.item !== undefined ? `[${fact.item}]` : '';
  const attempt = fact.event.startsWith('step-') || fact.event.startsWith('undo-') ? attemptOf(fact) : '';
  const data = fact.event === 'step-fanned-out' || fact.event === 'ended' ? ` ${JSON.stringify(fact.data)}` : '';
  return `${fact.event} ${unit}${item}${attempt}${data}`;
}

function attemptOf(fact: JournalFact | JournalRow): string {
  if (fact.event === 'step-skipped' || fact.event === 'step-fanned-out') return '';
  return 'attempt' in fact ? ` #${fact.attempt}` : '';
}
