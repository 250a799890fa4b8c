import { forwardOnlyStageOf, stepsOf, type SagaDefinition, type Stage } from './definition.js';
import type { SagaState } from './fold.js';
import { parseUnitKey, type JournalFact } from './journal.js';
import { doneFacts } from './outcome.js';

interface ByOperator {
  readonly actor: string;
  /** Kept in the journal and in the audit log; must not be empty. */
  readonly reason: string;
}

/** What an operator may ask of a saga. All but `cancel` need it to be stuck. */
export type OperatorRequest = ByOperator &
  (
    | { readonly verb: 'cancel' | 'retry' | 'abandon' }
    /** `at` is a unit key as the stuck report shows it; `result` must fit the command's contract, later steps may read it. */
    | { readonly verb: 'mark-done'; readonly at: string; readonly result?: unknown }
  );

type MarkDone = Extract<OperatorRequest, { verb: 'mark-done' }>;

export type VerbRefusal =
  | 'saga.not-found'
  | 'saga.ended'
  | 'saga.not-stuck'
  | 'saga.stuck-going-back'
  | 'saga.already-going-back'
  | 'saga.already-cancelled'
  | 'saga.past-point-of-no-return'
  | 'saga.abandoning'
  | 'saga.unknown-definition'
  | 'saga.reason-missing'
  | 'saga.not-failed'
  | 'saga.may-not-be-marked-done'
  | 'saga.result-invalid'
  | 'saga.abandon-not-possible';

export type VerbResult =
  { readonly kind: 'accepted' } | { readonly kind: 'refused'; readonly code: VerbRefusal; readonly message: string };
export type VerbFacts = { readonly facts: readonly JournalFact[] } | (VerbResult & { readonly kind: 'refused' });

function refused(code: VerbRefusal, message: string): VerbFacts {
  return { kind: 'refused', code, message };
}

/** What an operator's request writes into the journal, or why it is refused; pure. */
export function factsOfVerb(
  definition: SagaDefinition | undefined,
  state: SagaState,
  request: OperatorRequest,
): VerbFacts {
  if (request.reason.trim() === '') return refused('saga.reason-missing', 'say why: it is kept in the audit log');
  if (state.status !== 'open' && state.status !== 'stuck')
    return refused('saga.ended', `the saga has ended: ${state.status}`);
  if (definition === undefined && request.verb !== 'retry') {
    return refused('saga.unknown-definition', `no code for saga ${state.saga} version ${state.version} here`);
  }
  if (request.verb === 'cancel') return cancelFacts(state, request);
  if (state.status !== 'stuck') return refused('saga.not-stuck', `${request.verb} is for a saga that is stuck`);
  if (definition === undefined || request.verb === 'retry') return retryFacts(definition, state, request);
  if (request.verb !== 'mark-done') return abandonFacts(definition, request);
  return markDoneFacts(definition, state, request);
}

function cancelFacts(state: SagaState, { actor, reason }: ByOperator): VerbFacts {
  if (state.abandoning) return refused('saga.abandoning', 'the saga is being abandoned');
  if (state.mode !== 'forward') {
    return state.status === 'stuck'
      ? refused('saga.stuck-going-back', 'the saga is stuck while going back: retry, mark done or abandon it')
      : refused('saga.already-going-back', 'the saga is already going back');
  }
  if (state.pastPoint) {
    return refused(
      'saga.past-point-of-no-return',
      'the saga is past its point of no return: going back would be less safe than finishing',
    );
  }
  if (state.cancelled) return refused('saga.already-cancelled', 'the saga is already cancelled');
  return { facts: [{ event: 'cancelled', data: { actor, reason } }] };
}

function retryFacts(
  definition: SagaDefinition | undefined,
  state: SagaState,
  { actor, reason }: ByOperator,
): VerbFacts {
  const again = definition === undefined ? [] : stepsToRunAgain(definition, state.stuck?.at);
  return { facts: [{ event: 'resumed', data: { verb: 'retry', actor, reason, ...(again.length > 0 && { again }) } }] };
}

/** A retry is a move of its own: what the steps from `retryFrom` on proved is old by the time an operator comes. */
function stepsToRunAgain(definition: SagaDefinition, at: string | undefined): string[] {
  const ref = at === undefined ? undefined : parseUnitKey(at);
  const from = ref === undefined || ref.undo ? undefined : stepsOf(definition).get(ref.step)?.retryFrom;
  if (ref === undefined || from === undefined) return [];
  const has = (stage: Stage, name: string): boolean => stage.some((step) => step.name === name);
  const chains = [definition.stages, definition.turn?.stages ?? [], definition.abandon ?? []];
  const chain = chains.find((stages) => stages.some((stage) => has(stage, ref.step))) ?? [];
  const first = chain.findIndex((stage) => has(stage, from));
  const last = chain.findIndex((stage) => has(stage, ref.step));
  // What was passed on the way over the point of no return stays passed.
  const floor =
    chain === definition.stages && last >= forwardOnlyStageOf(definition) ? forwardOnlyStageOf(definition) : 0;
  return chain.slice(Math.max(first, floor), last + 1).flatMap((stage) => stage.map((step) => step.name));
}

function abandonFacts(definition: SagaDefinition, { actor, reason }: ByOperator): VerbFacts {
  if (definition.abandon === undefined) {
    return refused(
      'saga.abandon-not-possible',
      `saga ${definition.name} has no way to prove every former holder inert`,
    );
  }
  const again = definition.abandon.flatMap((stage) => stage.map((step) => step.name));
  return { facts: [{ event: 'resumed', data: { verb: 'abandon', actor, reason, again } }] };
}

function markDoneFacts(
  definition: SagaDefinition,
  state: SagaState,
  { actor, reason, at, result }: MarkDone,
): VerbFacts {
  const ref = parseUnitKey(at);
  const step = ref && stepsOf(definition).get(ref.step);
  const unit = state.units.get(at);
  if (!ref || !step || !unit || (unit.status !== 'refused' && unit.status !== 'unknown')) {
    return refused('saga.not-failed', `"${at}" is not what the saga stands at`);
  }
  if (step.noMarkDone) {
    return refused('saga.may-not-be-marked-done', `"${at}" proves that hardware is safe: only the hardware can say so`);
  }
  const facts = doneFacts({ step, state, ref, attempt: unit.attempt }, result, actor);
  if (facts[0]?.event === 'step-unknown' || facts[0]?.event === 'undo-unknown') {
    return refused('saga.result-invalid', facts[0].data.message);
  }
  return { facts: [{ event: 'resumed', data: { verb: 'mark-done', actor, reason } }, ...facts] };
}
