import type { CommandDefinition, InputOf, ResultOf } from '@rackwright/contracts';

import type { RetryPolicy, StepPolicy, StepView } from './definition.js';

/** Adds `item` to a view where the step fans out. */
export type ItemPart<Item> = [Item] extends [never] ? unknown : { readonly item: Item };

/** What later steps see of a step: its result, a record by item key for a fan-out, `undefined` too where it may be skipped. */
export type OutputOf<Result, Item, When> =
  ([Item] extends [never] ? Result : Readonly<Record<string, Result>>) | ([When] extends [never] ? never : undefined);

/** An undo by command. `output` is the step's own result where it is known: the step may have ended unknown, so look first. */
export interface UndoOptions<View, Result, Undo extends CommandDefinition> {
  readonly command: Undo;
  readonly input: (view: View & { readonly output: Result | undefined }) => InputOf<Undo>;
  readonly deadlineMs?: number;
  readonly retry?: Partial<RetryPolicy>;
}

/** A step that changed nothing which has to be taken back; made by {@link none}. */
export interface NoUndo {
  readonly none: string;
}

/** Says that a step needs no undo, and why. */
export function none(why: string): NoUndo {
  return { none: why };
}

/** What every step says, in any chain. Put `command`, `when` and `forEach` before `input`: types flow from top to bottom. */
export interface ChainStepOptions<View, C extends CommandDefinition, Item, When> extends Partial<
  Omit<StepPolicy, 'retry'>
> {
  readonly command: C;
  /** Skips the step when false; asked once, the answer is kept in the journal. */
  readonly when?: (view: View) => When;
  /** Runs the step once per item; asked once, the items are kept in the journal and must be JSON. */
  readonly forEach?: (view: View) => readonly Item[];
  /** The key of an item in the journal and in the output record. Items that are text are their own key. */
  readonly itemKey?: (item: Item) => string;
  /** How many items may be under way at a time, forwards and back; all of them when left out, 1 is one by one. */
  readonly atMost?: number | ((view: View) => number);
  readonly input: (view: View & ItemPart<Item>) => InputOf<C>;
  readonly retry?: Partial<RetryPolicy>;
  /** The line people read in the timeline; the command's own summary when left out. */
  readonly summary?: string | ((view: View & ItemPart<Item>) => string);
  /** This step raises the saga's epoch; it must stand alone in its stage. */
  readonly raisesEpoch?: (result: ResultOf<C>) => number;
  /** Fence, cut and recheck steps: an operator may not declare them done. */
  readonly noMarkDone?: boolean;
  /** When an operator retries this step, everything from this earlier step on runs again, since its evidence is old. */
  readonly retryFrom?: string;
}

/** A step of the forward chain, which also says how it is taken back. */
export interface StepOptions<
  View,
  C extends CommandDefinition,
  U extends CommandDefinition,
  Item,
  When,
> extends ChainStepOptions<View, C, Item, When> {
  readonly undo: UndoOptions<View & ItemPart<Item>, ResultOf<C>, U> | NoUndo | 'forward-only' | 'turn';
}

declare const output: unique symbol;

/** A step of a `together`, carrying the type of its output. */
export interface StepSpec<Output> {
  readonly [output]?: Output;
}

/** Outputs of a `together`, by name. */
export type OutputsOf<Group> = {
  readonly [K in keyof Group]: Group[K] extends StepSpec<infer Output> ? Output : never;
};

/** Makes one step of a `together` of the forward chain. */
export type StepMaker<View> = <
  C extends CommandDefinition,
  U extends CommandDefinition = CommandDefinition,
  Item = never,
  When extends boolean = never,
>(
  options: StepOptions<View, C, U, Item, When>,
) => StepSpec<OutputOf<ResultOf<C>, Item, When>>;

/** Makes one step of a `together` of a turn or abandon chain. */
export type ChainStepMaker<View> = <C extends CommandDefinition, Item = never, When extends boolean = never>(
  options: ChainStepOptions<View, C, Item, When>,
) => StepSpec<OutputOf<ResultOf<C>, Item, When>>;

export type ViewOf<In, Outputs> = StepView<In, Outputs>;
