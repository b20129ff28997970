import { performance } from 'node:perf_hooks';

/** What a session may read before it has to wait for its turn: about 10 ms of the rate, bytes. */
const turnMs = 10;
const leastTurn = 4096;
/** Timers are late; so much time that nobody read in is not lost, ms. */
const creditMs = 5;

/** One session's share of a budget. */
export interface Lease {
  /** Nothing is to be read now. */
  readonly held: boolean;
  /** So much has been read. */
  took(bytes: number): void;
  /** Its session is over. */
  close(): void;
}

/**
 * Bytes a second over all sessions of a receiver, kept by not reading faster. Whoever has read a turn's worth waits
 * until all that was read by anybody has had its time: so turns go round, and what one does not use the others have.
 */
export class Budget {
  readonly #turn: number;
  /** When everything read so far has had its time. */
  #paidAt = 0;

  /**
   * @param rate bytes a second
   * @param now milliseconds, any origin
   */
  constructor(
    private readonly rate: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#turn = Math.max(leastTurn, (rate * turnMs) / 1000);
  }

  /** @param onChange `held` is another */
  lease(onChange: () => void): Lease {
    let left = this.#turn;
    let timer: NodeJS.Timeout | undefined;
    const release = (): void => {
      left += this.#turn;
      timer = left > 0 ? undefined : this.#wait(release);
      if (timer === undefined) onChange();
    };
    return {
      get held() {
        return timer !== undefined;
      },
      took: (bytes) => {
        left -= bytes;
        this.#paidAt = Math.max(this.#paidAt, this.now() - creditMs) + (bytes / this.rate) * 1000;
        if (left > 0 || timer !== undefined) return;
        timer = this.#wait(release);
        onChange();
      },
      close: () => clearTimeout(timer),
    };
  }

  #wait(release: () => void): NodeJS.Timeout {
    return setTimeout(release, Math.ceil(Math.max(0, this.#paidAt - this.now())));
  }
}
