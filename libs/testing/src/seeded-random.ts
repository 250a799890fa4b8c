import { AppError, integerBetween, messageOf, SeededRandom, SystemRandom } from '@rackwright/kernel';
import { requestedSeed } from './test-run.config.js';

/** A seed nobody chose, or the one in `RACKWRIGHT_TEST_SEED`. */
export function aSeed(): number {
  return requestedSeed() ?? integerBetween(new SystemRandom(), 0, 2 ** 32 - 1);
}

/**
 * Randomness for one test, with its seed written to the test log at once, so that a failure can be replayed.
 * Prefer {@link withRandom}, which is silent until the test fails.
 */
export function aRandom(seed: number = aSeed()): SeededRandom {
  process.stderr.write(`seed ${seed} (replay with ${replayHint(seed)})\n`);
  return new SeededRandom(seed);
}

/** Runs `work` with seeded randomness; a failure carries the seed and how to replay it. */
export async function withRandom<T>(
  work: (random: SeededRandom) => T | Promise<T>,
  seed: number = aSeed(),
): Promise<T> {
  try {
    return await work(new SeededRandom(seed));
  } catch (error) {
    throw new AppError(
      'testing.failed-with-seed',
      `${messageOf(error)}\n\nseed ${seed}: replay with ${replayHint(seed)}`,
      { cause: error, details: { seed } },
    );
  }
}

function replayHint(seed: number): string {
  return `RACKWRIGHT_TEST_SEED=${seed} and the same test`;
}
