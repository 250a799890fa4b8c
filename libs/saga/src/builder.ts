import type { CommandDefinition, ResultOf } from '@rackwright/contracts';
import type { z } from 'zod';

import { checkDefinition } from './check-definition.js';
import {
  DEFAULT_STEP_POLICY,
  DEFAULT_UNDO_POLICY,
  type AnyView,
  type RetryPolicy,
  type SagaDefinition,
  type Stage,
  type StepDefinition,
  type StepPolicy,
  type TurnDefinition,
  type UndoDefinition,
} from './definition.js';
import type {
  ChainStepMaker,
  ChainStepOptions,
  NoUndo,
  OutputOf,
  OutputsOf,
  StepMaker,
  StepOptions,
  StepSpec,
  UndoOptions,
  ViewOf,
} from './step-options.js';

/** Options with their types taken away: what the builder stores. */
interface ErasedOptions extends ChainStepOptions<AnyView, CommandDefinition, unknown, boolean> {
  readonly undo?: UndoOptions<AnyView, unknown, CommandDefinition> | NoUndo | 'forward-only' | 'turn';
}

function retryOf(given: Partial<RetryPolicy> | undefined, fallback: RetryPolicy): RetryPolicy {
  return { ...fallback, ...given };
}

function undoOf(undo: ErasedOptions['undo']): UndoDefinition {
  if (undo === undefined) return { kind: 'none', why: 'a step of a turn is not taken back: what fails there is stuck' };
  if (undo === 'forward-only' || undo === 'turn') return { kind: undo };
  if ('none' in undo) return { kind: 'none', why: undo.none };
  return {
    kind: 'command',
    command: undo.command,
    input: undo.input as (view: AnyView) => unknown,
    policy: {
      deadlineMs: undo.deadlineMs ?? DEFAULT_UNDO_POLICY.deadlineMs,
      retry: retryOf(undo.retry, DEFAULT_UNDO_POLICY.retry),
    },
  };
}

function policyOf(options: ErasedOptions): StepPolicy {
  return {
    deadlineMs: options.deadlineMs ?? DEFAULT_STEP_POLICY.deadlineMs,
    retry: retryOf(options.retry, DEFAULT_STEP_POLICY.retry),
    onRefused: options.onRefused ?? DEFAULT_STEP_POLICY.onRefused,
    onUnknown: options.onUnknown ?? DEFAULT_STEP_POLICY.onUnknown,
  };
}

function limitOf(atMost: number | ((view: AnyView) => number)): (view: AnyView) => number {
  return typeof atMost === 'number' ? () => atMost : atMost;
}

function stepOf(name: string, given: unknown): StepDefinition {
  const options = given as ErasedOptions;
  return {
    name,
    command: options.command,
    input: options.input as (view: AnyView) => unknown,
    undo: undoOf(options.undo),
    policy: policyOf(options),
    summary: (options.summary ?? options.command.summary) as StepDefinition['summary'],
    noMarkDone: options.noMarkDone ?? false,
    ...(options.when && { when: options.when }),
    ...(options.forEach && { forEach: options.forEach }),
    ...(options.atMost !== undefined && { atMost: limitOf(options.atMost) }),
    ...(options.itemKey && { itemKey: options.itemKey }),
    ...(options.raisesEpoch && { raisesEpoch: options.raisesEpoch }),
    ...(options.retryFrom !== undefined && { retryFrom: options.retryFrom }),
  };
}

function groupOf(group: Readonly<Record<string, unknown>>): Stage {
  return Object.entries(group).map(([name, options]) => stepOf(name, options));
}

const keepOptions = (options: unknown): StepSpec<never> => options as StepSpec<never>;

/** A chain without undo: a turn, or the proof an abandon needs. */
export class ChainBuilder<In, Outputs> {
  constructor(readonly stages: readonly Stage[] = []) {}

  /** Appends one step. */
  step<const Name extends string, C extends CommandDefinition, Item = never, When extends boolean = never>(
    name: Name,
    options: ChainStepOptions<ViewOf<In, Outputs>, C, Item, When>,
  ): ChainBuilder<In, Outputs & { readonly [K in Name]: OutputOf<ResultOf<C>, Item, When> }> {
    return new ChainBuilder([...this.stages, [stepOf(name, options)]]);
  }

