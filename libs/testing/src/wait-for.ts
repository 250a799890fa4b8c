import { inspect } from 'node:util';
import { AppError, formatDuration, messageOf, SystemClock } from '@rackwright/kernel';

export interface WaitOptions {
  /** Give up after this long, default 5 s. */
  readonly withinMs?: number;
  /** Look this often, default every 20 ms. */
  readonly everyMs?: number;
  /** What is waited for, in the failure text. Default: the source of the predicate. */
  readonly what?: string;
}

const clock = new SystemClock();

/**
 * Waits until `predicate` gives a truthy value (or stops throwing and gives one), and returns it.
 *
 * @throws AppError `testing.waited-in-vain` that says what was waited for, what was seen last, and how often was looked.
 */
export async function waitFor<T>(
  predicate: () => T | Promise<T>,
  { withinMs = 5_000, everyMs = 20, what }: WaitOptions = {},
): Promise<NonNullable<T>> {
  const startedMs = clock.monotonicMs();
  let seen = 'nothing yet';
  for (let looks = 1; ; looks++) {
    try {
      const value = await predicate();
      if (value) return value;
      seen = inspect(value, { depth: 4, breakLength: 120 });
    } catch (error) {
      seen = `error: ${messageOf(error)}`;
    }
    const elapsedMs = clock.monotonicMs() - startedMs;
    if (elapsedMs >= withinMs) {
      const wanted = what ?? predicate.toString().replace(/\s+/g, ' ').slice(0, 300);
      throw new AppError(
        'testing.waited-in-vain',
        `not within ${formatDuration(elapsedMs)} (${looks} looks): ${wanted}\nlast seen: ${seen}`,
      );
    }
    await clock.sleep(Math.min(everyMs, withinMs - elapsedMs));
  }
}
