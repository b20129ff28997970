/** The source's figures at one moment. */
export interface Look {
  readonly atMs: number;
  /** Dirty syncs so far. */
  readonly round: number;
  /** Dirty bytes still to be sent. */
  readonly remainingBytes: number;
}

interface Round {
  readonly number: number;
  /** Dirty bytes it began with. */
  startBytes: number;
}

/** Rounds that are compared: two new ones with two before. */
const compared = 4;
/** Over how long a pace is averaged, ms. */
const paceMs = 1500;

/** How the rounds of a migration develop; pure, fed with what the source says of itself. */
export class RoundTrend {
  #rounds: Round[] = [];
  #last: Look | undefined;
  /** The first look at the present round. */
  #first: Look | undefined;
  #drained: number | undefined;

  take(look: Look): void {
    const last = this.#last;
    this.#last = look;
    const current = this.#rounds.at(-1);
    if (current === undefined || last === undefined || look.round > current.number) {
      this.#rounds = [...this.#rounds, { number: look.round, startBytes: look.remainingBytes }].slice(-compared);
      this.#first = look;
      return;
    }
    current.startBytes = Math.max(current.startBytes, look.remainingBytes);
    const passedMs = look.atMs - last.atMs;
    if (passedMs <= 0) return;
    const pace = (Math.max(0, last.remainingBytes - look.remainingBytes) * 1000) / passedMs;
    const weight = 1 - Math.exp(-passedMs / paceMs);
    this.#drained = this.#drained === undefined ? pace : this.#drained + weight * (pace - this.#drained);
  }

  /** Forgets the rounds before this one: they say nothing about what comes under other settings. */
  restart(): void {
    this.#rounds = this.#rounds.slice(-1);
  }

  get round(): number {
    return this.#rounds.at(-1)?.number ?? 0;
  }

  get remainingBytes(): number | undefined {
    return this.#last?.remainingBytes;
  }

  /** Dirty bytes gone a second, zero pages included; absent before two looks at one round. */
  get drainRate(): number | undefined {
    return this.#drained;
  }

  /** The same over all of the present round; absent before there has been some of it. */
  get roundDrainRate(): number | undefined {
    const [first, last] = [this.#first, this.#last];
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
    return (Math.max(0, first.remainingBytes - last.remainingBytes) * 1000) / (last.atMs - first.atMs);
  }

  /** What the present round began with; absent in the first one, which begins with everything. */
  get roundBytes(): number | undefined {
    const last = this.#rounds.at(-1);
    return last === undefined || last.number < 2 ? undefined : last.startBytes;
  }

  /**
   * What the third round began with as a share of what the second did: all there is for a whole round, which may take
   * minutes. Absent before, and after `restart`.
   */
  get firstShrink(): number | undefined {
    const [second, third] = [2, 3].map((round) => this.#rounds.find(({ number }) => number === round)?.startBytes);
    return second === undefined || third === undefined ? undefined : third / Math.max(second, 1);
  }

  /**
   * What a round begins with, as a share of what the one before began with: below 1 they get shorter. The newer half of
   * the last rounds against the older one, so that a single odd round does not count. Absent before three rounds after
   * the first.
   */
  get shrink(): number | undefined {
    const starts = this.#rounds.filter(({ number }) => number >= 2).map(({ startBytes }) => startBytes);
    if (starts.length < 3) return undefined;
    const half = starts.length >> 1;
    const [older, newer] = [mean(starts.slice(0, starts.length - half)), mean(starts.slice(-half))];
    if (older === 0) return 0;
    // The halves' middles lie that many rounds apart.
    return (newer / older) ** (1 / (starts.length / 2));
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
