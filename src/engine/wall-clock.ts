import { performance } from 'node:perf_hooks';

/**
 * The time since the epoch in milliseconds and fractions of them. `Date.now()` has whole ones only, which on a quick
 * link is more than the way there takes; the stopwatch has fractions, and does not follow when the clock is set.
 */
export class WallClock {
  #ahead: number;

  /**
   * @param clock whole milliseconds since the epoch
   * @param stopwatch milliseconds, any origin
   * @param origin of the stopwatch, since the epoch
   */
  constructor(
    private readonly clock: () => number = Date.now,
    private readonly stopwatch: () => number = () => performance.now(),
    origin = performance.timeOrigin,
  ) {
    this.#ahead = origin;
  }

  now(): number {
    const before = this.clock();
    const fine = this.stopwatch();
    const after = this.clock();
    // The time lies in the millisecond that the clock shows, or has been set meanwhile.
    this.#ahead = Math.min(Math.max(this.#ahead, before - fine), after + 1 - fine);
    return fine + this.#ahead;
  }
}
