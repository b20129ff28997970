import { describe, expect, it } from 'vitest';
import { clock, roundUp, roundUpBinary, roundUpPower, spanFor, zoomBy, zoomTo } from './scale';

describe('scales grow in round steps', () => {
  it.each([
    [0, 1],
    [Number.NaN, 1],
    [1, 1],
    [1.1, 2],
    [12.5e6, 2e7],
    [5e6, 5e6],
    [6e6, 1e7],
    [1000, 1000],
  ])('of %d is %d', (value, round) => {
    expect(roundUp(value)).toBe(round);
  });

  it.each([
    [0, 1],
    [2 ** 28, 2 ** 28],
    [2 ** 28 + 1, 1.5 * 2 ** 28],
    [1.6 * 2 ** 28, 2 ** 29],
  ])('memory of %d is %d', (value, round) => {
    expect(roundUpBinary(value)).toBe(round);
  });

  it.each([
    [300, 1000],
    [1000, 1000],
    [1001, 10_000],
  ])('power of ten of %d is %d', (value, round) => {
    expect(roundUpPower(value)).toBe(round);
  });
});

describe('time', () => {
  it.each([
    [0, 10],
    [10, 10],
    [11, 20],
    [400, 600],
    [3601, 7200],
  ])('a run of %d s shows %d s', (seconds, span) => {
    expect(spanFor(seconds)).toBe(span);
  });

  it.each([
    [5, false, '0:05'],
    [750, false, '12:30'],
    [3750, false, '1:02:30'],
    [5.25, true, '0:05.2'],
    [59.999, true, '0:59.9'],
    [60, true, '1:00.0'],
  ])('%d s reads %s %s', (seconds, tenths, text) => {
    expect(clock(seconds, tenths)).toBe(text);
  });
});

describe('zoom', () => {
  it('takes a part either way round, a second at least, within what there is', () => {
    expect(zoomTo({ from: 20, to: 10 }, 60)).toEqual({ from: 10, to: 20 });
    expect(zoomTo({ from: 10, to: 10.1 }, 60)).toEqual({ from: 10, to: 11 });
    expect(zoomTo({ from: -5, to: 3 }, 60)).toEqual({ from: 0, to: 3 });
    expect(zoomTo({ from: 58, to: 80 }, 60)).toEqual({ from: 58, to: 60 });
    expect(zoomTo({ from: 70, to: 80 }, 60)).toEqual({ from: 59, to: 60 });
  });

  it('is all where nothing is left out', () => {
    expect(zoomTo({ from: 0, to: 60 }, 60)).toBeUndefined();
    expect(zoomBy({ from: 10, to: 40 }, 4, 25, 60)).toBeUndefined();
  });

  it('is all again after in and out, whatever the halves were rounded to', () => {
    for (const end of [7.3, 8.1, 60]) {
      const half = zoomBy({ from: 0, to: end }, 0.5, end / 2, end) ?? { from: 0, to: 0 };
      expect(zoomBy(half, 2, (half.from + half.to) / 2, end)).toBeUndefined();
    }
  });

  it('goes in and out around a moment', () => {
    expect(zoomBy({ from: 0, to: 40 }, 0.5, 10, 60)).toEqual({ from: 5, to: 25 });
    expect(zoomBy({ from: 5, to: 25 }, 2, 10, 60)).toEqual({ from: 0, to: 40 });
  });
});
