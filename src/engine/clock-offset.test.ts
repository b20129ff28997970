import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClockOffset } from './clock-offset';

describe('the offset of another clock', () => {
  it('is unknown before the first look', () => {
    const clock = new ClockOffset();
    expect(clock.offsetMs).toBeUndefined();
    expect(clock.toHere(5)).toBe(5);
  });

  it('is within its own error, however long the ways there and back', () => {
    const way = fc.integer({ min: 0, max: 500 });
    const looks = fc.array(fc.tuple(way, way), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 1e6 }), looks, (offset, ways) => {
        const clock = new ClockOffset();
        let now = 1e9;
        for (const [there, back] of ways) {
          clock.sample(now, now + there + offset, now + there + back);
          now += 1000;
        }
        expect(Math.abs((clock.offsetMs ?? NaN) - offset)).toBeLessThanOrEqual(clock.errorMs ?? NaN);
        expect(Math.abs(clock.toHere(now + offset) - now)).toBeLessThanOrEqual(clock.errorMs ?? NaN);
      }),
    );
  });
});
