import { performance } from 'node:perf_hooks';
import type { Channel } from './channel';
import type { Pace } from './pace';

/** What a lane has to do with the others of its wire. */
export interface Wire {
  readonly pace: Pace;
  /** Channels there are. */
  readonly channels: number;
  /** Bytes were taken, or writing stands still, or goes on. */
  readonly onChange: () => void;
}

/** One channel as the writer sees it: writes a frame at a time, with its own share of the bytes on the way. */
export class Lane {
  #received = 0;
  #wake: (() => void) | undefined;
  /** Round trips: when the byte count `sent` was reached. */
  #probe: { readonly sent: number; readonly at: number } | undefined;
  /** A frame is being written. */
  busy = false;
  /** It waits for the receiver or the socket. */
  blocked = false;

  constructor(
    private readonly channel: Channel,
    private readonly wire: Wire,
  ) {
    channel.socket.on('drain', () => this.#resume());
    channel.socket.on('close', () => {
      this.#resume();
      wire.pace.wake();
      wire.onChange();
    });
  }

  /** Bytes written and not yet taken by the receiver. */
  get inFlight(): number {
    return this.channel.bytesSent - this.#received;
  }

  /** Bytes written so far. */
  get bytesSent(): number {
    return this.channel.bytesSent;
  }

  /** A frame would be written now; on a link that has ended it would be dropped now. */
  get free(): boolean {
    return !this.busy && (this.channel.ended || this.#hasRoom);
  }

  /** Writes a whole frame; resolves when its last byte went to the socket, or the link is gone. */
  async write(frame: readonly Uint8Array[]): Promise<void> {
    this.busy = true;
    for (const bytes of frame) await this.#writeSlices(bytes);
    this.busy = false;
  }

  /** The receiver has taken this many bytes in all, it says. */
  received(total: number): void {
    const { pace } = this.wire;
    const now = performance.now();
    const before = this.#received;
    this.#received = Math.min(this.channel.bytesSent, Math.max(before, total));
    if (this.#probe !== undefined && this.#received >= this.#probe.sent) {
      pace.noteRoundTrip(now - this.#probe.at);
      this.#probe = undefined;
    }
    pace.noteReceived(this.#received - before, now);
    this.#resume();
    this.wire.onChange();
  }

  get #hasRoom(): boolean {
    return this.inFlight < this.wire.pace.share(this.wire.channels);
  }

  async #writeSlices(bytes: Uint8Array): Promise<void> {
    const { pace } = this.wire;
    for (let at = 0; at < bytes.length;) {
      while (!this.#hasRoom && !this.channel.ended) await this.#stand();
      const piece = bytes.subarray(at, at + pace.slice(this.wire.channels));
      await pace.turn(piece.length, () => this.channel.ended);
      if (this.channel.ended) return;
      at += piece.length;
      const more = this.channel.write(piece);
      // Before any wait: an answer that comes meanwhile would make the round trip look like none.
      this.#probe ??= { sent: this.channel.bytesSent, at: performance.now() };
      if (!more) await this.#stand();
    }
  }

  /** Waits for the next event of the link. */
  async #stand(): Promise<void> {
    if (this.channel.ended) return;
    this.blocked = true;
    this.wire.onChange();
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.blocked = false;
    this.wire.onChange();
  }

  #resume(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
