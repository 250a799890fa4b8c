/**
 * How much of the scenarios is run: a share in `npm test`, everything with `npm run test:sagas`. Jest's `globals` say
 * it, so that one line chooses any share of the sagas' cases: `--globals '{"scenarios":"3/40"}'`.
 */
const { scenarios } = globalThis as { readonly scenarios?: string };

export const isComplete = scenarios === 'all';

/** The cases of a saga's suite: every `usual`-th unless something else is asked for. */
export function sagaShare(usual: number): { readonly shard: { readonly index: number; readonly count: number } } {
  if (isComplete) return { shard: { index: 0, count: 1 } };
  const [index = 0, count = usual] = (scenarios ?? `0/${usual}`).split('/').map(Number);
  return { shard: { index, count } };
}

/** The rows of a table of tests that are always run, or all of them. */
export function tableShare<Row>(usual: readonly Row[], others: readonly Row[]): readonly Row[] {
  return isComplete ? [...usual, ...others] : usual;
}

/** A case takes seconds on a free machine; a busy one must not fail it. */
export const CASE_TIMEOUT_MS = 240_000;
