import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AutoMethod } from './auto-method';
import { best, lookMs, options, pace, quick, random, Run, rungOf, usual, worlds } from './auto-method.testing';
import { noWaits } from './bottleneck';
import { asItComes, lightest, uncompressed } from './ladder';

describe('auto', () => {
  it.each([
    [0, 2],
    [1, 2],
    [5, 3],
    [6, 4],
    [19, 5],
  ])('starts from level %d on at rung %d', (level, rung) => {
    const { reason, way } = new AutoMethod({ ...options, level });
    expect(rungOf(way)).toBe(rung);
    expect(reason).toBe(`starting at zstd ${way.level}`);
  });

  it('climbs while the link limits, and says so', () => {
    const run = new Run({ ...usual, rate: 2e6 });
    run.goOn(3000);
    expect(run.auto.way).toEqual({ method: 'zstd', level: 9 });
    expect(run.auto.reason).toBe('the link limits: zstd 9 makes pages 2 % smaller');
  });

  it('stops where compressing would limit', () => {
    const run = new Run({ ...usual, rate: 20e6 });
    run.goOn(10_000);
    expect(run.rung).toBe(3);
  });

  it('comes down when the link is faster than any compression', () => {
    const run = new Run({ ...usual, rate: 0 }, 9);
    run.goOn(3000);
    expect(run.auto.way).toEqual({ method: 'none', level: 0 });
    expect(run.auto.reason).toMatch(/limits: no compression takes less time$/);
  });

  it('does not compress what does not get smaller, and does again what does', () => {
    const run = new Run({ ...random, rate: 12.5e6 });
    run.goOn(1000);
    expect(run.auto.way.method).toBe('none');
    expect(run.auto.reason).toBe('the data does not compress');
    run.goOn(20_000);
    expect(run.auto.way.method).toBe('none');
    run.world = { ...usual, rate: 12.5e6 };
    run.goOn(2000);
    expect(run.auto.way.method).toBe('zstd');
  });

  it.each([
    ['a limit', 0, 5e6],
    ['none any more', 5e6, 0],
  ])('answers %s within a second and a half by the first step', (_, from, to) => {
    const run = new Run({ ...usual, rate: from });
    run.goOn(20_000);
    const before = run.rung;
    run.world = { ...usual, rate: to };
    run.goOn(1500);
    expect(run.rung).not.toBe(before);
  });

  it('takes a step back that made all slower than promised, and tries it ever more seldom', () => {
    // Whatever the trials say, more than the first zstd level starves the source: it shares the processor.
    const starving = { ...usual, rate: 60e6, costs: [0, 0, 1 / 300e3, 1 / 20e3, 1 / 10e3, 1 / 5e3] };
    const run = new Run(starving);
    const honest = run.auto.tried.bind(run.auto);
    run.auto.tried = (ways, { sampleBytes, results }, now) =>
      honest(ways, { sampleBytes, results: results.map(({ bytes }) => ({ bytes, ms: 0 })) }, now);
    run.goOn(60_000);
    const trips = run.taken.filter((rung) => rung === 3).length;
    expect(trips).toBeGreaterThan(1);
    expect(trips).toBeLessThan(8);
    const pacing = run.goOn(60_000);
    expect(pacing).toBeGreaterThan(0.95 * pace(starving, lightest));
  });

  it('holds still while the source looks for dirty pages', () => {
    const auto = new AutoMethod({ ...options, asItComes: true });
    auto.limit(12.5e6, 0);
    for (let now = 0; now < 5000; now += lookMs) {
      const nothing = { rawBytes: now, pageBytes: 0, partBytes: 0, frameBytes: 0, wireBytes: now };
      auto.look({ ...nothing, waits: { ...noWaits, sourceMs: now } }, now);
    }
    expect(auto.reason).toBe('starting at zstd 1');
  });
});

