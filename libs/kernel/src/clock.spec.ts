import { describe, expect, it } from '@jest/globals';
import { ManualClock } from './clock.js';
import { IdFactory, parseId } from './ids.js';
import { SeededRandom } from './random.js';

describe('virtual time', () => {
  it('fires timers in the order they come due', async () => {
    const clock = new ManualClock();
    const fired: string[] = [];
    clock.setTimer(20, () => fired.push('late'));
    clock.setTimer(10, () => fired.push('early'));
    clock.setTimer(15, () => fired.push('never')).cancel();
    await clock.advance(30);
    expect(fired).toEqual(['early', 'late']);
  });

  it('ends a sleep when its signal aborts', async () => {
    const clock = new ManualClock();
    const abort = new AbortController();
    const slept = clock.sleep(1000, abort.signal);
    abort.abort();
    await expect(slept).rejects.toMatchObject({ code: 'kernel.aborted' });
  });
});

describe('ids', () => {
  it('are prefixed, sort by time and can be read back', async () => {
    const clock = new ManualClock();
    const ids = new IdFactory(clock, new SeededRandom(1));
    const first = ids.newId('server');
    await clock.advance(5);
    const second = ids.newId('server');
    expect(first < second).toBe(true);
    expect(parseId('server', first)).toBe(first);
    expect(() => parseId('profile', first)).toThrow('not a profile id');
  });

  it('repeat with the same seed', () => {
    const make = (): string => new IdFactory(new ManualClock(), new SeededRandom(7)).newId('run');
    expect(make()).toBe(make());
  });
});
