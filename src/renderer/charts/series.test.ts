import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Series, valueAt } from './series';
import type { Frame } from './series';

function filled(samples: readonly number[], capacity = 64): Series<'spike' | 'share'> {
  const series = new Series({ spike: 'extremes', share: 'mean' } as const, capacity);
  samples.forEach((value, time) => series.push(time, { spike: value, share: value }));
  return series;
}

function rows({ time, values }: Frame<'spike' | 'share'>): readonly (readonly number[])[] {
  return [[...time], [...values.spike], [...values.share]];
}

describe('Series', () => {
  it('shows every sample as it came while there is room, unknown as NaN', () => {
    const series = new Series({ a: 'extremes', b: 'mean' } as const, 64);
    series.push(0, { a: 10 });
    series.push(1, { a: 11, b: 21 });
    series.push(2, { a: 9, b: 20 });
    const { time, values } = series.view(0, 10);
    expect([[...time], [...values.a], [...values.b]]).toEqual([
      [0, 1, 2],
      [10, 11, 9],
      [Number.NaN, 21, 20],
    ]);
    expect(series.end).toBe(2);
  });

  it('knows nothing before the first sample', () => {
    const series = filled([]);
    expect(series.end).toBeUndefined();
    expect(rows(series.view(0, 10))).toEqual([[], [], []]);
  });

  it('is bounded: an hour at ten a second, and ten hours', () => {
    const series = new Series({ value: 'extremes' } as const);
    for (let sample = 0; sample < 360_000; sample += 1) {
      series.push(sample / 10, { value: sample === 123_456 ? 1e9 : sample % 7 });
      if (sample % 36_000 !== 0) continue;
      expect(series.length).toBeLessThan(16_384);
      expect(series.view(0, sample / 10).time.length).toBeLessThanOrEqual(1204);
    }
    expect(series.end).toBe(35_999.9);
    expect(Math.max(...series.view(0, 36_000).values.value)).toBe(1e9);
    expect(Math.max(...series.view(12_000, 12_500).values.value)).toBe(1e9);
  });

  it('shows only the part asked for, with a row more at either side', () => {
    const { time } = filled(Array.from({ length: 40 }, (_, index) => index)).view(10.5, 20.5);
    expect(time[0]).toBeLessThanOrEqual(10);
    expect(time[0]).toBeGreaterThanOrEqual(8);
    expect(time.at(-1)).toBeGreaterThanOrEqual(21);
    expect(time.at(-1)).toBeLessThanOrEqual(23);
  });

  it('keeps the least and the greatest, the mean, and the order of time, however much comes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 500 }), (samples) => {
        const series = filled(samples, 16);
        const { time, values } = series.view(0, samples.length);
        const seen = samples.slice(0, (time.at(-1) ?? 0) + 1);
        expect([...time]).toEqual([...time].sort((a, b) => a - b));
        expect(time[0]).toBe(0);
        expect(series.end).toBe(samples.length - 1);
        for (const value of values.spike) expect(seen.concat(samples)).toContain(value);
        const whole = samples.length - (samples.length % 64);
        if (whole === samples.length) {
          expect(Math.max(...values.spike)).toBe(Math.max(...samples));
          expect(Math.min(...values.spike)).toBe(Math.min(...samples));
          const sum = (list: Iterable<number>): number => [...list].reduce((all, value) => all + value, 0);
          expect(sum(values.share) / values.share.length).toBeCloseTo(sum(samples) / samples.length, 6);
        }
      }),
    );
  });

  it('leaves what is unknown out of a mean and of the extremes', () => {
    const series = new Series({ a: 'extremes', b: 'mean' } as const, 4);
    for (const value of [Number.NaN, 4, 8, Number.NaN]) series.push(0, { a: value, b: value });
    const { values } = series.view(0, 1);
    expect([[...values.a], [...values.b]]).toEqual([
      [4, 8],
      [4, 8],
    ]);
  });
});

describe('valueAt', () => {
  const frame = { time: new Float64Array([0, 1, 2]), values: { a: new Float64Array([10, Number.NaN, 12]) } };

  it.each([
    [-5, 10],
    [0.4, 10],
    [1.4, undefined],
    [1.6, 12],
    [99, 12],
  ])('at %d is %s', (moment, value) => {
    expect(valueAt(frame, 'a', moment)).toBe(value);
  });

  it('is not known where there is nothing', () => {
    expect(valueAt({ time: new Float64Array(), values: { a: new Float64Array() } }, 'a', 1)).toBeUndefined();
  });
});
