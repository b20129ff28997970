import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cover, crowded, reachFor, tailOf } from './reach';
import type { Rows } from './reach';

const { NaN: none } = Number;

function rowsOf(...points: readonly (readonly [time: number, value: number])[]): Rows {
  return {
    times: Float64Array.from(points, ([time]) => time),
    values: Float64Array.from(points, ([, value]) => value),
    first: 0,
    last: points.length - 1,
  };
}

/** What is covered of ten columns, a second each. */
function tenColumns(rows: Rows, columns = 10): readonly (readonly [least: number, greatest: number])[] {
  const reach = reachFor(columns);
  reach.least.fill(7); // what was there before
  cover(rows, { from: 0, to: 10 }, reach);
  return [...reach.least].map((least, column) => [least, reach.greatest[column] as number]);
}

describe('cover', () => {
  it('knows nothing where there is nothing', () => {
    expect(tenColumns(rowsOf([2, none], [3, none]))).toEqual(Array.from({ length: 10 }, () => [none, none]));
  });

  it('covers a column from the least to the greatest of its rows', () => {
    expect(tenColumns(rowsOf([4.1, 5], [4.2, 9], [4.3, -2], [4.9, 3]))[4]).toEqual([-2, 9]);
  });

  it('joins columns where the line crosses from one into the next', () => {
    const found = tenColumns(rowsOf([1.5, 10], [4.5, 40]));
    expect(found.slice(0, 6)).toEqual([
      [none, none],
      [10, 15],
      [15, 25],
      [25, 35],
      [35, 40],
      [none, none],
    ]);
  });

  it('leaves a gap where a value is not known', () => {
    expect(tenColumns(rowsOf([1.5, 1], [2.5, none], [3.5, 2])).slice(1, 4)).toEqual([
      [1, 1],
      [none, none],
      [2, 2],
    ]);
  });

  it('begins and ends at the edges of what is in sight, with the line as it comes in and goes out', () => {
    const found = tenColumns(rowsOf([-1, 0], [1, 20], [9.5, 20], [10.5, 40]));
    expect(found[0]).toEqual([10, 20]);
    expect(found[9]).toEqual([20, 30]);
  });

  it('has the newest in sight where it stands on the right edge', () => {
    expect(tenColumns(rowsOf([9.9, 1], [10, 2]))[9]).toEqual([1, 2]);
  });

  it('covers every row, nothing beyond the least and the greatest, and without holes, whatever the line does', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    const steps = fc.array(fc.tuple(fc.double({ min: 0, max: 2, noNaN: true }), value), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 50 }), (pairs, columns) => {
        let time = 0;
        const points = pairs.map(([step, at]) => [(time = Math.min(time + step, 9.999)), at] as const);
        const found = tenColumns(rowsOf(...points), columns);
        const [low, high] = [Math.min(...pairs.map(([, at]) => at)), Math.max(...pairs.map(([, at]) => at))];
        const columnOf = (moment: number): number => Math.floor((moment / 10) * columns);
        for (const [moment, at] of points) {
          const [least, greatest] = found[columnOf(moment)] as readonly [number, number];
          expect(least <= at && at <= greatest).toBe(true);
        }
        const slack = (high - low) * 1e-9;
        for (let column = columnOf(points[0]?.[0] ?? 0); column <= columnOf(time); column += 1) {
          const [least, greatest] = found[column] as readonly [number, number];
          expect(least >= low - slack && greatest <= high + slack && least <= greatest).toBe(true);
        }
      }),
    );
  });
});

describe('crowded', () => {
  const rows = rowsOf([0, 1], [1, 1], [2, 1], [3, 1], [4, 1]);
  it('is so when rows are less than two columns apart', () => {
    expect(crowded(rows, { from: 0, to: 4 }, 8)).toBe(false);
    expect(crowded(rows, { from: 0, to: 4 }, 7)).toBe(true);
    expect(crowded(rows, { from: 0, to: 8 }, 15)).toBe(true);
  });

  it('is not with a row or none', () => {
    expect(crowded(rowsOf([3, 1]), { from: 0, to: 4 }, 100)).toBe(false);
    expect(crowded({ ...rows, last: -1 }, { from: 0, to: 4 }, 100)).toBe(false);
  });
});

describe('tailOf', () => {
  const range = { from: 0, to: 10 };
  it('is the newest column, and what the line reaches in it', () => {
    const rows = rowsOf([1, 100], [6.1, 5], [6.2, none], [6.3, 9], [6.9, 7]);
    expect(tailOf(rows, range, 10)).toEqual({ column: 6, least: 5, greatest: 9 });
    expect(tailOf(rows, range, 100)).toEqual({ column: 69, least: 7, greatest: 7 });
  });
  it('knows no value where none is known, and no column without a row', () => {
    expect(tailOf(rowsOf([1, 3], [6.1, none]), range, 10)).toEqual({ column: 6, least: none, greatest: none });
    expect(tailOf({ ...rowsOf(), last: -1 }, range, 10)).toEqual({ column: none, least: none, greatest: none });
  });
});
