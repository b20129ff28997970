import fc from 'fast-check';
import { sameWay, type Way } from '../shared/way';
import { AutoMethod, type AutoOptions } from './auto-method';
import { noWaits, type Waits } from './bottleneck';
import { asItComes, rungs } from './ladder';

/** What a migration runs on. */
export interface World {
  /** Of each rung, for every byte into it. */
  readonly sizes: readonly number[];
  /** Of each rung, ms for every byte into it, on one core. */
  readonly costs: readonly number[];
  /** Bytes a second on the wire; 0 is unlimited. */
  readonly rate: number;
  /** Everything that is not compression, ms a byte. */
  readonly elsewhere: number;
  /** What is left of that past the workers, as a share; no rung where it is absent. */
  readonly past?: number;
}

/** MB/s and sizes as measured on text and records; the first two rungs cost nothing. */
export const usual = {
  sizes: [1, 1, 0.45, 0.43, 0.41, 0.4],
  costs: [0, 0, 1 / 300e3, 1 / 200e3, 1 / 70e3, 1 / 35e3],
  elsewhere: 1 / 200e3,
} as const;
export const random = { ...usual, sizes: [1, 1, 1, 1, 1, 1] } as const;
export const quick = { ...usual, elsewhere: 1 / 80e3, past: 0.5 } as const;
const cores = 2;
export const options: AutoOptions = { level: 1, parallel: cores, asItComes: false };
export const lookMs = 50;

/** Milliseconds for a byte on the link, and elsewhere. */
function byteMs({ sizes, costs, rate, elsewhere, past }: World, rung: number): { link: number; elsewhere: number } {
  const link = rate === 0 ? 0 : ((sizes[rung] ?? 1) * 1000) / rate;
  if (rung === asItComes) return { link, elsewhere: elsewhere * (past ?? Infinity) };
  return { link, elsewhere: elsewhere + (costs[rung] ?? 0) / cores };
}

export function pace(world: World, rung: number): number {
  const { link, elsewhere } = byteMs(world, rung);
  return 1 / Math.hypot(link, elsewhere); // they overlap, but not wholly
}

export function best(world: World): number {
  return Math.max(...rungs.map((_, rung) => pace(world, rung)));
}

/** A migration that goes on for ever, in steps of a look. */
export class Run {
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
    /** The operator's limit, where the link itself is narrower or nobody has set one. */
    private readonly limit?: number,
  ) {
    this.auto = new AutoMethod({ ...options, level, asItComes: world.past !== undefined });
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
    this.auto.limit(this.limit ?? rate, this.#now);
    const { link, elsewhere } = byteMs(this.world, this.rung);
    const waited = 1 - elsewhere / Math.hypot(link, elsewhere);
    const bytes = pace(this.world, this.rung) * lookMs * (1 + this.noise());
    this.#now += lookMs;
    this.#raw += bytes;
    this.#frame += bytes * (sizes[this.rung] ?? 1);
    const { limitedMs, sourceMs } = this.#waits;
    const [linkMs, restMs] = [waited * lookMs, (1 - waited) * lookMs];
    this.#waits = { ...this.#waits, limitedMs: limitedMs + linkMs, sourceMs: sourceMs + restMs / 2 };
    const sizesNow = {
      rawBytes: this.#raw,
      pageBytes: this.#raw,
      partBytes: this.#raw,
      frameBytes: this.#frame,
      wireBytes: this.#frame,
    };
    const before = this.rung;
    this.auto.look({ ...sizesNow, waits: this.#waits }, this.#now);
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

export function rungOf(way: Way): number {
  return rungs.findIndex((rung) => sameWay(rung, way));
}

/** Each rung smaller and dearer than the one below, by less and less, within what zstd does on pages of all kinds. */
export const worlds: fc.Arbitrary<World> = fc
  .record({
    first: fc.double({ min: 0.1, max: 1, noNaN: true }),
    factors: fc.array(fc.double({ min: 0.85, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
    fastest: fc.double({ min: 50e3, max: 800e3, noNaN: true }),
    dearer: fc.array(fc.double({ min: 1.2, max: 4, noNaN: true }), { minLength: 3, maxLength: 3 }),
    rate: fc.constantFrom(0, 1e6, 12.5e6, 40e6, 125e6, 500e6),
    elsewhere: fc.double({ min: 1 / 400e3, max: 1 / 50e3, noNaN: true }),
    past: fc.option(fc.double({ min: 0.45, max: 1, noNaN: true }), { nil: undefined }),
  })
  .map(({ first, factors, fastest, dearer, rate, elsewhere, past }) => {
    const along = (from: number, by: readonly number[]): number[] =>
      by.reduce<number[]>((all, factor) => [...all, (all.at(-1) ?? 1) * factor], [from]);
    const costs = [0, 0, ...along(1 / fastest, dearer)];
    const lessAndLess = [first, ...factors].sort((a, b) => a - b);
    const sizes = [1, ...along(1, lessAndLess)];
    return { sizes, costs, rate, elsewhere, ...(past !== undefined && { past }) };
  });
