import type { CommandDefinition } from '@rackwright/contracts';

import type { SagaDefinition } from './definition.js';
import type { SagaState, UnitState } from './fold.js';
import { unitKey, type ClosedStatus, type JournalFact, type SagaMessageKey, type StuckReport } from './journal.js';

/** A command ready for the outbox. The deadline is when the saga stops waiting for this attempt. */
export interface CommandToSend {
  readonly command: CommandDefinition;
  readonly input: unknown;
  readonly key: SagaMessageKey;
  readonly deadline: Date;
  readonly actor?: string;
}

/**
 * What to do next. `facts` belong in the journal before anything else happens; with none of them the saga waits.
 * - `send`: append and put the commands in the outbox, in one transaction.
 * - `record`: append (a step skipped, fanned out, or a deadline passed) and ask again.
 * - `wait`: for an outcome, or until `until`.
 */
export type Decision =
  | { readonly kind: 'send'; readonly facts: readonly JournalFact[]; readonly commands: readonly CommandToSend[] }
  | { readonly kind: 'record' | 'pass-point' | 'go-back' | 'turn'; readonly facts: readonly JournalFact[] }
  | { readonly kind: 'wait'; readonly facts: readonly []; readonly until?: Date }
  | { readonly kind: 'stuck'; readonly facts: readonly JournalFact[]; readonly report: StuckReport }
  | { readonly kind: ClosedStatus; readonly facts: readonly JournalFact[] };

/** Everything the planner works from. */
export interface Plan {
  readonly definition: SagaDefinition;
  readonly state: SagaState;
  readonly now: Date;
}

/** How a chain of steps stands: a decision to carry out, or one of the three ways it may have come to rest. */
export type ChainProgress =
  | { readonly rest: 'finished' | 'stopped' }
  | { readonly rest: 'failed'; readonly action: 'go-back' | 'stuck'; readonly at: string; readonly because: string }
  | { readonly rest: 'none'; readonly decision: Decision };

/** A decision of one fact. */
export function decide(kind: 'pass-point' | 'go-back' | 'turn' | ClosedStatus, fact: JournalFact): Decision {
  return { kind, facts: [fact] };
}

/** Waits until the earliest of the times given; without any, for an outcome alone. */
export function waitUntil(times: readonly number[]): Decision {
  return { kind: 'wait', facts: [], ...(times.length > 0 && { until: new Date(Math.min(...times)) }) };
}

function lineOf(key: string, unit: UnitState): string {
  return unit.failure === undefined
    ? `${key}: ${unit.status}`
    : `${key}: ${unit.failure.code}: ${unit.failure.message}`;
}

/** Comes to a stand, saying what is known to be done and what nobody can tell. */
export function stuckDecision(state: SagaState, code: string, reason: string, at?: string): Decision {
  const known: string[] = [];
  const unknown: string[] = [];
  for (const [key, unit] of state.units) {
    if (unit.status === 'unknown' || unit.status === 'sent') unknown.push(lineOf(key, unit));
    else if (unit.status !== 'idle') known.push(lineOf(key, unit));
  }
  const report: StuckReport = { code, reason, known, unknown, ...(at !== undefined && { at }) };
  return { kind: 'stuck', facts: [{ event: 'stuck', data: report }], report };
}

/** The key of a unit state. */
export function keyOf(unit: UnitState, undo: boolean): string {
  return unitKey({ step: unit.step, undo, ...(unit.item !== undefined && { item: unit.item }) });
}
