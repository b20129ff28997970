import { performance } from 'node:perf_hooks';
import type { Channel } from './channel';
import { frameHead, type FrameType } from './frame';
import { TokenBucket, inFlightBound, sliceBytes } from './token-bucket';

interface Queued {
  readonly bytes: readonly Uint8Array[];
  readonly written: () => void;
}

/**
 * Writes frames in order, no faster than the limit, and never more ahead of the receiver than the in-flight bound.
 * The queue's length is the caller's business: `send` resolves when its frame has left.
 */
export class PacedWriter {
  readonly #queue: Queued[] = [];
  #pumping = false;
  readonly #bucket: TokenBucket;
  #paused = false;
  #received = 0;
  #wake: (() => void) | undefined;
  /** Round trips: when the byte count `sent` was reached. */
  #probe: { readonly sent: number; readonly at: number } | undefined;
  #measured = { rate: 0, bytes: 0, at: performance.now() };
  /** Smallest round trip seen, ms. */
  roundTripMs = 0;
  /** Milliseconds spent waiting for the limiter. */
  limitedMs = 0;
  /** Milliseconds spent waiting for the receiver or the socket. */
  blockedMs = 0;

  constructor(
    private readonly channel: Channel,
    private rate: number,
  ) {
    this.#bucket = new TokenBucket(rate, performance.now());
    channel.socket.on('drain', () => this.#resume());
    channel.socket.on('close', () => this.#resume());
  }

  /** Bytes written and not yet taken by the receiver. */
  get inFlight(): number {
    return this.channel.bytesSent - this.#received;
  }

  /** Goes on at another rate, bytes a second; 0 for unlimited. */
  setRate(rate: number): void {
    this.#bucket.setRate(rate, performance.now());
    this.rate = rate;
    this.#resume();
  }

  /** Writes nothing more until `resume`; what is being written stops in the middle of its frame. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#resume();
  }

  /** Queues a frame; resolves when its last byte went to the socket (or the link is gone). */
  send(type: FrameType, body: readonly Uint8Array[] = [], epoch = 0, aux = 0): Promise<void> {
    const length = body.reduce((sum, { length }) => sum + length, 0);
    const bytes = [frameHead(type, length, epoch, aux), ...body];
    return new Promise((written) => {
      this.#queue.push({ bytes, written });
      if (!this.#pumping) void this.#pump();
    });
  }

  /** The receiver has taken this many bytes in all. */
  received(total: number): void {
    this.#received = Math.min(this.channel.bytesSent, Math.max(this.#received, total));
    const now = performance.now();
    if (this.#probe !== undefined && this.#received >= this.#probe.sent) {
      const roundTrip = now - this.#probe.at;
      this.roundTripMs = this.roundTripMs === 0 ? roundTrip : Math.min(this.roundTripMs, roundTrip);
      this.#probe = undefined;
    }
    const { at, bytes, rate } = this.#measured;
    if (now - at >= 100) {
      const current = ((this.#received - bytes) * 1000) / (now - at);
      this.#measured = { rate: Math.max(current, rate * 0.9), bytes: this.#received, at: now };
    }
    this.#resume();
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      for (const bytes of next.bytes) await this.#writeSlices(bytes);
      next.written();
    }
    this.#pumping = false;
  }

  async #writeSlices(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      await this.#permission();
      if (this.channel.ended) return;
      const piece = bytes.subarray(at, at + sliceBytes(this.rate));
      at += piece.length;
      this.#bucket.take(piece.length, performance.now());
      const more = this.channel.write(piece);
      // Before any wait: an answer that comes meanwhile would make the round trip look like none.
      this.#probe ??= { sent: this.channel.bytesSent, at: performance.now() };
      if (!more) await this.#blocked();
    }
  }

  async #permission(): Promise<void> {
    do await this.#turn();
    while (this.#paused && !this.channel.ended);
  }

  async #turn(): Promise<void> {
    while (this.#paused && !this.channel.ended) await this.#woken();
    const started = performance.now();
    for (let wait = this.#bucket.delay(started); wait > 0; wait = this.#bucket.delay(performance.now())) {
      if (this.channel.ended) return;
      // Timers have a grain of a millisecond; the bucket's debt makes up for what they overshoot.
      await this.#woken(Math.max(1, Math.floor(wait)));
    }
    this.limitedMs += performance.now() - started;
    while (this.inFlight >= this.#bound() && !this.channel.ended) await this.#blocked();
  }

  #bound(): number {
    if (this.rate > 0) return inFlightBound(this.rate, this.roundTripMs);
    return Math.max(2 * 2 ** 20, inFlightBound(this.#measured.rate, this.roundTripMs));
  }

  async #blocked(): Promise<void> {
    if (this.channel.ended) return;
    const started = performance.now();
    await this.#woken();
    this.blockedMs += performance.now() - started;
  }

  /** Resolves at the next event of the link, or after `ms`: a link that ends must not leave a timer behind. */
  #woken(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(() => this.#resume(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #resume(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
