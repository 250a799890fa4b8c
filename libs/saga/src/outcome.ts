import type { Outcome } from '@rackwright/contracts';
import { messageOf } from '@rackwright/kernel';

import { stepsOf, type SagaDefinition, type StepDefinition } from './definition.js';
import type { SagaState } from './fold.js';
import { parseUnitKey, type JournalFact, type SagaMessageKey, type UnitRef } from './journal.js';

/** How a command of a saga ended, as the transport hands it over. */
export interface SagaOutcome {
  readonly key: SagaMessageKey;
  readonly outcome: Outcome;
}

/** Why an outcome changed nothing: harmless, but worth counting. */
export type IgnoredReason = 'no-such-saga' | 'not-open' | 'not-the-latest-attempt' | 'already-settled' | 'unknown-step';

export type OutcomeFacts = { readonly facts: readonly JournalFact[] } | { readonly ignored: IgnoredReason };

/**
 * What an outcome says about the journal; pure. Only the answer to the latest attempt, in the epoch it was sent in,
 * counts: evidence of an older epoch is void, and an older attempt will be answered again by the newer one. An answer
 * that does not fit the contract is `unknown`, never success.
 */
export function factsOf(definition: SagaDefinition, state: SagaState, { key, outcome }: SagaOutcome): OutcomeFacts {
  if (state.status !== 'open') return { ignored: 'not-open' };
  const ref = parseUnitKey(key.step);
  const step = ref && stepsOf(definition).get(ref.step);
  const unit = state.units.get(key.step);
  if (ref === undefined || step === undefined || unit === undefined) return { ignored: 'unknown-step' };
  if (unit.attempt !== key.attempt || unit.sentEpoch !== key.epoch) return { ignored: 'not-the-latest-attempt' };
  if (unit.status !== 'sent') return { ignored: 'already-settled' };
  return { facts: settle({ step, state, ref, attempt: key.attempt }, outcome) };
}

interface Settling {
  readonly step: StepDefinition;
  readonly state: SagaState;
  readonly ref: UnitRef;
  readonly attempt: number;
}

function settle(settling: Settling, outcome: Outcome): JournalFact[] {
  const { ref, attempt } = settling;
  const unit = { step: ref.step, attempt, ...(ref.item !== undefined && { item: ref.item }) };
  if (outcome.kind === 'done') return doneFacts(settling, outcome.result);
  const { code, message, details } = outcome;
  const data = { code, message, ...(details && { details }) };
  if (outcome.kind === 'refused') return [{ event: ref.undo ? 'undo-refused' : 'step-refused', ...unit, data }];
  return [{ event: ref.undo ? 'undo-unknown' : 'step-unknown', ...unit, data }];
}

/** The facts of a step that is done, with the epoch it raises; `by` names an operator who vouches for it. */
export function doneFacts({ step, state, ref, attempt }: Settling, result: unknown, by?: string): JournalFact[] {
  const unit = { step: ref.step, attempt, ...(ref.item !== undefined && { item: ref.item }) };
  const unknown = (code: string, message: string): JournalFact[] => [
    { event: ref.undo ? 'undo-unknown' : 'step-unknown', ...unit, data: { code, message } },
  ];
  const command = ref.undo && step.undo.kind === 'command' ? step.undo.command : step.command;
  const parsed = command.result.safeParse(result);
  if (!parsed.success) return unknown('saga.result-invalid', parsed.error.message);
  const done: JournalFact = {
    event: ref.undo ? 'undo-done' : 'step-done',
    ...unit,
    data: { result: parsed.data, ...(by !== undefined && { by }) },
  };
  if (ref.undo || step.raisesEpoch === undefined) return [done];
  try {
    const to = step.raisesEpoch(parsed.data);
    if (to > state.epoch) return [done, { event: 'epoch-raised', step: step.name, data: { to } }];
    return unknown('saga.epoch-did-not-rise', `epoch ${to} is not above ${state.epoch}`);
  } catch (error) {
    return unknown('saga.epoch-unreadable', messageOf(error));
  }
}
