import { describe, expect, it } from 'vitest';
import { asItComes, Ladder, rungBelow, rungName, rungs, wayOf } from './ladder';

const sample = 65536;
const [none, first, second, third] = [1, 2, 3, 4] as const;

describe('a ladder', () => {
  it('is of rungs that the methods have, each level above the one before', () => {
    expect(rungs.map(({ level }) => level)).toEqual([0, 0, 1, 3, 6, 9]);
    expect(rungName(asItComes)).toBe('as it comes');
    expect(rungName(none)).toBe('no compression');
    expect(rungName(third)).toBe('zstd 6');
    expect([1, 2, 3, 5, 8, 9, 19].map(rungBelow)).toEqual([2, 2, 3, 3, 4, 5, 5]);
  });

  it('knows nothing that was not tried', () => {
    const ladder = new Ladder();
    expect(ladder.sizeOf(first, first)).toBe(1);
    expect(ladder.sizeOf(second, first)).toBeUndefined();
    expect(ladder.costOf(none)).toBe(0);
    expect(ladder.costOf(first)).toBeUndefined();
    expect(ladder.costOf(asItComes)).toBeUndefined();
  });

  it('learns from a trial what rungs make of each other\u2019s bytes, and what they cost', () => {
    const ladder = new Ladder();
    const results = [
      { bytes: sample / 2, ms: 2 },
      { bytes: sample / 4, ms: 4 },
    ];
    ladder.note([wayOf(first), wayOf(second)], { sampleBytes: sample, results }, 0);
    expect(ladder.sizeOf(first, none)).toBe(0.5);
    expect(ladder.sizeOf(second, first)).toBe(0.5);
    expect(ladder.sizeOf(none, second)).toBe(4);
    expect(ladder.costOf(second)).toBe(4 / sample);
  });

  it('takes a slow trial for somebody else\u2019s work, and a small sample for nothing', () => {
    const ladder = new Ladder();
    const note = (bytes: number, sampleBytes: number, ms: number): void =>
      ladder.note([wayOf(first)], { sampleBytes, results: [{ bytes, ms }] }, 0);
    note(sample / 2, sample, 1);
    note(sample / 2, sample, 2);
    expect(ladder.costOf(first)).toBeCloseTo(1.05 / sample, 10);
    note(100, 1000, 0);
    expect(ladder.sizeOf(first, none)).toBe(0.5);
  });

  it('asks for trials of what lies next, often at first, and never more than a fiftieth of the time', () => {
    const ladder = new Ladder();
    expect(ladder.due(asItComes, 0)).toBeUndefined();
    expect(ladder.due(none, 0)).toEqual([wayOf(first)]);
    expect(ladder.due(none, 49)).toBeUndefined();
    expect(ladder.due(second, 50)).toEqual([wayOf(first), wayOf(second)]);
    expect(ladder.due(second, 100)).toEqual([wayOf(second), wayOf(third)]);
    ladder.note([wayOf(first)], { sampleBytes: sample, results: [{ bytes: 9, ms: 30 }] }, 200);
    expect(ladder.due(second, 1699)).toBeUndefined();
    expect(ladder.due(second, 1700)).toBeDefined();
    expect(ladder.due(rungs.length - 1, 9999)).toEqual([wayOf(third), wayOf(rungs.length - 1)]);
  });
});
