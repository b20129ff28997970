import { describe, expect, it } from 'vitest';
import { thinned } from './marks';

describe('thinned', () => {
  it('keeps all that stand apart', () => {
    expect(thinned([], 8)).toEqual([]);
    expect(thinned([3], 8)).toEqual([3]);
    expect(thinned([0, 8, 16.5], 8)).toEqual([0, 8, 16.5]);
  });

  it('never lets two stand nearer than the gap, and always keeps the newest', () => {
    expect(thinned([0, 3, 7, 9, 11, 20, 21], 8)).toEqual([0, 9, 21]);
    expect(thinned([0, 7.9], 8)).toEqual([7.9]);
  });

  it('keeps the same ones but for the last as more come in', () => {
    const places = Array.from({ length: 60 }, (_none, index) => index * 1.7);
    const before = thinned(places.slice(0, -1), 8);
    expect(thinned(places, 8).slice(0, before.length - 1)).toEqual(before.slice(0, -1));
  });
});
