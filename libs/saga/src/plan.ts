import { messageOf } from '@rackwright/kernel';

import { decide, stuckDecision, waitUntil, type ChainProgress, type Decision, type Plan } from './decision.js';
import { forwardOnlyStageOf, stepsOf, turnStageOf, type SagaDefinition, type Stage } from './definition.js';
import { foldJournal, type SagaState } from './fold.js';
import type { SagaJournal } from './journal.js';
import { planChain } from './plan-chain.js';
import { planUndo } from './plan-undo.js';
import { hasBegun } from './sending.js';

const NO_REPORT = { code: 'saga.stuck', reason: 'stuck without a report', known: [], unknown: [] };

/**
 * What to do next with a saga: pure, and the same for the same journal and time. Recovery is nothing but asking again.
 * The decision names the facts to append and the commands to send; ask again with them appended until it says `wait`
 * (for an outcome, or until a time), `stuck`, or an end. A journal that does not fit the definition is stuck, never guessed at.
 */
export function planNext(definition: SagaDefinition | undefined, journal: SagaJournal, now: Date): Decision {
  return planState(definition, foldJournal(journal), now);
}

/** As {@link planNext}, on a journal already folded. */
export function planState(definition: SagaDefinition | undefined, state: SagaState, now: Date): Decision {
  if (state.status === 'stuck') return { kind: 'stuck', facts: [], report: state.stuck ?? NO_REPORT };
  if (state.status !== 'open') return { kind: state.status, facts: [] };
  if (definition === undefined) {
    return stuckDecision(
      state,
      'saga.unknown-definition',
      `no code for saga ${state.saga} version ${state.version} here`,
    );
  }
  const misfit = misfitOf(definition, state);
  if (misfit !== undefined) return stuckDecision(state, 'saga.journal-does-not-fit', misfit);
  try {
    return planOpen({ definition, state, now });
  } catch (error) {
    // A `when` or `forEach` that throws is a defect: nothing was sent for it, so standing still is safe.
    return stuckDecision(state, 'saga.definition-threw', messageOf(error));
  }
}

function misfitOf(definition: SagaDefinition, state: SagaState): string | undefined {
  if (definition.name !== state.saga || definition.version !== state.version) {
    return `the journal is of ${state.saga} version ${state.version}, the code of ${definition.name} version ${definition.version}`;
  }
  const steps = stepsOf(definition);
  for (const unit of state.units.values()) {
    if (!steps.has(unit.step)) return `the journal knows a step "${unit.step}" that the definition does not have`;
  }
  return undefined;
}

function planOpen(plan: Plan): Decision {
  const { definition, state } = plan;
  if (state.abandoning) {
    const ended = decide('abandoned', { event: 'ended', data: { end: 'abandoned' } });
    return forwardOnly(plan, definition.abandon ?? []) ?? ended;
  }
  if (state.mode === 'forward') return planForward(plan);
  const turning = state.mode === 'turning' ? forwardOnly(plan, definition.turn?.stages ?? []) : undefined;
  return turning ?? planUndo(plan) ?? decide('undone', { event: 'ended', data: { end: 'undone' } });
}

/** A chain without a way back: what to do in it, or undefined when it is finished. */
function forwardOnly(plan: Plan, stages: readonly Stage[]): Decision | undefined {
  return decisionOf(plan, planChain(plan, { stages, failure: 'stuck', stopping: false }));
}

function decisionOf(plan: Plan, progress: ChainProgress): Decision | undefined {
  switch (progress.rest) {
    case 'none':
      return progress.decision;
    case 'finished':
      return undefined;
    case 'stopped':
      return waitUntil([]);
    case 'failed':
      if (progress.action === 'go-back') return goBack(plan, progress.because);
      return stuckDecision(plan.state, 'saga.step-failed', progress.because, progress.at);
  }
}

function planForward(plan: Plan): Decision {
  const { definition, state } = plan;
  const point = forwardOnlyStageOf(definition);
  if (!state.pastPoint) {
    const stages = definition.stages.slice(0, point);
    const progress = planChain(plan, { stages, failure: 'go-back', stopping: state.cancelled });
    const atRest = progress.rest === 'stopped' || progress.rest === 'finished';
    if (atRest && state.cancelled) return goBack(plan, 'an operator cancelled it');
    const decision = decisionOf(plan, progress);
    if (decision !== undefined) return decision;
    if (definition.pointOfNoReturn !== undefined) return decide('pass-point', { event: 'point-of-no-return' });
  }
  return forwardOnly(plan, definition.stages.slice(point)) ?? decide('done', { event: 'ended', data: { end: 'done' } });
}

/** Turns where a step of the turn's part may have had its effect; undoes plainly where it did not come that far. */
function goBack(plan: Plan, because: string): Decision {
  const { definition, state } = plan;
  const turned = definition.stages
    .slice(turnStageOf(definition))
    .flat()
    .some((step) => hasBegun(state, step.name));
  return turned
    ? decide('turn', { event: 'turned', data: { because } })
    : decide('go-back', { event: 'going-back', data: { because } });
}
