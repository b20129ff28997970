import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateMeter } from './rate-meter';

function metered(marks: readonly (readonly [at: number, total: number])[], windowMs?: number): number | undefined {
  const meter = new RateMeter(windowMs);
  for (const [at, total] of marks) meter.mark(total, at);
  return meter.rate;
}

describe('RateMeter', () => {
  it('knows nothing until two marks lie 100 ms apart', () => {
    expect(metered([])).toBeUndefined();
    expect(metered([[0, 5]])).toBeUndefined();
    expect(
      metered([
        [0, 0],
        [99, 1000],
      ]),
    ).toBeUndefined();
    expect(
      metered([
        [0, 0],
        [100, 1000],
      ]),
    ).toBe(10_000);
  });

  it('says 0 for a counter that stands still, which is not the same as not knowing', () => {
    expect(
      metered([
        [0, 7],
        [500, 7],
      ]),
    ).toBe(0);
  });

  it('counts from the first mark, wherever counter and clock began', () => {
    expect(
      metered([
        [1e9, 1e12],
        [1e9 + 1000, 1e12 + 500],
      ]),
    ).toBe(500);
  });

  it('forgets what is older than its window', () => {
    const fast = Array.from({ length: 11 }, (_, i) => [i * 100, i * 1000] as const);
    const slow = Array.from({ length: 11 }, (_, i) => [1100 + i * 100, 10_000 + i * 10] as const);
    expect(metered(fast)).toBe(10_000);
    expect(metered([...fast, ...slow])).toBe(100);
    expect(metered([...fast, ...slow.slice(0, 6)], 500)).toBe(100);
  });

  it('is never outside what the counter did between two marks', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.nat(1e6)), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(steps, (all) => {
        const meter = new RateMeter();
        let [now, total] = [0, 0];
        for (const [ms, more] of all) meter.mark((total += more), (now += ms));
        const paces = all.map(([ms, more]) => (more * 1000) / ms);
        if (meter.rate === undefined) return;
        expect(meter.rate).toBeGreaterThanOrEqual(Math.min(...paces) - 1e-6);
        expect(meter.rate).toBeLessThanOrEqual(Math.max(...paces) + 1e-6);
      }),
    );
  });
});
