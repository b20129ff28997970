import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { downtimeLimitFor, expectedPause, sourceDowntimeLimit, type PauseInputs } from './estimate';

const mib = 2 ** 20;
const inputs: PauseInputs = {
  remainingBytes: 4 * mib,
  roundBytes: undefined,
  downtimeLimitMs: 300,
  plannedShare: 1,
  heldBytes: mib,
  guestRate: 40 * mib,
  inFlightBytes: 256 * 1024,
  wireRate: 12 * mib,
  deviceBytes: 128 * 1024,
  roundTripMs: 0,
  lagMs: 0,
  now: false,
};

describe('an expected pause', () => {
  it('is absent until what is left and both paces are known', () => {
    for (const unknown of ['remainingBytes', 'guestRate', 'wireRate'] as const) {
      expect(expectedPause({ ...inputs, [unknown]: undefined })).toBeUndefined();
    }
    expect(expectedPause({ ...inputs, guestRate: 0 })).toBeUndefined();
    expect(expectedPause({ ...inputs, wireRate: 0 })).toBeUndefined();
  });

  it('of a guest stopped now has everything that is left in it, also where it would converge', () => {
    const many = { ...inputs, remainingBytes: 400 * mib };
    const [planned, forced] = [expectedPause(many), expectedPause({ ...many, now: true })];
    expect(planned?.high).toBeLessThan(1000);
    expect(forced?.low).toBeGreaterThan(3000);
    expect(forced?.high).toBeGreaterThan(10_000);
  });

  it('has the way to the destination’s host in it', () => {
    const [here, far] = [expectedPause(inputs), expectedPause({ ...inputs, roundTripMs: 100 })];
    expect(far).toEqual({ low: (here?.low ?? NaN) + 150, high: (here?.high ?? NaN) + 250 });
  });

  it('is a band of whole milliseconds, whatever the figures', () => {
    const amount = fc.integer({ min: 0, max: 2 ** 40 });
    const pace = fc.integer({ min: 1, max: 2 ** 34 });
    const any = fc.record({
      remainingBytes: amount,
      roundBytes: fc.option(amount, { nil: undefined }),
      downtimeLimitMs: fc.integer({ min: 1, max: 2_000_000 }),
      plannedShare: fc.double({ min: 0.01, max: 1, noNaN: true }),
      heldBytes: amount,
      guestRate: pace,
      inFlightBytes: amount,
      wireRate: pace,
      deviceBytes: amount,
      roundTripMs: fc.integer({ min: 0, max: 60_000 }),
      lagMs: fc.integer({ min: 0, max: 10_000 }),
      now: fc.boolean(),
    });
    fc.assert(
      fc.property(any, (given) => {
        const { low, high } = expectedPause(given) ?? { low: NaN, high: NaN };
        expect(Number.isInteger(low) && Number.isInteger(high)).toBe(true);
        expect(low).toBeGreaterThan(0);
        expect(high).toBeGreaterThan(low);
        const more = expectedPause({ ...given, remainingBytes: given.remainingBytes * 2 });
        expect(more?.high).toBeGreaterThanOrEqual(high);
        expect(more?.low).toBeGreaterThanOrEqual(low);
        // More on the way, or a slower stream, never makes the pause shorter.
        const worse = expectedPause({
          ...given,
          heldBytes: given.heldBytes * 2,
          inFlightBytes: given.inFlightBytes * 2,
        });
        expect(worse?.high).toBeGreaterThanOrEqual(high);
      }),
    );
  });

  it('stays near the limit while the guest converges, however much is left now', () => {
    const most = expectedPause({ ...inputs, remainingBytes: 1024 * mib, heldBytes: 0, inFlightBytes: 0 });
    expect(most?.high).toBeLessThan(2 * inputs.downtimeLimitMs);
  });

  it('is narrower than the limit, also in the first pass', () => {
    const { low, high } = expectedPause({ ...inputs, remainingBytes: 1024 * mib }) ?? { low: NaN, high: NaN };
    expect(low).toBeGreaterThan(40);
    expect(high).toBeLessThan(300);
  });

  it('in mid-round is at most what the round began with', () => {
    const began = { ...inputs, roundBytes: 400 * mib, now: true };
    expect(expectedPause(began)?.high).toBeGreaterThan((400 / 40) * 1000);
    expect(expectedPause(began)?.low).toBeLessThan(100);
  });
});

describe('the limit given to the source', () => {
  it('keeps something back, and is never nothing', () => {
    expect([1, 10, 100, 200, 300, 2_000_000].map(sourceDowntimeLimit)).toEqual([1, 4, 40, 80, 180, 1_999_880]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000_000 }), (limit) => {
        expect(sourceDowntimeLimit(limit)).toBeGreaterThanOrEqual(1);
        expect(sourceDowntimeLimit(limit)).toBeLessThanOrEqual(limit);
      }),
    );
  });
});

describe('the limit that a pause for pages takes', () => {
  it('is the shortest that gives the source so much', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (ms) => {
        const limit = downtimeLimitFor(ms);
        expect(sourceDowntimeLimit(limit)).toBeGreaterThanOrEqual(ms);
        if (limit > 2) expect(sourceDowntimeLimit(limit - 2)).toBeLessThanOrEqual(ms);
      }),
    );
  });
});
