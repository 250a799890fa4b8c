import type { CommandDefinition } from '@rackwright/contracts';
import { messageOf } from '@rackwright/kernel';

import { keyOf, type CommandToSend, type Decision, type Plan } from './decision.js';
import { DEFAULT_STEP_POLICY, type AnyView, type RetryPolicy, type StepDefinition } from './definition.js';
import { DEADLINE_PASSED, unitOf, type SagaState, type UnitState } from './fold.js';
import type { Failure, JournalFact } from './journal.js';

/** One unit of a stage with the step it belongs to. */
export interface StageUnit {
  readonly step: StepDefinition;
  readonly unit: UnitState;
  readonly item?: unknown;
}

/** Results by step name, as later steps see them. */
function outputsOf(state: SagaState): Record<string, unknown> {
  const outputs: Record<string, unknown> = {};
  for (const step of state.items.keys()) outputs[step] = {};
  for (const [key, unit] of state.units) {
    if (unit.status !== 'done' || key.startsWith('undo:')) continue;
    if (unit.item === undefined) outputs[unit.step] = unit.result;
    else (outputs[unit.step] as Record<string, unknown>)[unit.item] = unit.result;
  }
  return outputs;
}

/** The view of a step before its items are known. */
export function viewOf({ state, now }: Plan, attempt = 1): AnyView {
  return {
    sagaId: state.sagaId,
    input: state.input,
    outputs: outputsOf(state),
    epoch: state.epoch,
    attempt,
    now,
    began: (step) => hasBegun(state, step),
  };
}

/** True when the step, or any item of it, was sent and not every attempt was refused. */
export function hasBegun(state: SagaState, step: string): boolean {
  for (const [key, unit] of state.units) {
    if (unit.step === step && (unit.mayHaveEffect || unit.status === 'sent') && !key.startsWith('undo:')) return true;
  }
  return false;
}

/** Counts down the places a step has for items under way. */
export class Places {
  private readonly left = new Map<StepDefinition, number>();

  constructor(private readonly plan: Plan) {}

  /** Takes a place for an item of the step; false when there is none left. */
  take(step: StepDefinition): boolean {
    if (step.atMost === undefined) return true;
    const left = this.left.get(step) ?? Math.max(1, step.atMost(viewOf(this.plan)));
    this.left.set(step, left - 1);
    return left > 0;
  }
}

/**
 * The units of a step, in order: one, one per item, or none when it was skipped. For an undo, every item there ever was:
 * a retry may have skipped the step or found other items, but what the first time did is still there.
 */
export function unitsOf(state: SagaState, step: StepDefinition, undo: boolean): StageUnit[] {
  if (!undo && state.skipped.has(step.name)) return [];
  if (step.forEach === undefined) return [{ step, unit: unitOf(state, step.name, undefined, undo) }];
  const items = (undo ? state.itemsEver : state.items).get(step.name) ?? [];
  return items.map(({ key, value }) => ({ step, unit: unitOf(state, step.name, key, undo), item: value }));
}

/** When a failed unit may be tried again. */
export function retryAtMs(unit: UnitState, retry: RetryPolicy): number {
  const backoffMs = Math.min(retry.backoffMs * 2 ** Math.max(0, unit.tries - 1), retry.backoffMaxMs);
  return Date.parse(unit.settledAt ?? '1970-01-01T00:00:00Z') + backoffMs;
}

/** Attempts nobody answered in time become `unknown`; they are never taken for failed. */
export function expire(units: readonly StageUnit[], undo: boolean, now: Date): JournalFact[] {
  return units
    .filter(({ unit }) => unit.status === 'sent' && Date.parse(unit.dueAt ?? '') <= now.getTime())
    .map(({ unit }) => ({
      event: undo ? 'undo-unknown' : 'step-unknown',
      ...refOf(unit, unit.attempt),
      data: { code: DEADLINE_PASSED, message: `no outcome by ${unit.dueAt ?? ''}` },
    }));
}

function refOf(unit: UnitState, attempt: number): { step: string; item?: string; attempt: number } {
  return { step: unit.step, attempt, ...(unit.item !== undefined && { item: unit.item }) };
}

interface Prepared {
  readonly fact: JournalFact;
  readonly command?: CommandToSend;
}

interface Work {
  readonly command: CommandDefinition;
  readonly input: (view: AnyView) => unknown;
  readonly deadlineMs: number;
}

function workOf(step: StepDefinition, undo: boolean): Work {
  if (!undo) return { command: step.command, input: step.input, deadlineMs: step.policy.deadlineMs };
  if (step.undo.kind !== 'command')
    return { command: step.command, input: step.input, deadlineMs: DEFAULT_STEP_POLICY.deadlineMs };
  return { command: step.undo.command, input: step.undo.input, deadlineMs: step.undo.policy.deadlineMs };
}

/** The command of a unit, or the reason why there is none: an input that cannot be made is a failure before the effect. */
function prepare(plan: Plan, { step, unit, item }: StageUnit, undo: boolean): Prepared {
  const { state, now } = plan;
  const attempt = unit.attempt + 1;
  const output = undo ? unitOf(state, step.name, unit.item, false).result : undefined;
  const view: AnyView = { ...viewOf(plan, attempt), item, ...(undo && { output }) };
  const work = workOf(step, undo);
  const refused = (message: string): Prepared => {
    const data: Failure = { code: 'saga.input-invalid', message, final: true };
    return { fact: { event: undo ? 'undo-refused' : 'step-refused', ...refOf(unit, attempt), data } };
  };
  let input: unknown;
  try {
    input = work.input(view);
  } catch (error) {
    return refused(messageOf(error));
  }
  const parsed = work.command.input.safeParse(input);
  if (!parsed.success) return refused(parsed.error.message);
  const summary = undo ? work.command.summary : typeof step.summary === 'string' ? step.summary : step.summary(view);
  const deadline = new Date(now.getTime() + work.deadlineMs);
  return {
    fact: {
      event: undo ? 'undo-sent' : 'step-sent',
      ...refOf(unit, attempt),
      data: { dueAt: deadline.toISOString(), summary },
    },
    command: {
      command: work.command,
      input,
      key: { sagaId: state.sagaId, step: keyOf(unit, undo), epoch: state.epoch, attempt },
      deadline,
      ...(state.actor !== undefined && { actor: state.actor }),
    },
  };
}

/** Sends the units' next attempts. A new attempt is a new message, so that the participant looks again. */
export function send(plan: Plan, units: readonly StageUnit[], undo: boolean): Decision {
  const prepared = units.map((unit) => prepare(plan, unit, undo));
  return {
    kind: 'send',
    facts: prepared.map(({ fact }) => fact),
    commands: prepared.flatMap(({ command }) => command ?? []),
  };
}
