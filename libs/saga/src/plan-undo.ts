import { keyOf, stuckDecision, waitUntil, type Decision, type Plan } from './decision.js';
import type { Stage } from './definition.js';
import { unitOf } from './fold.js';
import { Places, expire, retryAtMs, send, unitsOf, type StageUnit } from './sending.js';

/**
 * Plain undo, stage by stage in reverse, of everything that may have had an effect; undefined when nothing is left.
 * Steps that a turn takes back have no undo of their own, so after one only those in front of it are left.
 */
export function planUndo(plan: Plan): Decision | undefined {
  for (const stage of [...plan.definition.stages].reverse()) {
    const units = undoUnitsOf(plan, stage);
    if (units.some(({ unit }) => unit.status !== 'done')) return planStageUndo(plan, units);
  }
  return undefined;
}

function undoUnitsOf({ state }: Plan, stage: Stage): StageUnit[] {
  return [...stage]
    .reverse()
    .filter((step) => step.undo.kind === 'command')
    .flatMap((step) => unitsOf(state, step, true).reverse())
    .filter(({ step, unit }) => unitOf(state, step.name, unit.item, false).mayHaveEffect);
}

function planStageUndo(plan: Plan, units: readonly StageUnit[]): Decision {
  const facts = expire(units, true, plan.now);
  if (facts.length > 0) return { kind: 'record', facts };
  const nowMs = plan.now.getTime();
  const times: number[] = [];
  const ready: StageUnit[] = [];
  const places = new Places(plan);
  let lost: StageUnit | undefined;
  for (const candidate of units) {
    const { step, unit } = candidate;
    if (unit.status === 'done' || step.undo.kind !== 'command') continue;
    if (!places.take(step)) continue;
    const { retry } = step.undo.policy;
    if (unit.status === 'sent') times.push(Date.parse(unit.dueAt ?? ''));
    else if (unit.status === 'idle') ready.push(candidate);
    else if (unit.failure?.final === true || unit.tries >= retry.attempts) lost ??= candidate;
    else if (retryAtMs(unit, retry) <= nowMs) ready.push(candidate);
    else times.push(retryAtMs(unit, retry));
  }
  if (lost === undefined || times.length > 0 || ready.length > 0) {
    // The neighbours of an undo that failed for good are still taken back: the less is left over, the better.
    return ready.length > 0 ? send(plan, ready, true) : waitUntil(times);
  }
  const at = keyOf(lost.unit, true);
  const { code, message } = lost.unit.failure ?? { code: 'saga.undo-failed', message: '' };
  return stuckDecision(plan.state, 'saga.undo-failed', `${at}: ${code}: ${message}`, at);
}
