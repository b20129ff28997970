import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopShare } from './stop-share';

/** Feeds a share with a pace (bytes a second) for so long, a mark every 10 ms; returns what it says at the end. */
function feeder() {
  const share = new StopShare();
  let [total, now, said] = [0, 1000, 1];
  return (bytesASecond: number, forMs: number, round = 2): number => {
    for (let ms = 0; ms < forMs; ms += 10) {
      total += bytesASecond / 100;
      said = share.mark(total, round, (now += 10));
    }
    return said;
  };
}

describe('the share of its limit the source may plan with', () => {
  it('is a quarter as long as nothing is known of the pages that are written to', () => {
    const feed = feeder();
    expect(feed(20e6, 5000, 1)).toBe(0.25);
    expect(feed(5e6, 150)).toBe(0.25);
    expect(feed(5e6, 300)).toBe(1);
  });

  it('is all of it at a steady pace', () => {
    expect(feeder()(20e6, 3000)).toBe(1);
  });

  it('does not take the first round for a pace that lasts', () => {
    const feed = feeder();
    feed(200e6, 5000, 1);
    expect(feed(20e6, 500)).toBe(1);
    expect(feed(200e6, 60)).toBeLessThan(0.5);
  });

  it('shrinks within the time in which the source measures, when deltas of a few bytes follow on full pages', () => {
    const feed = feeder();
    feed(20e6, 2000);
    expect(feed(200e6, 60)).toBeLessThan(0.35);
  });

  it('bounds the bytes the source stops with by what the lasting pace takes in its limit', () => {
    const feed = feeder();
    feed(20e6, 2000);
    const share = feed(200e6, 100);
    // The source sees 200 MB/s for 180 ms; the lasting pace is (1400 × 20 + 100 × 200) / 1500 = 32 MB/s.
    expect(200e6 * 0.18 * share).toBeLessThan(32e6 * 0.18 * 1.6);
  });

  it('comes back when the pace lasts, and when it is over', () => {
    const feed = feeder();
    feed(20e6, 2000);
    feed(200e6, 100);
    expect(feed(200e6, 2000)).toBe(1);
    expect(feed(20e6, 100)).toBe(1);
    feed(200e6, 100);
    expect(feed(20e6, 2500)).toBe(1);
  });

  it('takes a lump now and then for what it is: an epoch taken at once', () => {
    const feed = feeder();
    for (let n = 0; n < 60; n++) {
      feed(0, 40);
      const share = feed(200e6, 10);
      if (n > 20) expect(share).toBeGreaterThan(0.4);
    }
  });

  it('is above 0 and at most 1 whatever the pace, and after any silence', () => {
    const looks = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 0, max: 5000 })));
    fc.assert(
      fc.property(looks, (steps) => {
        const share = new StopShare();
        let [total, now] = [0, 0];
        for (const [bytes, ms] of steps) {
          const said = share.mark((total += bytes), 2, (now += ms));
          expect(said).toBeGreaterThan(0);
          expect(said).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