  /** Appends steps that run side by side. */
  together<Group extends Readonly<Record<string, StepSpec<unknown>>>>(
    make: (step: ChainStepMaker<ViewOf<In, Outputs>>) => Group,
  ): ChainBuilder<In, Outputs & OutputsOf<Group>> {
    return new ChainBuilder([...this.stages, groupOf(make(keepOptions))]);
  }
}

interface Parts {
  readonly stages: readonly Stage[];
  readonly pointOfNoReturn?: number;
  readonly turn?: TurnDefinition;
  readonly abandon?: readonly Stage[];
}

interface Head<In> {
  readonly name: string;
  readonly version: number;
  readonly input: z.ZodType<In>;
}

/** The forward chain of a saga, typed step by step: each `input` sees the outputs of the steps before it by name. */
export class SagaBuilder<In, Outputs> {
  constructor(
    private readonly head: Head<In>,
    private readonly parts: Parts,
  ) {}

  /** Appends one step. */
  step<
    const Name extends string,
    C extends CommandDefinition,
    U extends CommandDefinition = CommandDefinition,
    Item = never,
    When extends boolean = never,
  >(
    name: Name,
    options: StepOptions<ViewOf<In, Outputs>, C, U, Item, When>,
  ): SagaBuilder<In, Outputs & { readonly [K in Name]: OutputOf<ResultOf<C>, Item, When> }> {
    return new SagaBuilder(this.head, { ...this.parts, stages: [...this.parts.stages, [stepOf(name, options)]] });
  }

  /** Appends steps that run side by side; none sees the output of another, later steps see all by name. */
  together<Group extends Readonly<Record<string, StepSpec<unknown>>>>(
    make: (step: StepMaker<ViewOf<In, Outputs>>) => Group,
  ): SagaBuilder<In, Outputs & OutputsOf<Group>> {
    return new SagaBuilder(this.head, { ...this.parts, stages: [...this.parts.stages, groupOf(make(keepOptions))] });
  }

  /** From here on the saga only goes forward: later steps are `forward-only`, a failure is retried and then stuck. */
  pointOfNoReturn(): SagaBuilder<In, Outputs> {
    return new SagaBuilder(this.head, { ...this.parts, pointOfNoReturn: this.parts.stages.length });
  }

  /**
   * Goes back by a second chain instead of by reverse undo, once a step from `from` on may have had its effect. Those
   * steps declare `undo: 'turn'`. After the turn the steps before `from` are undone as usual. A turn's step that fails
   * for good leaves the saga stuck.
   */
  turn<const From extends keyof Outputs & string>(
    from: From,
    chain: (back: ChainBuilder<In, Partial<Outputs>>) => Pick<ChainBuilder<In, unknown>, 'stages'>,
  ): SagaBuilder<In, Outputs> {
    return new SagaBuilder(this.head, { ...this.parts, turn: { from, stages: chain(new ChainBuilder()).stages } });
  }

  /** What must succeed before an operator may abandon the saga when it is stuck; without it abandon is refused. */
  abandonOnlyAfter(
    chain: (proof: ChainBuilder<In, Partial<Outputs>>) => Pick<ChainBuilder<In, unknown>, 'stages'>,
  ): SagaBuilder<In, Outputs> {
    return new SagaBuilder(this.head, { ...this.parts, abandon: chain(new ChainBuilder()).stages });
  }

  /** The finished definition. Throws `saga.invalid-definition` when the parts contradict each other. */
  build(): SagaDefinition<In> {
    return checkDefinition({ ...this.head, ...this.parts });
  }
}

/** Begins a saga. `name` and `version` are stored with every journal: a change to the steps is a new version. */
export function defineSaga<Schema extends z.ZodType>(
  name: string,
  version: number,
  input: Schema,
): SagaBuilder<z.infer<Schema>, unknown> {
  return new SagaBuilder({ name, version, input: input as z.ZodType<z.infer<Schema>> }, { stages: [] });
}
