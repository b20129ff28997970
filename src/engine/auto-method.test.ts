import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MethodAt } from '../codec/methods';
import { AutoMethod } from './auto-method';
import { noWaits, type Waits } from './bottleneck';
import { rungs } from './ladder';

/** What a migration runs on. */
interface World {
  /** Of each rung, for every byte into it. */
  readonly sizes: readonly number[];
  /** Of each rung, ms for every byte into it, on one core. */
  readonly costs: readonly number[];
  /** Bytes a second on the wire; 0 is unlimited. */
  readonly rate: number;
  /** Everything that is not compression, ms a byte. */
  readonly elsewhere: number;
}

/** MB/s and sizes as measured on text and records; the first rung costs nothing. */
const usual = {
  sizes: [1, 0.45, 0.43, 0.41, 0.4],
  costs: [0, 1 / 300e3, 1 / 200e3, 1 / 70e3, 1 / 35e3],
  elsewhere: 1 / 200e3,
} as const;
const random = { ...usual, sizes: [1, 1, 1, 1, 1] } as const;
const cores = 2;
const lookMs = 50;

/** Milliseconds for a byte on the link, and elsewhere. */
function byteMs({ sizes, costs, rate, elsewhere }: World, rung: number): { link: number; elsewhere: number } {
  const link = rate === 0 ? 0 : ((sizes[rung] ?? 1) * 1000) / rate;
  return { link, elsewhere: elsewhere + (costs[rung] ?? 0) / cores };
}

function pace(world: World, rung: number): number {
  const { link, elsewhere } = byteMs(world, rung);
  return 1 / Math.hypot(link, elsewhere); // they overlap, but not wholly
}

function best(world: World): number {
  return Math.max(...rungs.map((_, rung) => pace(world, rung)));
}

/** A migration that goes on for ever, in steps of a look. */
class Run {
  readonly auto: AutoMethod;
  readonly taken: number[] = [];
  #now = 0;
  #raw = 0;
  #frame = 0;
  #waits: Waits = noWaits;

  constructor(
    public world: World,
    level = 1,
    /** By how much a look's pace differs from what it should be, as a share. */
    private readonly noise: () => number = () => 0,
  ) {
    this.auto = new AutoMethod({ level, parallel: cores });
  }

  get rung(): number {
    return rungOf(this.auto.way);
  }

  /** Bytes a ms over the time. */
  goOn(ms: number): number {
    const [raw, end] = [this.#raw, this.#now + ms];
    while (this.#now < end) this.#look();
    return (this.#raw - raw) / ms;
  }

  #look(): void {
    const { sizes, costs, rate } = this.world;
    const { link, elsewhere } = byteMs(this.world, this.rung);
    const waited = 1 - elsewhere / Math.hypot(link, elsewhere);
    const bytes = pace(this.world, this.rung) * lookMs * (1 + this.noise());
    this.#now += lookMs;
    this.#raw += bytes;
    this.#frame += bytes * (sizes[this.rung] ?? 1);
    const { limitedMs, sourceMs } = this.#waits;
    const [linkMs, restMs] = [waited * lookMs, (1 - waited) * lookMs];
    this.#waits = { ...this.#waits, limitedMs: limitedMs + linkMs, sourceMs: sourceMs + restMs / 2 };
    const sizesNow = { rawBytes: this.#raw, partBytes: this.#raw, frameBytes: this.#frame, wireBytes: this.#frame };
    const before = this.rung;
    this.auto.look({ ...sizesNow, waits: this.#waits }, rate, this.#now);
    if (this.rung !== before) this.taken.push(this.rung);
    const ways = this.auto.trial(this.#now);
    if (ways === undefined) return;
    const results = ways.map(rungOf).map((rung) => ({
      bytes: Math.round(65536 * (sizes[rung] ?? 1)),
      ms: 65536 * (costs[rung] ?? 0),
    }));
    this.auto.tried(ways, { sampleBytes: 65536, results }, this.#now);
  }
}

function rungOf({ method, level }: MethodAt): number {
  return rungs.findIndex((way) => way.method === method && way.level === level);
}

describe('auto', () => {
  it.each([
    [0, 1],
    [1, 1],
    [5, 2],
    [6, 3],
    [19, 4],
  ])('starts from level %d on at rung %d', (level, rung) => {
    const { reason, way } = new AutoMethod({ level, parallel: 2 });
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
    expect(run.rung).toBe(2);
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
    const starving = { ...usual, rate: 60e6, costs: [0, 1 / 300e3, 1 / 20e3, 1 / 10e3, 1 / 5e3] };
    const run = new Run(starving);
    const honest = run.auto.tried.bind(run.auto);
    run.auto.tried = (ways, { sampleBytes, results }, now) =>
      honest(ways, { sampleBytes, results: results.map(({ bytes }) => ({ bytes, ms: 0 })) }, now);
    run.goOn(60_000);
    const trips = run.taken.filter((rung) => rung === 2).length;
    expect(trips).toBeGreaterThan(1);
    expect(trips).toBeLessThan(8);
    const pacing = run.goOn(60_000);
    expect(pacing).toBeGreaterThan(0.95 * pace(starving, 1));
  });

  it('holds still while the source looks for dirty pages', () => {
    const auto = new AutoMethod({ level: 1, parallel: 2 });
    for (let now = 0; now < 5000; now += lookMs) {
      const nothing = { rawBytes: now, partBytes: 0, frameBytes: 0, wireBytes: now };
      auto.look({ ...nothing, waits: { ...noWaits, sourceMs: now } }, 12.5e6, now);
    }
    expect(auto.reason).toBe('starting at zstd 1');
  });
});

/** Each rung smaller and dearer than the one below, by less and less, within what zstd does on pages of all kinds. */
const worlds: fc.Arbitrary<World> = fc
  .record({
    first: fc.double({ min: 0.1, max: 1, noNaN: true }),
    factors: fc.array(fc.double({ min: 0.85, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
    fastest: fc.double({ min: 50e3, max: 800e3, noNaN: true }),
    dearer: fc.array(fc.double({ min: 1.2, max: 4, noNaN: true }), { minLength: 3, maxLength: 3 }),
    rate: fc.constantFrom(0, 1e6, 12.5e6, 40e6, 125e6, 500e6),
    elsewhere: fc.double({ min: 1 / 400e3, max: 1 / 50e3, noNaN: true }),
  })
  .map(({ first, factors, fastest, dearer, rate, elsewhere }) => {
    const along = (from: number, by: readonly number[]): number[] =>
      by.reduce<number[]>((all, factor) => [...all, (all.at(-1) ?? 1) * factor], [from]);
    const costs = [0, ...along(1 / fastest, dearer)];
    const lessAndLess = [first, ...factors].sort((a, b) => a - b);
    return { sizes: along(1, lessAndLess), costs, rate, elsewhere };
  });

describe('auto, whatever it runs on', () => {
  it('comes within 10 % of the best way and stays there', () => {
    fc.assert(
      fc.property(worlds, fc.integer({ min: 1, max: 19 }), (world, level) => {
        const run = new Run(world, level);
        run.goOn(5000);
        // Less than a step has to promise is not gone after.
        expect(run.goOn(20_000)).toBeGreaterThan(0.9 * (1 - 0.015) * best(world));
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
