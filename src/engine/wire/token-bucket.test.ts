import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket, inFlightBound, sliceBytes } from './token-bucket';

interface Written {
  readonly at: number;
  readonly bytes: number;
}

/** A writer that always has more to write, on a clock of its own whose timers are late by what `late` says. */
function run(rate: number, ms: number, late: (turn: number) => number, idleMs = 0): Written[] {
  const bucket = new TokenBucket(rate, 0);
  const slice = sliceBytes(rate);
  const written: Written[] = [];
  for (let now = idleMs, turn = 0; now < idleMs + ms; turn++) {
    const wait = bucket.delay(now);
    if (wait > 0) {
      now += Math.max(1, Math.floor(wait)) + late(turn);
      continue;
    }
    bucket.take(slice, now);
    written.push({ at: now, bytes: slice });
  }
  return written;
}

/** Most bytes in any window of one second. */
function busiestSecond(written: readonly Written[]): number {
  let [most, sum, from] = [0, 0, 0];
  for (const { at, bytes } of written) {
    sum += bytes;
    for (let first = written[from]; first !== undefined && first.at <= at - 1000; first = written[++from]) {
      sum -= first.bytes;
    }
    most = Math.max(most, sum);
  }
  return most;
}

const mbit = 125_000;
const rates = [1, 3, 10, 100, 1000].map((n) => n * mbit);

describe('TokenBucket', () => {
  it.each(rates)('lets no second carry more than 105 %% of %d bytes, however late timers are', (rate) => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 90, noNaN: true }), { minLength: 1, maxLength: 20 }), (lates) => {
        const written = run(rate, 3000, (turn) => lates[turn % lates.length] ?? 0);
        expect(busiestSecond(written)).toBeLessThanOrEqual(rate * 1.05);
      }),
      { numRuns: 20 },
    );
  });

  it.each(rates)('comes within 2 %% of %d bytes a second in the long run', (rate) => {
    for (const late of [0, 0.3, 5, 30]) {
      const total = run(rate, 20_000, () => late).reduce((sum, { bytes }) => sum + bytes, 0);
      expect(Math.abs(total / 20 / rate - 1)).toBeLessThan(0.02);
    }
  });

  it('saves up no more than its burst while idle', () => {
    const first = run(100 * mbit, 1000, () => 0, 60_000);
    expect(first.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(100 * mbit * 1.05);
  });

  it('never waits without a limit', () => {
    const bucket = new TokenBucket(0, 0);
    for (let i = 0; i < 10; i++) {
      bucket.take(2 ** 30, 0);
      expect(bucket.delay(0)).toBe(0);
    }
  });

  it('carries no more than the limits of each moment allow when they change, and comes near that', () => {
    const turn = fc.record({ rate: fc.constantFrom(0, ...rates, 3000), forMs: fc.integer({ min: 1, max: 900 }) });
    fc.assert(
      fc.property(fc.constantFrom(...rates), fc.array(turn, { minLength: 1, maxLength: 12 }), (first, turns) => {
        const bucket = new TokenBucket(first, 0);
        let now = 0;
        // Time that the bytes written take at the rate of their moment; without a limit they take none.
        let spentMs = 0;
        let limitedMs = 0;
        let sliceMs = 0;
        for (const { rate, forMs } of turns) {
          bucket.setRate(rate, now);
          const end = now + forMs;
          if (rate > 0) limitedMs += forMs;
          for (let writes = 0; now < end && (rate > 0 || writes < 100);) {
            const wait = bucket.delay(now);
            if (wait > 0) {
              now = Math.min(end, now + Math.max(wait, 1e-6)); // less would not move a clock this far on
              continue;
            }
            const slice = sliceBytes(rate);
            bucket.take(slice, now);
            writes += 1;
            if (rate > 0) spentMs += (slice * 1000) / rate;
            if (rate > 0) sliceMs = Math.max(sliceMs, (slice * 1000) / rate);
          }
          now = end;
        }
        // What is owed when a limit is lifted is forgiven.
        const debts = 1 + turns.filter(({ rate }) => rate === 0).length;
        expect(spentMs).toBeLessThanOrEqual(limitedMs + 40 + debts * sliceMs + 0.001);
        if (turns.every(({ rate }) => rate > 0)) expect(spentMs).toBeGreaterThanOrEqual(limitedMs - 1);
      }),
    );
  });

  it('does not make a slow link wait for the slice of a fast one', () => {
    const bucket = new TokenBucket(1000 * mbit, 0);
    bucket.take(64 * 1024, 0);
    const before = bucket.delay(0);
    bucket.setRate(10_000, 0);
    expect(bucket.delay(0)).toBeCloseTo(before);
    bucket.setRate(0, 0);
    expect(bucket.delay(0)).toBe(0);
    bucket.setRate(10_000, 60_000);
    bucket.take(400, 60_000);
    expect(bucket.delay(60_000)).toBeCloseTo(40);
  });

  it('is not confused by a clock that steps back', () => {
    const bucket = new TokenBucket(1000, 1000);
    bucket.take(1000, 1000);
    expect(bucket.delay(500)).toBe(1000);
    expect(bucket.delay(1500)).toBeLessThanOrEqual(1000);
  });
});

describe('slices and bounds', () => {
  it('cut a second finely, and never to nothing', () => {
    for (const rate of rates) expect(sliceBytes(rate) / rate).toBeLessThanOrEqual(0.0085);
    expect(sliceBytes(1)).toBe(1024);
    expect(sliceBytes(0)).toBe(256 * 1024);
  });

  it('leave on the way 50 ms of the rate and the round trip, at least 256 KiB', () => {
    expect(inFlightBound(100 * mbit, 0)).toBe(625_000);
    expect(inFlightBound(100 * mbit, 50)).toBe(1_250_000);
    expect(inFlightBound(mbit, 0)).toBe(256 * 1024);
  });
});
