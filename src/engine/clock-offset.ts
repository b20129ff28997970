/** A look is forgotten after so many others: clocks drift, if slowly. */
const keptLooks = 60;

interface Look {
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

/**
 * How far another host's clock is ahead of ours, from round trips: its time was read somewhere between our asking and
 * its answer, so the shortest trip says most, and half of it is the error.
 */
export class ClockOffset {
  readonly #looks: Look[] = [];

  /** Our time when asked, the other's time in the answer, our time when it came; milliseconds. */
  sample(askedMs: number, thereMs: number, answeredMs: number): void {
    const roundTripMs = Math.max(0, answeredMs - askedMs);
    this.#looks.push({ offsetMs: thereMs - (askedMs + answeredMs) / 2, roundTripMs });
    if (this.#looks.length > keptLooks) this.#looks.shift();
  }

  /** Their clock less ours; absent before the first look. */
  get offsetMs(): number | undefined {
    return this.#best?.offsetMs;
  }

  /** How wrong `offsetMs` can be at most, either way. */
  get errorMs(): number | undefined {
    return this.#best === undefined ? undefined : this.#best.roundTripMs / 2;
  }

  /** The shortest round trip, ms; absent before the first look. */
  get roundTripMs(): number | undefined {
    return this.#best?.roundTripMs;
  }

  /** A time by their clock as ours would have shown it. */
  toHere(thereMs: number): number {
    return thereMs - (this.offsetMs ?? 0);
  }

  get #best(): Look | undefined {
    return this.#looks.reduce<Look | undefined>(
      (best, look) => (best === undefined || look.roundTripMs < best.roundTripMs ? look : best),
      undefined,
    );
  }
}
