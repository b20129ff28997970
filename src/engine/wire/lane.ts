import { performance } from 'node:perf_hooks';
import { WherryError } from '../../shared/failure';
import type { Channel } from './channel';
import { Outbox, lengthOf, type FrameBytes } from './outbox';
import type { Pace } from './pace';

/** What a lane has to do with the others of its wire. */
export interface Wire {
  readonly pace: Pace;
  /** Channels there are. */
  readonly channels: number;
  /** Bytes were taken, or writing stands still, or goes on. */
  readonly onChange: () => void;
}

/**
 * One channel as the writer sees it: writes a frame at a time, with its own share of the bytes on the way. It outlives
 * its connection: what the receiver has not taken by then is written again on the next one, before anything else.
 */
export class Lane {
  readonly #outbox = new Outbox();
  #channel: Channel | undefined;
  /** Bytes that went over former connections. */
  #before = 0;
  #received = 0;
  /** Bytes of the next frame that the receiver has from former connections. */
  #begun = 0;
  /** The same as it was when the last connection began; -1: a frame has been taken since. */
  #reached = 0;
  #wake: (() => void) | undefined;
  /** Round trips: when the byte count `sent` was reached. */
  #probe: { readonly sent: number; readonly at: number } | undefined;
  /** Resolves the frame that was asked for and is not written yet. */
  #written: (() => void) | undefined;
  #running = false;
  #standing = false;
  #over = false;
  /** A frame that is nobody's but this connection's, written at the next seam between two others. */
  #aside: FrameBytes | undefined;

  constructor(private readonly wire: Wire) {}

