/** Numbers that a case is made of, the same for the same seed, target and case on every machine (mulberry32). */
export class Random {
  #state: number;
  /** What the case last gave to the code under test, for the report of a failure. */
  input: unknown;

  constructor(seed: number, target: string, number: number) {
    let hash = seed | 0;
    for (const code of `${target}:${number}`) hash = Math.imul(hash ^ code.charCodeAt(0), 0x01000193) + 0x9e3779b9;
    this.#state = hash | 0;
  }

  /** 0 to below 1. */
  share(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.share() * end);
  }

  /** True so often, 0 to 1. */
  chance(share: number): boolean {
    return this.share() < share;
  }

  /** One of them; there has to be one. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i++) bytes[i] = this.below(256);
    return bytes;
  }

  /** Keeps what the code under test is about to be given. */
  give<T>(input: T): T {
    this.input = input;
    return input;
  }
}
