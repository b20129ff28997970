import { describe, expect, it } from 'vitest';
import { axesOf, grow, limitsAbove } from './axes';
import { pictures } from './pictures';
import type { Picture } from './pictures';

function named(name: string): Picture {
  const found = pictures.find((picture) => picture.name === name);
  if (found === undefined) throw new Error(`expected a picture ${name}`);
  return found;
}

/** The rate chart's top, and what it says above it, for these rates and limits. */
function rate(guest: readonly number[], wire: readonly number[], limit: readonly number[], top = 0) {
  const tops = { left: top, right: 0 };
  const heights = [guest, wire, limit].map((values) => Float64Array.from(values));
  grow(tops, named('Rate'), heights);
  return { top: tops.left, above: limitsAbove(named('Rate'), tops, heights).map(({ text }) => text) };
}

describe('a bandwidth limit', () => {
  it('far above the traffic leaves the scale to it, and is named at the edge', () => {
    expect(rate([4e6, 5e6], [1e6, 1e6], [125e6, 125e6])).toEqual({ top: 5e6, above: ['limit 125 MB/s'] });
  });

  it('near the traffic is a line of the chart', () => {
    expect(rate([4e6, 5e6], [1e6, 1e6], [8e6, 8e6])).toEqual({ top: 1e7, above: [] });
    expect(rate([4e6, 5e6], [1e6, 1e6], [1e7, 1e7])).toEqual({ top: 1e7, above: [] });
    expect(rate([4e6, 5e6], [1e6, 1e6], [1.1e7, 1.1e7])).toEqual({ top: 5e6, above: ['limit 11 MB/s'] });
  });

  it('that was far away once does not hide the one in force', () => {
    expect(rate([5e6, 5e6], [5e6, 5e6], [125e6, 8e6])).toEqual({ top: 1e7, above: [] });
    expect(rate([5e6, 5e6], [5e6, 5e6], [8e6, 125e6])).toEqual({ top: 1e7, above: ['limit 125 MB/s'] });
  });

  it('is below the top of what was faster before, and no note then', () => {
    expect(rate([40e6, 5e6], [1e6, 1e6], [NaN, 2.5e6])).toEqual({ top: 5e7, above: [] });
    expect(rate([1e6], [1e6], [8e6], 1e7)).toEqual({ top: 1e7, above: [] });
  });

  it('is named before anything has moved, and not where there is none', () => {
    expect(rate([], [], []).above).toEqual([]);
    expect(rate([NaN], [NaN], [12.5e6])).toEqual({ top: 0, above: ['limit 12.5 MB/s'] });
    expect(rate([5e6], [1e6], [NaN])).toEqual({ top: 5e6, above: [] });
  });
});

it('a downtime limit is always in its chart, whose scale is logarithmic', () => {
  const tops = { left: 0, right: 0 };
  grow(
    tops,
    named('Expected downtime'),
    [[20], [60], [5000]].map((values) => Float64Array.from(values)),
  );
  expect(tops.left).toBe(10_000);
});

it('each side grows by its own lines', () => {
  const tops = { left: 0, right: 0 };
  grow(
    tops,
    named('Remaining and dirty rate'),
    [[2 ** 28], [3e6]].map((values) => Float64Array.from(values)),
  );
  expect(tops).toEqual({ left: 2 ** 28, right: 5e6 });
});

it('a long time at an axis is as short a text as a short one', () => {
  const [, left] = axesOf(named('Expected downtime'), { left: 1e6, right: 0 }, {}, {});
  const write = left?.values as unknown as (plot: null, ticks: readonly (number | null)[]) => readonly string[];
  expect(write(null, [1, 100, 1000, null, 1e6])).toEqual(['1 ms', '100 ms', '1 s', '', '1000 s']);
});