  /** Bytes written on this connection and not yet taken by the receiver. */
  get inFlight(): number {
    return (this.#channel?.bytesSent ?? 0) - this.#received;
  }

  /** Bytes written so far, those written again included. */
  get bytesSent(): number {
    return this.#before + (this.#channel?.bytesSent ?? 0);
  }

  /** Bytes kept until the receiver has taken them. */
  get keptBytes(): number {
    return this.#outbox.bytes;
  }

  /** Frames are being written, or have to be before others. */
  get busy(): boolean {
    return this.#running || this.#written !== undefined;
  }

  /** It waits for the receiver, the socket, or a connection. */
  get blocked(): boolean {
    return this.#standing || !this.#connected;
  }

  /** A frame would be written now; on a link that is over it would be dropped now. */
  get free(): boolean {
    return this.#over || (!this.busy && this.#connected && this.#hasRoom);
  }

  /**
   * Goes on over this connection, after so many frames that the receiver has taken and so many bytes of the next one.
   * Whether that is further than at the last time.
   * @throws WherryError `wire-protocol` for what cannot be
   */
  use(channel: Channel, taken: number, begun = 0): boolean {
    const further = this.#outbox.release(taken) || begun > this.#reached;
    this.#outbox.rewind();
    const next = this.#outbox.next() ?? [];
    if (begun > 0 && !(begun < lengthOf(next))) {
      throw new WherryError('wire-protocol', `a peer that has ${begun} bytes of a frame of ${lengthOf(next)}`);
    }
    this.#begun = begun;
    this.#reached = begun;
    this.#before = this.bytesSent;
    this.#channel = channel;
    this.#received = 0;
    this.#probe = undefined;
    this.#aside = undefined;
    channel.socket.on('drain', () => this.#resume());
    channel.socket.on('close', () => {
      this.#resume();
      this.wire.pace.wake();
      this.wire.onChange();
    });
    this.#go();
    return further;
  }

  /** There will be no other connection: what waits is dropped. */
  end(): void {
    this.#over = true;
    this.#resume();
    this.#settle();
  }

  /** Writes a whole frame; resolves when its last byte went to the socket for the first time, or the link is over. */
  write(frame: FrameBytes): Promise<void> {
    if (this.#over) return Promise.resolve();
    this.#outbox.add(frame);
    return new Promise((resolve) => {
      this.#written = resolve;
      this.#go();
    });
  }

  /** Says this between two frames, and only the latest of its kind; it is not kept. */
  say(frame: FrameBytes): void {
    this.#aside = frame;
    if (!this.#running) this.#sayAside();
  }

  /**
   * The receiver has taken this many bytes of the connection in all, it says, and this many frames of the channel.
   * @throws WherryError `wire-protocol` for frames it was not given
   */
  received(total: number, frames?: number): void {
    const { pace } = this.wire;
    const now = performance.now();
    const before = this.#received;
    this.#received = Math.min(this.#channel?.bytesSent ?? 0, Math.max(before, total));
    if (frames !== undefined && this.#outbox.release(frames)) this.#reached = -1;
    if (this.#probe !== undefined && this.#received >= this.#probe.sent) {
      pace.noteRoundTrip(now - this.#probe.at);
      this.#probe = undefined;
    }
    pace.noteReceived(this.#received - before, now);
    this.#resume();
    this.wire.onChange();
  }

  get #connected(): boolean {
    return this.#channel !== undefined && !this.#channel.ended;
  }

  get #hasRoom(): boolean {
    return this.inFlight < this.wire.pace.share(this.wire.channels);
  }

  #go(): void {
    if (!this.#running) void this.#run();
  }

  /** Writes what is in the outbox, on whatever connection there is. */
  async #run(): Promise<void> {
    this.#running = true;
    for (;;) {
      // Not in the middle of a frame that another connection has begun.
      if (this.#begun === 0) this.#sayAside();
      const frame = this.#outbox.next();
      const channel = this.#channel;
      if (frame === undefined || channel === undefined || channel.ended || this.#over) break;
      await this.#writeFrame(channel, frame);
    }
    this.#running = false;
    this.#settle();
  }

  #settle(): void {
    if (this.#over || this.#outbox.next() === undefined) {
      const written = this.#written;
      this.#written = undefined;
      written?.();
    }
    this.wire.onChange();
  }

  /** Writes a frame, or part of it, where the connection ends meanwhile. */
  async #writeFrame(channel: Channel, frame: FrameBytes): Promise<void> {
    const { pace } = this.wire;
    const pieces = slices(frame, this.#begun, () => pace.slice(this.wire.channels));
    this.#begun = 0;
    let full = false;
    for (const piece of pieces) {
      if (full) await this.#stand(channel);
      while (!this.#hasRoom && !channel.ended) await this.#stand(channel);
      await pace.turn(piece.length, () => channel.ended);
      if (channel.ended) return;
      full = !channel.write(piece);
      // Before any wait: an answer that comes meanwhile would make the round trip look like none.
      this.#probe ??= { sent: channel.bytesSent, at: performance.now() };
    }
    // Before any wait, too: the receiver may say that it has taken the frame.
    this.#outbox.wrote();
    if (full) await this.#stand(channel);
  }

  #sayAside(): void {
    if (this.#aside === undefined || !this.#connected) return;
    for (const bytes of this.#aside) {
      this.wire.pace.book(bytes.length);
      this.#channel?.write(bytes);
    }
    this.#aside = undefined;
  }

  /** Waits for the next event of the link. */
  async #stand(channel: Channel): Promise<void> {
    if (channel.ended) return;
    this.#standing = true;
    this.wire.pace.noteFull();
    this.wire.onChange();
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#standing = false;
    this.wire.onChange();
  }

  #resume(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** A frame from its byte `from` on, in pieces of a size that is asked for each time. */
function* slices(frame: FrameBytes, from: number, size: () => number): Generator<Uint8Array> {
  let skip = from;
  for (const bytes of frame) {
    const start = Math.min(skip, bytes.length);
    skip -= start;
    for (let at = start; at < bytes.length;) {
      const piece = bytes.subarray(at, at + size());
      at += piece.length;
      yield piece;
    }
  }
}
