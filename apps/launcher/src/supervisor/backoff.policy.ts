/** How long to wait before starting a process again, and when its past is forgiven. */
export interface BackoffPolicy {
  readonly firstMs: number;
  readonly capMs: number;
  /** Having run this long, the next failure counts as the first again. */
  readonly stableAfterMs: number;
}

export const DEFAULT_BACKOFF: BackoffPolicy = { firstMs: 200, capMs: 10_000, stableAfterMs: 20_000 };

/** Doubles with every failure in a row, up to the cap. `failures` counts from 1. */
export function restartDelayMs(failures: number, policy: BackoffPolicy = DEFAULT_BACKOFF): number {
  return Math.min(policy.capMs, policy.firstMs * 2 ** Math.max(0, failures - 1));
}

/** Failures in a row after another end of a process that had run for `ranMs`. */
export function failuresInARow(before: number, ranMs: number, policy: BackoffPolicy = DEFAULT_BACKOFF): number {
  return ranMs >= policy.stableAfterMs ? 1 : before + 1;
}
