import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WallClock } from './wall-clock';

describe('the time with fractions', () => {
  it('is always within the millisecond the clock shows, however that is set and whatever its start', () => {
    const step = fc.record({
      passes: fc.double({ min: 0, max: 50, noNaN: true }),
      isSetBy: fc.constantFrom(0, 0, -5000, 9),
    });
    fc.assert(
      fc.property(fc.array(step), fc.double({ min: -1e6, max: 1e6, noNaN: true }), (steps, origin) => {
        let [elapsed, ahead] = [0, 1e12];
        const clock = new WallClock(
          () => Math.floor(elapsed + ahead),
          () => elapsed,
          origin,
        );
        for (const { passes, isSetBy } of steps) {
          elapsed += passes;
          ahead += isSetBy;
          const now = clock.now();
          expect(now).toBeGreaterThanOrEqual(Math.floor(elapsed + ahead));
          expect(now).toBeLessThanOrEqual(Math.floor(elapsed + ahead) + 1);
        }
      }),
    );
  });

  it('is exact where the stopwatch’s start is known', () => {
    let elapsed = 0.25;
    const clock = new WallClock(
      () => Math.floor(1e12 + elapsed),
      () => elapsed,
      1e12,
    );
    expect(clock.now()).toBe(1e12 + 0.25);
    elapsed = 7.875;
    expect(clock.now()).toBe(1e12 + 7.875);
  });
});
