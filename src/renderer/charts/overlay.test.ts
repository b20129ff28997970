import { describe, expect, it } from 'vitest';
import { seriesColumns } from '../../shared/run-record';
import type { RunSeries } from '../../shared/run-record';
import { overlay, overlayPicture, overlays } from './overlay';

function series(elapsedMs: readonly number[], wireRate: readonly (number | null)[]): RunSeries {
  const empty = Object.fromEntries(seriesColumns.map((name) => [name, elapsedMs.map(() => null)]));
  return { ...(empty as unknown as RunSeries), elapsedMs, wireRate };
}

describe('overlay', () => {
  it('puts runs on one time axis, each known between its own points only', () => {
    const { time, values } = overlay([series([0, 1000, 2000], [10, 20, 40]), series([500, 1500], [1, 3])], 'wireRate');
    expect([...time]).toEqual([0, 0.5, 1, 1.5, 2]);
    expect([...values.A]).toEqual([10, 15, 20, 30, 40]);
    expect([...values.B]).toEqual([Number.NaN, 1, 2, 3, Number.NaN]);
    expect([...values.C]).toEqual(time.length === 5 ? Array.from({ length: 5 }, () => Number.NaN) : []);
  });

  it('leaves a gap where a point is not known', () => {
    const { values } = overlay([series([0, 1000, 2000], [10, null, 40]), series([500], [1])], 'wireRate');
    expect([...values.A]).toEqual([10, Number.NaN, Number.NaN, 40]);
  });

  it('is empty for runs that recorded nothing', () => {
    expect(overlay([series([], []), series([], [])], 'wireRate').time).toHaveLength(0);
  });
});

it('tells runs apart by colour, dashes and a letter', () => {
  const [first] = overlays;
  if (first === undefined) throw new Error('expected a figure to draw');
  const { lines } = overlayPicture(first, 4);
  expect(lines.map(({ mark }) => mark)).toEqual(['A', 'B', 'C', 'D']);
  expect(new Set(lines.map(({ colour }) => colour)).size).toBe(4);
  expect(new Set(lines.map(({ dash }) => dash?.join(' '))).size).toBe(4);
});
