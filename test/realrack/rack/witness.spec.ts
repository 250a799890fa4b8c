import { describe, expect, it } from '@jest/globals';
import { outOfOrder, timeline } from './witness.js';

const at = (atMs: number, what: string) => ({ atMs, what });
const ORDER = [['a power off'], ['a closed', 'no session'], ['b open'], ['b power on']];

describe('the order of a move', () => {
  it('is right whatever the order within a group', () => {
    const seen = [at(1, 'a power off'), at(2, 'no session'), at(3, 'a closed'), at(4, 'b open'), at(5, 'b power on')];
    expect(outOfOrder(seen, ORDER)).toEqual([]);
    expect(timeline(seen)).toContain('+0.0 a power off');
  });

  it('is wrong when something is missing, too early, or undone and done again too late', () => {
    const early = [at(1, 'a power off'), at(2, 'b open'), at(3, 'a closed'), at(4, 'b power on'), at(5, 'a power off')];
    expect(outOfOrder(early, ORDER)).toEqual([
      'never: no session',
      'a closed before a power off',
      'b open before a closed',
    ]);
  });
});
