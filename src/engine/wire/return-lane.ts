import { WherryError } from '../../shared/failure';
import type { Channel } from './channel';
import { frameHead, type FrameType } from './frame';
import { Outbox } from './outbox';

/** Kept bytes of the return path from which on the destination has to wait. */
const maxKeptBytes = 256 * 1024;
/** Kept bytes in all, at which a sender that goes on sending does not hear what it is told. */
const maxUnheardBytes = 4 * 2 ** 20;

/** Where a lane writes, and who is told how much it keeps. */
export interface ReturnLaneOptions {
  /** The first channel's connection; absent while it has none. */
  readonly channel: () => Channel | undefined;
  /** Nothing more may be said for the moment, or it may again: too much is not yet taken by the sender. */
  readonly onFull: (full: boolean) => void;
  /** `wire-protocol`: the sender does not take what it is told. */
  readonly onUnheard: (error: WherryError) => void;
}

/** What a receiver says on the first channel, in order, whatever connections that has; kept until the sender has taken it. */
export class ReturnLane {
  readonly #outbox = new Outbox();
  #full = false;

  constructor(private readonly options: ReturnLaneOptions) {}

  /** The sender has everything that was said. */
  get settled(): boolean {
    return this.#outbox.empty;
  }

  /** Writes a frame, and again on the next connection if it has not been taken by then. */
  send(type: FrameType, body: Buffer, epoch?: number): void {
    this.#outbox.add([frameHead(type, body.length, epoch), body]);
    this.flush();
    this.#look();
    if (this.#outbox.bytes <= maxUnheardBytes) return;
    const unheard = `the sender has not taken ${this.#outbox.bytes} bytes of what it was told`;
    this.options.onUnheard(new WherryError('wire-protocol', unheard));
  }

  /** The sender has taken so many frames in all; throws `wire-protocol` for what cannot be. */
  release(taken: number): void {
    this.#outbox.release(taken);
    this.#look();
  }

  /** There is another connection: what has not been taken is to be written again. */
  rewind(): void {
    this.#outbox.rewind();
  }

  /** Writes what the connection there is now has not been given. */
  flush(): void {
    const channel = this.options.channel();
    if (channel === undefined || channel.ended) return;
    for (let frame = this.#outbox.next(); frame !== undefined; frame = this.#outbox.next()) {
      channel.socket.cork();
      for (const bytes of frame) channel.write(bytes);
      channel.socket.uncork();
      this.#outbox.wrote();
    }
  }

  #look(): void {
    const full = this.#outbox.bytes >= maxKeptBytes;
    if (full === this.#full) return;
    this.#full = full;
    this.options.onFull(full);
  }
}
