import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, resumeDeadline } from './backoff';

describe('backoff', () => {
  it('tries at once, then waits twice as long each time, two seconds at most', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 1000].map((tries) => backoffMs(tries, 1))).toEqual([
      0, 100, 200, 400, 800, 1600, 2000, 2000, 2000,
    ]);
  });

  it('leaves up to half of a wait to chance', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 1, noNaN: true }), (tries, random) => {
        const most = backoffMs(tries, 1);
        expect(backoffMs(tries, random)).toBeGreaterThanOrEqual(most / 2);
        expect(backoffMs(tries, random)).toBeLessThanOrEqual(most);
      }),
    );
  });
});

describe('the deadline of an outage', () => {
  it('is the window after the loss', () => {
    expect(resumeDeadline({ lostAt: 1000, windowMs: 60_000 })).toBe(61_000);
  });

  it.each([
    ['lost while the guest stands still', 500, 1000 + 5000],
    ['lost first, the guest stopped afterwards', 3000, 3000 + 5000],
    ['nearly over when the guest stopped', 60_000, 61_000],
  ])('is the shorter one of two: %s', (_, since, expected) => {
    expect(resumeDeadline({ lostAt: 1000, windowMs: 60_000, hurry: { since, windowMs: 5000 } })).toBe(expected);
  });
});
