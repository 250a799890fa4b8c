import { describe, expect, it } from '@jest/globals';
import { integerBetween } from '@rackwright/kernel';
import { withRandom } from './seeded-random.js';
import { waitFor } from './wait-for.js';

describe('waitFor', () => {
  it('returns the first value that counts', async () => {
    let looks = 0;
    expect(await waitFor(() => (++looks === 3 ? { looks } : undefined))).toEqual({ looks: 3 });
  });

  it('goes on while the predicate throws', async () => {
    let looks = 0;
    const value = await waitFor(() => {
      if (++looks < 3) throw new Error('not yet');
      return 'there';
    });
    expect(value).toBe('there');
  });

  it('says what it waited for and what it saw last', async () => {
    const vain = waitFor(() => null, { withinMs: 30, what: 'the run to be done' });
    await expect(vain).rejects.toMatchObject({ code: 'testing.waited-in-vain' });
    await expect(vain).rejects.toThrow(/the run to be done\nlast seen: null/);
    const failing = waitFor(() => Promise.reject(new Error('no such run')), { withinMs: 30 });
    await expect(failing).rejects.toThrow(/last seen: error: no such run/);
  });
});

describe('seeded randomness', () => {
  it('repeats with the seed that the failure names', async () => {
    const drawn: number[] = [];
    const fail = (seed?: number): Promise<unknown> =>
      withRandom((random) => {
        drawn.push(integerBetween(random, 0, 1_000_000));
        throw new Error('planted');
      }, seed);
    const failure = await fail().catch((error: unknown) => error as { message: string; details: { seed: number } });
    const { message, details } = failure as { message: string; details: { seed: number } };
    expect(message).toContain(`RACKWRIGHT_TEST_SEED=${details.seed}`);
    await fail(details.seed).catch(() => undefined);
    expect(drawn[1]).toBe(drawn[0]);
  });
});
