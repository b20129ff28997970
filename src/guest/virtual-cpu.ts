import type { GuestMemory } from './memory';
import { runSteps, type WorkloadState } from './workload';

/** How often the virtual CPU gets its turn. */
const turnMs = 5;
/** The longest it keeps the process to itself; the migration and the monitor share the same thread. */
const sliceMs = 4;
/** Steps between two looks at the clock. */
const batchSteps = 64;
/** After a longer pause it does not catch up: a busy host makes a guest slower, not burstier. */
const maxCatchUpMs = 50;

/**
 * Runs a workload at its rate while started, a few milliseconds at a time. It depends on nothing that a migration
 * does: while a socket is blocked the guest goes on writing.
 */
export class VirtualCpu {
  /** Share of time taken away from the guest by auto-converge, per cent. */
  throttle = 0;
  #timer: NodeJS.Timeout | undefined;
  #lastMs = 0;
  #credit = 0;

  constructor(
    readonly memory: GuestMemory,
    readonly state: WorkloadState,
  ) {}

  get running(): boolean {
    return this.#timer !== undefined;
  }

  start(): void {
    if (this.running) return;
    this.#lastMs = performance.now();
    this.#credit = 0;
    this.#schedule(turnMs);
  }

  /** After this the guest writes nothing until `start`. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => this.#turn(), delayMs);
  }

  #turn(): void {
    const begin = performance.now();
    const elapsedMs = Math.min(begin - this.#lastMs, maxCatchUpMs);
    this.#lastMs = begin;
    this.#credit += (elapsedMs / 1000) * this.state.rate * (1 - this.throttle / 100);
    let late = false;
    while (this.#credit >= 1 && !late) {
      const steps = Math.min(Math.floor(this.#credit), batchSteps);
      runSteps(this.memory, this.state, steps);
      this.#credit -= steps;
      late = performance.now() - begin >= sliceMs;
    }
    // Steps that did not fit are lost: this is as fast as this CPU goes.
    if (late) this.#credit = 0;
    this.#schedule(late ? 1 : turnMs);
  }
}
