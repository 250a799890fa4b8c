/**
 * Which cases of a saga's suite are run: all of them with `npm run test:sagas`, every `count`-th in `npm test`. Jest's
 * `globals` say it, so that one line chooses any share: `--globals '{"sagaCases":"3/40"}'`.
 */
export function sagaShare(everyOf: number): { readonly shard: { readonly index: number; readonly count: number } } {
  const { sagaCases } = globalThis as { readonly sagaCases?: string };
  if (sagaCases === 'all') return { shard: { index: 0, count: 1 } };
  const [index, count] = (sagaCases ?? `0/${everyOf}`).split('/').map(Number);
  return { shard: { index: index ?? 0, count: count ?? everyOf } };
}

/** A case takes seconds on a free machine; a busy one must not fail it. */
export const CASE_TIMEOUT_MS = 240_000;
