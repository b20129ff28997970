import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compact, isKept, keep, noSlots } from './compaction';

const movesOf = (slots: readonly number[], of: number, capacity: number): readonly (readonly [number, number])[] => {
  const kept = noSlots(of);
  for (const slot of slots) keep(kept, slot);
  const moves: (readonly [number, number])[] = [];
  compact(kept, capacity, (from, to) => moves.push([from, to]));
  return moves;
};

describe('the slots that are kept', () => {
  it('are a bit each, lowest first', () => {
    const kept = noSlots(10);
    for (const slot of [0, 3, 8]) keep(kept, slot);
    expect([...kept]).toEqual([0b1001, 1]);
    expect([0, 1, 3, 8, 9, 4000].map((slot) => isKept(kept, slot))).toEqual([true, false, true, true, false, false]);
  });

  it('move into those given up, both in ascending order', () => {
    expect(movesOf([1, 5, 7, 8], 9, 4)).toEqual([
      [5, 0],
      [7, 2],
      [8, 3],
    ]);
    expect(movesOf([0, 1], 9, 2)).toEqual([]);
    expect(movesOf([8], 9, 1)).toEqual([[8, 0]]);
    expect(movesOf([], 9, 0)).toEqual([]);
  });

  it('fill what there is without overlap, whatever is kept', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(99)), fc.nat(100), (slots, capacity) => {
        if (slots.length > capacity) {
          expect(() => movesOf(slots, 100, capacity)).toThrow(`${slots.length} pages kept in ${capacity} slots`);
          return;
        }
        const moves = movesOf(slots, 100, capacity);
        const moved = new Map(moves);
        expect(moves.every(([from, to]) => from >= capacity && to < capacity)).toBe(true);
        const after = slots.map((slot) => moved.get(slot) ?? slot);
        expect(new Set(after).size).toBe(slots.length);
        expect(after.every((slot) => slot < capacity)).toBe(true);
      }),
    );
  });
});
