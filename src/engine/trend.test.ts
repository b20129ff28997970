import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { looks, slowRun, stalledRun } from './recorded-runs';
import { RoundTrend, type Look } from './trend';

function trendOf(run: readonly Look[]): RoundTrend {
  const trend = new RoundTrend();
  for (const look of run) trend.take(look);
  return trend;
}

/** Looks at the beginning and the end of rounds that begin with so many bytes and take a second each. */
const rounds = (...starts: readonly number[]): readonly Look[] =>
  starts.flatMap((remainingBytes, index) => [
    { atMs: index * 1000, round: index + 2, remainingBytes },
    { atMs: index * 1000 + 900, round: index + 2, remainingBytes: remainingBytes / 10 },
  ]);

describe('the trend of rounds', () => {
  it('knows nothing at first, and of the first round only its pace', () => {
    const trend = new RoundTrend();
    expect([trend.remainingBytes, trend.drainRate, trend.roundBytes, trend.shrink]).toEqual(Array(4).fill(undefined));
    trend.take({ atMs: 0, round: 1, remainingBytes: 5000 });
    trend.take({ atMs: 500, round: 1, remainingBytes: 4000 });
    expect([trend.remainingBytes, trend.drainRate, trend.roundBytes]).toEqual([4000, 2000, undefined]);
  });

  it('has a pace of the whole round beside that of late', () => {
    const trend = new RoundTrend();
    trend.take({ atMs: 0, round: 1, remainingBytes: 10_000 });
    expect(trend.roundDrainRate).toBeUndefined();
    trend.take({ atMs: 10_000, round: 1, remainingBytes: 9000 });
    trend.take({ atMs: 20_000, round: 1, remainingBytes: 0 });
    expect(trend.roundDrainRate).toBe(500);
    expect(trend.drainRate).toBeGreaterThan(800);
  });

  it('compares the third round with the second, until told to forget', () => {
    expect(trendOf(rounds(800)).firstShrink).toBeUndefined();
    const trend = trendOf(rounds(800, 400));
    expect(trend.firstShrink).toBe(0.5);
    trend.restart();
    expect(trend.firstShrink).toBeUndefined();
  });

  it('has no shrink before three rounds after the first', () => {
    expect(trendOf(rounds(800, 400)).shrink).toBeUndefined();
    expect(trendOf(rounds(800, 400, 200)).shrink).toBeCloseTo(0.48, 1);
  });

  it.each([0.5, 0.8, 1, 1.2])('finds that each round begins with %d of the one before', (factor) => {
    const starts = Array.from({ length: 6 }, (_, index) => 1e6 * factor ** index);
    expect(trendOf(rounds(...starts)).shrink).toBeCloseTo(factor, 1);
  });

  it('takes what a round began with as the most that was seen of it', () => {
    const trend = trendOf([
      { atMs: 0, round: 2, remainingBytes: 10 },
      { atMs: 200, round: 2, remainingBytes: 900 },
      { atMs: 400, round: 2, remainingBytes: 500 },
    ]);
    expect(trend.roundBytes).toBe(900);
  });

  it('forgets the rounds before when told to', () => {
    const trend = trendOf(rounds(800, 800, 800));
    trend.restart();
    expect(trend.shrink).toBeUndefined();
    expect(trend.roundBytes).toBe(800);
  });

  it('sees in recorded runs which one gets nowhere', () => {
    expect(trendOf(looks(stalledRun)).shrink).toBeGreaterThan(0.93);
    const half = looks(slowRun).filter(({ round }) => round <= 6);
    expect(trendOf(half).shrink).toBeLessThan(0.93);
  });

  it('has figures for any looks at all, never NaN', () => {
    const look = fc.record({
      atMs: fc.integer({ min: 0, max: 1e9 }),
      round: fc.integer({ min: 1, max: 1000 }),
      remainingBytes: fc.integer({ min: 0, max: 2 ** 42 }),
    });
    fc.assert(
      fc.property(fc.array(look), (given) => {
        const { drainRate, shrink } = trendOf(given);
        expect(drainRate ?? 0).toBeGreaterThanOrEqual(0);
        expect(shrink ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
