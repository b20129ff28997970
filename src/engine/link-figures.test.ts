import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, throughputOf } from './link-figures';

/** Looks at a channel that takes `rate` bytes a second from `from` on. */
const steady = (rate: number, times: readonly number[], from = 0) =>
  times.map((atMs) => ({ atMs, bytes: Math.max(0, atMs - from) * (rate / 1000) }));

describe('the throughput of a link', () => {
  it('is what a steady one carries, whenever its channels were looked at', () => {
    const times = fc
      .uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 60 })
      .map((more) => [0, ...more.sort((a, b) => a - b), 10_001]);
    const channel = fc.record({ rate: fc.integer({ min: 1, max: 1e9 }), times });
    fc.assert(
      fc.property(
        fc.array(channel, { minLength: 1, maxLength: 16 }),
        fc.integer({ min: -1e9, max: 1e9 }),
        (all, origin) => {
          const looks = all.map(({ rate, times }) =>
            steady(rate, times).map(({ atMs, bytes }) => ({ atMs: atMs + origin, bytes })),
          );
          const whole = all.reduce((sum, { rate }) => sum + rate, 0);
          expect((throughputOf(looks) ?? NaN) / whole).toBeCloseTo(1, 6);
        },
      ),
    );
  });

  it('leaves out the time in which it was slow to begin with', () => {
    const slowFirst = [0, 100, 200, 300, 400, 500, 600].map((atMs) => ({
      atMs,
      bytes: atMs <= 300 ? atMs : 300 + (atMs - 300) * 1000,
    }));
    expect(throughputOf([slowFirst])).toBe(1e6);
  });

  it('leaves out more of it on a long way', () => {
    const growing = [0, 200, 400, 600, 800, 1000, 1200, 1400, 1600].map((atMs, trip) => ({
      atMs,
      bytes: trip < 6 ? 1000 * 2 ** trip : 32_000 + (trip - 5) * 32_000,
    }));
    expect(throughputOf([growing])).toBeLessThan(150_000);
    expect(throughputOf([growing], 200)).toBe(160_000);
    expect(throughputOf([growing], 60_000)).toBe(160_000);
  });

  it('ends when the first channel has everything', () => {
    const times = [0, 100, 200];
    expect(throughputOf([steady(1e6, times), steady(1e6, [...times, 300, 4000])])).toBeCloseTo(2e6);
  });

  it.each([
    ['nothing was heard', []],
    ['a channel was heard of once', [[{ atMs: 5, bytes: 9 }]]],
    ['it was over at once', [steady(1e9, [0, 10, 20])]],
    ['nothing came', [steady(0, [0, 100, 200])]],
    [
      'everything came at once',
      [
        [
          { atMs: 7, bytes: 0 },
          { atMs: 7, bytes: 1e9 },
        ],
      ],
    ],
    ['channels had nothing to do with each other', [steady(1e6, [0, 100]), steady(1e6, [1e6, 1e6 + 100], 1e6)]],
  ])('is not known where %s', (_, channels) => {
    if (channels.length === 2) expect(throughputOf(channels)).toBeGreaterThanOrEqual(0);
    else expect(throughputOf(channels)).toBeUndefined();
  });

  it('is never anything but a rate, whatever a receiver says', () => {
    const look = fc.record({ atMs: fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true }), bytes: fc.maxSafeNat() });
    const looks = fc.array(look, { maxLength: 8 }).map((all) => {
      const [times, bytes] = [
        all.map(({ atMs }) => atMs).sort((a, b) => a - b),
        all.map((each) => each.bytes).sort((a, b) => a - b),
      ];
      return times.map((atMs, index) => ({ atMs, bytes: bytes[index] ?? 0 }));
    });
    fc.assert(
      fc.property(fc.array(looks, { maxLength: 4 }), (channels) => {
        const rate = throughputOf(channels);
        if (rate !== undefined) expect(Number.isFinite(rate) && rate > 0).toBe(true);
      }),
    );
  });
});

describe('the median', () => {
  it.each([
    [[3], 3],
    [[5, 1], 3],
    [[9, 1, 2], 2],
    [[1, 1, 4, 100], 2.5],
  ])('of %j is %d', (values, middle) => {
    expect(median(values)).toBe(middle);
  });
});
