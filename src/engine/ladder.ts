import type { Tried } from '../codec/job';
import type { MethodAt } from '../codec/methods';
import { wayName, type Way } from '../shared/way';

/**
 * Ways to carry pages, each with less on the wire and more to do than the one before: past the workers, through them
 * uncompressed (what is cached becomes a delta), compressed. Above zstd 9, a percent costs most of the speed.
 */
export const rungs = [
  { method: 'none', level: 0, asItComes: true },
  { method: 'none', level: 0 },
  { method: 'zstd', level: 1 },
  { method: 'zstd', level: 3 },
  { method: 'zstd', level: 6 },
  { method: 'zstd', level: 9 },
] as const satisfies readonly Way[];

/** Index into `rungs`. */
export type Rung = number;

/** The lowest rungs; those above compress. */
export const [asItComes, uncompressed, lightest] = [0, 1, 2] as const satisfies readonly Rung[];

/** How a rung is written. */
export function rungName(rung: Rung): string {
  return rung === uncompressed ? 'no compression' : wayName(wayOf(rung));
}

export function wayOf(rung: Rung): Way {
  return rungs[rung] ?? rungs[uncompressed];
}

/** The highest zstd rung whose level is not above. */
export function rungBelow(level: number): Rung {
  const above = rungs.findIndex((way) => way.level > level);
  return above < 0 ? rungs.length - 1 : Math.max(lightest, above - 1);
}

/** Samples smaller than this are made of references, and say nothing about pages. */
const leastSampleBytes = 16 * 1024;
/** What a new sample weighs beside all before it. */
const newWeight = 0.3;
/** A slower measurement is mostly somebody else's work on the same core. */
const slowerWeight = 0.05;
const trialEveryMs = 400;
/** As long as something is not known at all. */
const firstTrialEveryMs = 50;
/** Time for each millisecond spent on trials: they cost two percent of one core at most. */
const trialThrift = 50;

/** What is known of the rungs, from trials on samples of the data. Pure; the clock (ms) is passed in. */
export class Ladder {
  /** Bytes of each rung for every byte of the one below it. */
  readonly #steps: (number | undefined)[] = [];
  /** Milliseconds a byte, nobody else being in the way. */
  readonly #costs: (number | undefined)[] = [undefined, 0];
  #dueAt = 0;
  #up = true;

  /** Bytes that `to` makes of one byte from `from`; absent before all between them were tried. */
  sizeOf(to: Rung, from: Rung): number | undefined {
    let size: number | undefined = 1;
    for (let rung = Math.min(to, from) + 1; rung <= Math.max(to, from); rung++) {
      const step: number | undefined = this.#steps[rung];
      size = size === undefined || step === undefined ? undefined : size * step;
    }
    return size === undefined || to >= from ? size : 1 / size;
  }

  /** Milliseconds for each byte into it, on one core; absent before it was tried. */
  costOf(rung: Rung): number | undefined {
    return this.#costs[rung];
  }

  /** What to try next on a sample, with `rung` in force; absent before it is time to, and where there are no parts. */
  due(rung: Rung, now: number): readonly MethodAt[] | undefined {
    if (now < this.#dueAt || rung === asItComes) return undefined;
    this.#up = rung <= lightest || (rung < rungs.length - 1 && !this.#up);
    const [low, high] = this.#up ? [rung, rung + 1] : [rung - 1, rung];
    const known = this.#steps[high] !== undefined && this.#costs[low] !== undefined;
    this.#dueAt = now + (known ? trialEveryMs : firstTrialEveryMs);
    return [low, high].filter((index) => index > uncompressed).map(wayOf);
  }

  /** Takes note of a trial's outcome. */
  note(ways: readonly MethodAt[], { sampleBytes, results }: Tried, now: number): void {
    const spentMs = results.reduce((sum, { ms }) => sum + ms, 0);
    this.#dueAt = Math.max(this.#dueAt, now + spentMs * trialThrift);
    if (sampleBytes < leastSampleBytes) return;
    const sizes = new Map<Rung, number>([[uncompressed, sampleBytes]]);
    for (const [index, { bytes, ms }] of results.entries()) {
      const rung = rungs.findIndex(
        ({ method, level }) => method === ways[index]?.method && level === ways[index]?.level,
      );
      if (rung < lightest) continue;
      sizes.set(rung, Math.max(1, bytes));
      this.#costs[rung] = cheaper(this.#costs[rung], ms / sampleBytes);
    }
    for (const [rung, bytes] of sizes) {
      const below = sizes.get(rung - 1);
      if (below !== undefined) this.#steps[rung] = blend(this.#steps[rung], bytes / below);
    }
  }
}

/** Means of ratios are means of their logarithms. */
function blend(known: number | undefined, fresh: number): number {
  return known === undefined ? fresh : known * (fresh / known) ** newWeight;
}

function cheaper(known: number | undefined, fresh: number): number {
  return known === undefined ? fresh : known + (fresh < known ? newWeight : slowerWeight) * (fresh - known);
}
