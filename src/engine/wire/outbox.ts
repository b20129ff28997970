import { WherryError } from '../../shared/failure';

/** A frame's bytes, in pieces. */
export type FrameBytes = readonly Uint8Array[];

/**
 * The frames of one direction of a channel, in order, that the peer has not said it has taken: what has to be written
 * again when another connection takes this one's place. Both ends count the same frames from the first on, so that a
 * count says all there is to say. Pure.
 */
export class Outbox {
  readonly #kept: FrameBytes[] = [];
  /** How many of those kept have been written on the present connection. */
  #written = 0;
  #taken = 0;
  #bytes = 0;

  /** Bytes kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Everything has been taken. */
  get empty(): boolean {
    return this.#kept.length === 0;
  }

  add(frame: FrameBytes): void {
    this.#kept.push(frame);
    this.#bytes += lengthOf(frame);
  }

  /** The frame to write next; nothing when all have been written. */
  next(): FrameBytes | undefined {
    return this.#kept[this.#written];
  }

  /** `next` has been written to the last byte. */
  wrote(): void {
    this.#written += 1;
  }

  /**
   * The peer has taken so many frames in all; whether that is more than before.
   * @throws WherryError `wire-protocol` for fewer than it had, or more than it was given: nothing has changed then
   */
  release(taken: number): boolean {
    const more = taken - this.#taken;
    if (!(more >= 0 && more <= this.#written)) {
      const range = `${this.#taken} to ${this.#taken + this.#written}`;
      throw new WherryError('wire-protocol', `a peer that has taken ${taken} frames, ${range} are possible`);
    }
    for (const frame of this.#kept.splice(0, more)) this.#bytes -= lengthOf(frame);
    this.#written -= more;
    this.#taken = taken;
    return more > 0;
  }

  /** Another connection: what is kept is to be written again. */
  rewind(): void {
    this.#written = 0;
  }
}

/** Bytes of a frame. */
export function lengthOf(frame: FrameBytes): number {
  return frame.reduce((sum, { length }) => sum + length, 0);
}
