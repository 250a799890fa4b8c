import { describe, expect, it } from '@jest/globals';
import { failuresInARow, restartDelayMs } from './backoff.policy.js';

const policy = { firstMs: 100, capMs: 1000, stableAfterMs: 5000 };

describe('the wait before a restart', () => {
  it('doubles with every failure in a row and stops at the cap', () => {
    expect([1, 2, 3, 4, 5, 60].map((failures) => restartDelayMs(failures, policy))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
  });

  it('starts over when the process had run long enough', () => {
    expect(failuresInARow(7, 5000, policy)).toBe(1);
    expect(failuresInARow(7, 4999, policy)).toBe(8);
  });
});
