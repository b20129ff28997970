/** How long a worker with something to do may be silent, ms. */
export interface StallTimes {
  /** Then somebody is told. */
  readonly sayMs: number;
  /** Then it is taken for dead; more than `sayMs`. */
  readonly giveUpMs: number;
}

export const defaultStallTimes: StallTimes = { sayMs: 10_000, giveUpMs: 30_000 };

/** What an operator is told of a worker that has not answered for so many ms. */
export function stalledNotice(name: string, ms: number): string {
  return `${name} has not answered for ${ms / 1000} s: is it stopped, or the machine out of memory?`;
}

/** Who is told of workers that do not answer. */
export interface StallListener {
  /** No answer for so many ms; it may still come. */
  stalled(ms: number): void;
  /** No answer for so many ms, and nobody waits for it any longer. */
  givenUp(ms: number): void;
}

/** Notices a process that neither answers nor ends, as one that was stopped by a signal. */
export class StallWatch {
  #timer: NodeJS.Timeout | undefined;
  #overdue = false;

  constructor(
    private readonly times: StallTimes,
    private readonly listener: StallListener,
  ) {}

  /** Whether an answer is later than anybody should have to wait. */
  get overdue(): boolean {
    return this.#overdue;
  }

  /** Something is awaited from now on, or still is after an answer; each call begins the wait anew. */
  expect(): void {
    const { sayMs, giveUpMs } = this.times;
    this.rest();
    this.#after(sayMs, () => {
      // If this process was stopped itself, with its workers, they have the rest of the time from now on.
      this.#after(giveUpMs - sayMs, () => this.listener.givenUp(giveUpMs));
      this.#overdue = true;
      this.listener.stalled(sayMs);
    });
  }

  /** Nothing is awaited. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#overdue = false;
  }

  #after(ms: number, what: () => void): void {
    const timer = setTimeout(() => {
      // An answer that has arrived in the meantime is heard first.
      setImmediate(() => {
        if (this.#timer === timer) what();
      });
    }, ms);
    this.#timer = timer;
  }
}
