import type { CommandDefinition } from '@rackwright/contracts';
import type { z } from 'zod';

/** How often and how fast a step (or an undo) is tried again. `attempts` counts the first try too. */
export interface RetryPolicy {
  readonly attempts: number;
  /** Wait before the second try; doubles each time. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
}

/**
 * What follows a refusal: `go-back` (undo or turn), `retry` (then go back), or `stuck`. After the point of no return,
 * in a turn and in an abandon chain there is no way back: `go-back` reads as `retry` there, and what fails for good is stuck.
 */
export type RefusalAction = 'go-back' | 'retry' | 'stuck';

/** Everything about the carrying out of a step that is data, not code. */
export interface StepPolicy {
  /** How long one attempt may take before its outcome counts as `unknown`. */
  readonly deadlineMs: number;
  readonly retry: RetryPolicy;
  /** For all refusals, or by refusal code (`'*'` is the rest). */
  readonly onRefused: RefusalAction | Readonly<Record<string, RefusalAction>>;
  /** What follows when every attempt ended `unknown`. An unknown outcome is never success: it is asked again first. */
  readonly onUnknown: 'go-back' | 'stuck';
}

export const DEFAULT_STEP_POLICY: StepPolicy = {
  deadlineMs: 60_000,
  retry: { attempts: 5, backoffMs: 500, backoffMaxMs: 30_000 },
  onRefused: 'go-back',
  onUnknown: 'go-back',
};

/** Undo tries longer than a step does: giving up on it makes the saga stuck. */
export const DEFAULT_UNDO_POLICY: Pick<StepPolicy, 'deadlineMs' | 'retry'> = {
  deadlineMs: 60_000,
  retry: { attempts: 8, backoffMs: 500, backoffMaxMs: 30_000 },
};

/**
 * What the functions of a definition see. They must be pure: the same view gives the same answer, for the planner asks
 * again after a crash. `now` is the time of planning, `attempt` counts from 1 and never starts again.
 */
export interface StepView<In = unknown, Outputs = Readonly<Record<string, unknown>>> {
  readonly sagaId: string;
  readonly input: In;
  /** Results of the steps before, by name: one result, `undefined` where skipped, a record by item key for a fan-out. */
  readonly outputs: Outputs;
  readonly epoch: number;
  readonly attempt: number;
  readonly now: Date;
  /** True when the step (any item of it) was sent and may have had its effect, whatever is known of its end. */
  began(step: string): boolean;
}

/** The view as the engine sees it, with the parts only some functions get. */
export type AnyView = StepView & { readonly item?: unknown; readonly output?: unknown };

export interface UndoCommand {
  readonly kind: 'command';
  readonly command: CommandDefinition;
  readonly input: (view: AnyView) => unknown;
  readonly policy: Pick<StepPolicy, 'deadlineMs' | 'retry'>;
}

/**
 * How a step is taken back: by a command; by nothing, with the reason; not at all (after the point of no return); or by
 * the turn of its saga.
 */
export type UndoDefinition =
  | UndoCommand
  | { readonly kind: 'none'; readonly why: string }
  | { readonly kind: 'forward-only' }
  | { readonly kind: 'turn' };

export interface StepDefinition {
  readonly name: string;
  readonly command: CommandDefinition;
  readonly input: (view: AnyView) => unknown;
  readonly undo: UndoDefinition;
  readonly policy: StepPolicy;
  readonly summary: string | ((view: AnyView) => string);
  readonly when?: (view: AnyView) => boolean;
  readonly forEach?: (view: AnyView) => readonly unknown[];
  readonly itemKey?: (item: unknown) => string;
  /** How many items may be under way at a time; all of them when left out. */
  readonly atMost?: (view: AnyView) => number;
  /** Reads the saga's new epoch from the result; from then on every message key carries it. */
  readonly raisesEpoch?: (result: unknown) => number;
  readonly noMarkDone: boolean;
  readonly retryFrom?: string;
}

/** Steps that run side by side; most stages have one. */
export type Stage = readonly StepDefinition[];

/** The chain for going back from the step `from` onwards. */
export interface TurnDefinition {
  readonly from: string;
  readonly stages: readonly Stage[];
}

/** A saga as data and pure functions. Name, version and step names are stored in journals: to change them is a new version. */
export interface SagaDefinition<In = unknown> {
  readonly name: string;
  readonly version: number;
  readonly input: z.ZodType<In>;
  readonly stages: readonly Stage[];
  /** Index of the first stage after the point of no return; equal to the number of stages when it is the very end. */
  readonly pointOfNoReturn?: number;
  readonly turn?: TurnDefinition;
  /** Proves every former holder inert before a stuck saga may let go of its locks. */
  readonly abandon?: readonly Stage[];
}

/** Index of the first stage that the turn takes back, or the number of stages when there is no turn. */
export function turnStageOf(definition: SagaDefinition): number {
  const from = definition.turn?.from;
  if (from === undefined) return definition.stages.length;
  return definition.stages.findIndex((stage) => stage.some((step) => step.name === from));
}

/** Index of the first stage that cannot be taken back, or the number of stages when all can. */
export function forwardOnlyStageOf(definition: SagaDefinition): number {
  return definition.pointOfNoReturn ?? definition.stages.length;
}

const stepsByDefinition = new WeakMap<SagaDefinition, ReadonlyMap<string, StepDefinition>>();

/** Every step of every chain, by name. */
export function stepsOf(definition: SagaDefinition): ReadonlyMap<string, StepDefinition> {
  let steps = stepsByDefinition.get(definition);
  if (steps === undefined) {
    const all = [...definition.stages, ...(definition.turn?.stages ?? []), ...(definition.abandon ?? [])].flat();
    steps = new Map(all.map((step) => [step.name, step]));
    stepsByDefinition.set(definition, steps);
  }
  return steps;
}
