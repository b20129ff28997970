import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the loop is looked at, ms. */
const intervalMs = 10;

/** How late the main loop runs what is due, from its making until `stop`. */
export class LoopLag {
  readonly #delays = monitorEventLoopDelay({ resolution: intervalMs });

  constructor() {
    this.#delays.enable();
  }

  /** 99 of 100 looks came no later than this, ms; absent before the first one. */
  get p99Ms(): number | undefined {
    // What is recorded is the time between two looks, the interval itself included; before the first one it is not 0.
    if (!(this.#delays.max > 0)) return undefined;
    return Math.max(0, Math.round(this.#delays.percentile(99) / 1e5) / 10 - intervalMs);
  }

  stop(): void {
    this.#delays.disable();
  }
}
