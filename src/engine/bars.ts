import type { Rung } from './ladder';

/** How long a rung that was left is not tried again; each time twice as long. */
const barMs = { first: 1000, most: 30_000 } as const;
/** Unless it promises this much more than when it was left. */
const promiseMore = 0.25;

interface Bar {
  readonly until: number;
  readonly ms: number;
  readonly promised: number;
}

/** Rungs that are not to be tried for a while. Pure; the clock (ms) is passed in. */
export class Bars {
  readonly #bars = new Map<Rung, Bar>();

  /** Bars a rung that is left, `promised` being the gain it was taken for; one tried in vain not long ago for longer. */
  leave(rung: Rung, promised: number, now: number): void {
    const before = this.#bars.get(rung);
    const recent = before !== undefined && now < before.until + 4 * before.ms;
    this.bar(rung, recent ? Math.min(barMs.most, 2 * before.ms) : barMs.first, now, promised);
  }

  /** Bars a rung for so long. */
  bar(rung: Rung, ms: number, now: number, promised = 0): void {
    this.#bars.set(rung, { until: now + ms, ms, promised });
  }

  isOpen(rung: Rung, gain: number, now: number): boolean {
    const bar = this.#bars.get(rung);
    return bar === undefined || now >= bar.until || gain > bar.promised + promiseMore;
  }

  clear(): void {
    this.#bars.clear();
  }
}
