import { AppError } from '@rackwright/kernel';

import { keyOf, waitUntil, type ChainProgress, type Decision, type Plan } from './decision.js';
import type { Stage, StepDefinition } from './definition.js';
import type { UnitState } from './fold.js';
import type { FanOutItem, JournalFact } from './journal.js';
import { Places, expire, retryAtMs, send, unitsOf, viewOf, type StageUnit } from './sending.js';

export interface Chain {
  readonly stages: readonly Stage[];
  /** `stuck` where there is no way back: after the point of no return, in a turn, in an abandon chain. */
  readonly failure: 'go-back' | 'stuck';
  /** Nothing new is sent; what is in flight is waited for. */
  readonly stopping: boolean;
}

/** Goes through a chain to its first stage that is not finished, and says what to do there. */
export function planChain(plan: Plan, chain: Chain): ChainProgress {
  for (const stage of chain.stages) {
    if (isPlainlyDone(plan, stage)) continue;
    const facts = chain.stopping ? [] : stage.flatMap((step) => unfold(plan, step));
    if (facts.length > 0) return { rest: 'none', decision: { kind: 'record', facts } };
    const units = stage.flatMap((step) => unitsOf(plan.state, step, false));
    if (units.every(({ unit }) => unit.status === 'done') && isUnfolded(plan, stage)) continue;
    return planStage(plan, chain, units);
  }
  return { rest: 'finished' };
}

/** The quick answer for the many stages a saga has behind it; false only says that a closer look is needed. */
function isPlainlyDone({ state }: Plan, stage: Stage): boolean {
  for (const { name, forEach } of stage) {
    if (forEach !== undefined || state.units.get(name)?.status !== 'done') return false;
  }
  return true;
}

/** False for a stage that was never entered: its fan-outs are not known yet. */
function isUnfolded({ state }: Plan, stage: Stage): boolean {
  return stage.every((step) => !step.forEach || state.items.has(step.name) || state.skipped.has(step.name));
}

/** Asks a step once whether it runs, and for which items; the answers are journal facts, so they never change. */
function unfold(plan: Plan, step: StepDefinition): JournalFact[] {
  const { state } = plan;
  if (state.skipped.has(step.name) || state.items.has(step.name)) return [];
  if (step.forEach === undefined && (step.when === undefined || state.units.get(step.name)?.attempt)) return [];
  const view = viewOf(plan);
  if (step.when && !step.when(view)) return [{ event: 'step-skipped', step: step.name }];
  if (!step.forEach) return [];
  const items = step.forEach(view).map((value): FanOutItem => ({ key: itemKeyOf(step, value), value }));
  if (new Set(items.map(({ key }) => key)).size < items.length) {
    throw new AppError('saga.item-repeated', `step ${step.name} fans out to two items with one key`);
  }
  return [{ event: 'step-fanned-out', step: step.name, data: { items } }];
}

function itemKeyOf(step: StepDefinition, value: unknown): string {
  const key = step.itemKey ? step.itemKey(value) : value;
  if (typeof key !== 'string' || !/^[^[\]\s]+$/.test(key)) {
    throw new AppError('saga.item-key-invalid', `step ${step.name} has an item without a usable key`);
  }
  return key;
}

function planStage(plan: Plan, chain: Chain, units: readonly StageUnit[]): ChainProgress {
  const facts = expire(units, false, plan.now);
  if (facts.length > 0) return { rest: 'none', decision: { kind: 'record', facts } };
  const inFlight = units.filter(({ unit }) => unit.status === 'sent');
  const failure = chain.stopping ? undefined : worstOf(units, chain.failure);
  if (failure !== undefined || chain.stopping) {
    // Going back past a neighbour in flight would race with it: its end is waited for first.
    if (inFlight.length > 0) return { rest: 'none', decision: waitUntil(inFlight.map(dueMs)) };
    return failure ?? { rest: 'stopped' };
  }
  return { rest: 'none', decision: sendOrWait(plan, units) };
}

function dueMs({ unit }: StageUnit): number {
  return Date.parse(unit.dueAt ?? '');
}

function sendOrWait(plan: Plan, units: readonly StageUnit[]): Decision {
  const nowMs = plan.now.getTime();
  const times: number[] = [];
  const ready: StageUnit[] = [];
  const places = new Places(plan);
  for (const candidate of units) {
    const { step, unit } = candidate;
    if (unit.status === 'done') continue;
    if (!places.take(step)) continue;
    if (unit.status === 'sent') times.push(dueMs(candidate));
    else if (unit.status === 'idle' || retryAtMs(unit, step.policy.retry) <= nowMs) ready.push(candidate);
    else times.push(retryAtMs(unit, step.policy.retry));
  }
  return ready.length > 0 ? send(plan, ready, false) : waitUntil(times);
}

/** The failure that decides for the stage: one that is stuck outweighs one that goes back. */
function worstOf(units: readonly StageUnit[], wayOut: Chain['failure']): ChainProgress | undefined {
  let worst: ChainProgress | undefined;
  for (const { step, unit } of units) {
    const action = afterFailure(step, unit, wayOut);
    if (action === 'none' || action === 'retry' || (worst !== undefined && action === 'go-back')) continue;
    const { code, message } = unit.failure ?? { code: unit.status, message: '' };
    const at = keyOf(unit, false);
    worst = { rest: 'failed', action, at, because: `${at}: ${code}: ${message}` };
    if (action === 'stuck') return worst;
  }
  return worst;
}

function afterFailure(
  step: StepDefinition,
  unit: UnitState,
  wayOut: Chain['failure'],
): 'none' | 'retry' | 'go-back' | 'stuck' {
  if (unit.status !== 'refused' && unit.status !== 'unknown') return 'none';
  if (unit.failure?.final === true) return wayOut;
  const exhausted = unit.tries >= step.policy.retry.attempts;
  if (unit.status === 'unknown') {
    if (!exhausted) return 'retry';
    return step.policy.onUnknown === 'stuck' ? 'stuck' : wayOut;
  }
  const { onRefused } = step.policy;
  const action =
    typeof onRefused === 'string' ? onRefused : (onRefused[unit.failure?.code ?? ''] ?? onRefused['*'] ?? 'go-back');
  if (action === 'stuck') return 'stuck';
  if (action === 'go-back' && wayOut === 'go-back') return 'go-back';
  return exhausted ? wayOut : 'retry';
}