describe('auto, as it comes', () => {
  it('starts so under a limit that the workers would not fill, and says why', () => {
    const run = new Run({ ...quick, rate: 125e6 });
    run.goOn(2500);
    expect(run.auto.way).toEqual({ method: 'none', level: 0, asItComes: true });
    expect(run.auto.reason).toBe('the workers would not fill 1 Gbit/s');
    expect(run.taken).toEqual([]);
  });

  it('starts with the workers where parts are to be striped, or the limit is low', () => {
    for (const [rate, asItComes] of [
      [125e6, false],
      [99e6, true],
    ] as const) {
      const auto = new AutoMethod({ ...options, asItComes });
      auto.limit(rate, 0);
      expect(auto.way).toEqual({ method: 'zstd', level: 1 });
    }
  });

  it('goes there when the workers limit and the link does not', () => {
    const run = new Run({ ...quick, rate: 0 });
    run.goOn(1500);
    expect(run.rung).toBe(asItComes);
    expect(run.auto.reason).toMatch(/limits: past the workers it takes less time$/);
  });

  it('does not where the link would not carry every byte', () => {
    const run = new Run({ ...quick, rate: 30e6 });
    run.goOn(20_000);
    expect(run.taken).not.toContain(asItComes);
  });

  it('comes back at once with a lower limit, to the level it would start at', () => {
    const run = new Run({ ...quick, rate: 125e6 }, 6);
    run.goOn(2000);
    run.world = { ...quick, rate: 12.5e6 };
    run.goOn(lookMs);
    expect(run.auto.way).toEqual({ method: 'zstd', level: 6 });
    expect(run.auto.reason).toBe('starting again at zstd 6: the limit is 100 Mbit/s');
  });

  it('comes back within a second where the link gives less than the limit', () => {
    const run = new Run({ ...quick, rate: 12.5e6 }, 1, undefined, 125e6);
    run.goOn(1000);
    expect(run.rung).toBeGreaterThan(uncompressed);
    run.goOn(20_000);
    expect(run.taken).not.toContain(asItComes);
  });

  it('is left for workers that do better after all, and for those that do not ever more seldom', () => {
    const better = new Run({ ...usual, elsewhere: 1 / 400e3, past: 0.9, rate: 125e6 });
    better.goOn(5000);
    expect(better.rung).toBeGreaterThan(uncompressed);
    const worse = new Run({ ...quick, rate: 125e6 });
    worse.goOn(120_000);
    expect(worse.rung).toBe(asItComes);
    expect(worse.taken.filter((rung) => rung === lightest).length).toBeLessThan(8);
  });

  it('is taken back where it was slower', () => {
    const run = new Run({ ...quick, past: 1.5, rate: 0 });
    run.goOn(60_000);
    expect(run.taken).toContain(asItComes);
    expect(run.goOn(60_000)).toBeGreaterThan(0.95 * pace(run.world, uncompressed));
  });
});

describe('auto, whatever it runs on', () => {
  it('comes within 10 % of the best way and stays there, 20 % where the workers may be passed', () => {
    fc.assert(
      fc.property(worlds, fc.integer({ min: 1, max: 19 }), (world, level) => {
        const run = new Run(world, level);
        run.goOn(5000);
        // Less than a step has to promise is not gone after.
        expect(run.goOn(20_000)).toBeGreaterThan((world.past === undefined ? 0.9 : 0.8) * (1 - 0.015) * best(world));
      }),
      { numRuns: 300 },
    );
  });

  it('does not swing, though the pace does', () => {
    const swing = fc.infiniteStream(fc.double({ min: -0.3, max: 0.3, noNaN: true }));
    fc.assert(
      fc.property(worlds, swing, (world, noise) => {
        const run = new Run(world, 3, () => noise.next().value as number);
        run.goOn(60_000);
        expect(run.taken.length).toBeLessThanOrEqual(24);
      }),
      { numRuns: 100 },
    );
  });
});
