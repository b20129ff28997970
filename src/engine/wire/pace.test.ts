import { describe, expect, it } from 'vitest';
import { Pace } from './pace';

const mebibyte = 2 ** 20;
const now = 1000;

describe('a wire without a limit', () => {
  it('takes for the link’s own rate what is taken of a link that is full', () => {
    const pace = new Pace(0, now);
    expect([pace.linkRate, pace.share(1), pace.share(4)]).toEqual([0, 2 * mebibyte, mebibyte / 2]);
    pace.noteReceived(mebibyte, now + 200); // whoever sends had no more
    expect(pace.linkRate).toBe(0);
    pace.noteFull();
    pace.noteReceived(2e6, now + 400);
    expect(pace.linkRate).toBeCloseTo(10e6);
    expect(pace.share(1)).toBeCloseTo(500_000); // 50 ms of it
    pace.noteRoundTrip(20);
    expect(pace.share(1)).toBeCloseTo(700_000);
  });

  it('forgets a rate slowly, and takes a higher one at once', () => {
    const pace = new Pace(0, now);
    const window = (bytes: number, at: number): void => {
      pace.noteFull();
      pace.noteReceived(bytes, now + at);
    };
    window(2e6, 200);
    window(0, 300); // a moment in which nothing came through
    expect(pace.linkRate).toBeCloseTo(9e6);
    window(3e6, 400);
    expect(pace.linkRate).toBeCloseTo(30e6);
  });

  it('looks at no less than 100 ms, or a burst would be the rate', () => {
    const pace = new Pace(0, now);
    pace.noteFull();
    pace.noteReceived(mebibyte, now + 200);
    const before = pace.linkRate;
    pace.noteFull();
    pace.noteReceived(mebibyte, now + 210);
    expect(pace.linkRate).toBe(before);
  });
});

describe('a wire with a limit', () => {
  it('has 50 ms of it on the way, whatever the link gives', () => {
    const pace = new Pace(20e6, now);
    pace.noteFull();
    pace.noteReceived(mebibyte, now + 200);
    expect([pace.linkRate, pace.share(1)]).toEqual([20e6, 1e6]);
    pace.setRate(0);
    expect(pace.linkRate).toBeGreaterThan(0); // measured meanwhile
  });
});
