import { describe, expect, it } from 'vitest';
import { Series, roundUp, spanFor } from './series';

describe('Series', () => {
  it('keeps rows as columns and unknown as NaN', () => {
    const series = new Series(3);
    series.push([0, 10, undefined]);
    series.push([1, 11, 21]);
    expect(series.columns().map((column) => [...column])).toEqual([
      [0, 1],
      [10, 11],
      [Number.NaN, 21],
    ]);
  });

  it('never holds more than 4096 rows, in order, from the first on', () => {
    const series = new Series(1);
    for (let time = 0; time < 50_000; time += 1) series.push([time]);
    const [times = new Float64Array()] = series.columns();
    expect(series.length).toBeLessThanOrEqual(4096);
    expect(series.length).toBeGreaterThan(2000);
    expect(times[0]).toBe(0);
    expect(times.at(-1)).toBeGreaterThan(49_900);
    expect([...times]).toEqual([...times].sort((a, b) => a - b));
  });
});

describe('roundUp', () => {
  it.each([
    [0, 1],
    [Number.NaN, 1],
    [1, 1],
    [1.1, 2],
    [12.5e6, 2e7],
    [5e6, 5e6],
    [6e6, 1e7],
  ])('of %d is %d', (value, round) => {
    expect(roundUp(value)).toBe(round);
  });
});

describe('spanFor', () => {
  it.each([
    [0, 10],
    [10, 10],
    [11, 20],
    [400, 600],
    [3601, 7200],
  ])('a run of %d s shows %d s', (seconds, span) => {
    expect(spanFor(seconds)).toBe(span);
  });
});
