/** When a link counts as dead though nobody has closed it. */
export interface Beats {
  /** Each side lets the other hear something at least so often, ms. */
  readonly everyMs: number;
  /** Beats without a sign of life after which a link is given up. */
  readonly most: number;
}

/** Five seconds. */
export const usualBeats: Beats = { everyMs: 1000, most: 5 };

/**
 * Whether a connection still lives, by what is heard on it. Beats are counted, not milliseconds: a process that was
 * itself held up for long sees one late beat, and not a peer that was silent.
 */
export class Pulse {
  #silent = 0;
  #stuck = 0;

  constructor(readonly most: number) {}

  /** Something came from the peer. */
  heard(): void {
    this.#silent = 0;
  }

  /** The peer has taken bytes. */
  took(): void {
    this.#stuck = 0;
  }

  /**
   * Another beat; true once there were too many of them without a sign of life.
   * @param waiting bytes are on their way that the peer could take
   */
  beat(waiting: boolean): boolean {
    this.#silent += 1;
    this.#stuck = waiting ? this.#stuck + 1 : 0;
    return Math.max(this.#silent, this.#stuck) > this.most;
  }
}
