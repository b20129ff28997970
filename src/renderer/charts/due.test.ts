import { describe, expect, it } from 'vitest';
import { isDue } from './due';
import type { Look } from './due';

const look: Look = {
  source: new ArrayBuffer(8),
  rows: 100,
  range: { from: 0, to: 60 },
  tops: { left: 100, right: 10 },
  rounds: [3, 5],
  switchover: undefined,
  tails: [
    { column: 200, least: 40, greatest: 60 },
    { column: 200, least: Number.NaN, greatest: Number.NaN },
  ],
};

/** A chart 100 pixels high, of values from 0 to 200. */
const height = (_line: number, value: number): number => 100 - value / 2;

function after(change: Partial<Look>): boolean {
  return isDue(look, { ...look, ...change }, height);
}

function tail(change: Partial<Look['tails'][number]>, line = 0): Partial<Look> {
  return { tails: look.tails.map((each, index) => (index === line ? { ...each, ...change } : each)) };
}

describe('isDue', () => {
  it('is not while the newest value stays within what its column shows', () => {
    expect(after({})).toBe(false);
    expect(after({ rows: 103 })).toBe(false);
    expect(after({ range: { from: 0, to: 60 }, tops: { left: 100, right: 10 } })).toBe(false);
  });

  it('is with a new column of pixels', () => {
    expect(after(tail({ column: 201 }))).toBe(true);
  });

  it('is when a line reaches half a pixel further or less far, up or down', () => {
    expect(after(tail({ greatest: 60.9 }))).toBe(false);
    expect(after(tail({ greatest: 61 }))).toBe(true);
    expect(after(tail({ least: 39.1 }))).toBe(false);
    expect(after(tail({ least: 39 }))).toBe(true);
    expect(after(tail({ least: 41 }))).toBe(true);
  });

  it('is when a value becomes known or unknown', () => {
    expect(after(tail({ least: 1, greatest: 1 }, 1))).toBe(true);
    expect(after(tail({ least: Number.NaN, greatest: Number.NaN }))).toBe(true);
  });

  it('is when what is around the lines has changed', () => {
    expect(after({ range: { from: 0, to: 120 } })).toBe(true);
    expect(after({ range: { from: 1, to: 60 } })).toBe(true);
    expect(after({ tops: { left: 200, right: 10 } })).toBe(true);
    expect(after({ tops: { left: 100, right: 20 } })).toBe(true);
    expect(after({ rounds: [3, 5] })).toBe(true);
    expect(after({ switchover: 7 })).toBe(true);
  });

  it('is when the rows are others: of another run, or put together anew', () => {
    expect(after({ source: new ArrayBuffer(8) })).toBe(true);
    expect(after({ rows: 99 })).toBe(true);
  });
});
