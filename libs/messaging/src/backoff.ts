import type { RandomSource } from '@rackwright/kernel';
import type { MessagingLimits } from './limits.js';

/**
 * Wait before the next try: doubling from `retryBaseMs` to `retryMaxMs`, with the upper half random, so that what
 * failed together does not come back together. Never ends: no row is ever given up.
 */
export function retryDelayMs(
  attempts: number,
  random: RandomSource,
  limits: Pick<MessagingLimits, 'retryBaseMs' | 'retryMaxMs'>,
): number {
  const fullMs = Math.min(limits.retryMaxMs, limits.retryBaseMs * 2 ** Math.min(attempts, 30));
  return Math.round(fullMs / 2 + (fullMs / 2) * random.next());
}
