import { performance } from 'node:perf_hooks';

/** Adds up the time in which something is so; a stretch under way counts up to the moment of reading. */
export class Stopwatch {
  #ms = 0;
  #since: number | undefined;

  constructor(private readonly clock: () => number = () => performance.now()) {}

  /** Milliseconds so far. */
  get ms(): number {
    return this.#ms + (this.#since === undefined ? 0 : this.clock() - this.#since);
  }

  /** Says whether it is so from now on. */
  run(running: boolean): void {
    if (running === (this.#since !== undefined)) return;
    if (running) this.#since = this.clock();
    else {
      this.#ms = this.ms;
      this.#since = undefined;
    }
  }
}
