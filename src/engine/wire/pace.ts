import { performance } from 'node:perf_hooks';
import { TokenBucket, inFlightBound, sliceBytes } from './token-bucket';

/** Without a limit, bytes on the way before the link's own pace is known. */
const unknownBound = 2 * 2 ** 20;
/** What is looked at for the link's own pace, ms, and what is left of it after each: it may have become slower. */
const pace = { windowMs: 100, kept: 0.9 } as const;

/**
 * What the channels of one wire have in common: the limit over the sum of them, a pause, the bytes that may be on the
 * way, and what is known of the link.
 */
export class Pace {
  readonly #bucket: TokenBucket;
  #paused = false;
  #turns: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;
  #received = 0;
  #full = false;
  #measured: { readonly rate: number; readonly bytes: number; readonly at: number };
  /** Smallest round trip seen on any channel, ms. */
  roundTripMs = 0;
  /** Milliseconds spent waiting for the limiter. */
  limitedMs = 0;

  /** @param rate bytes a second, 0 for unlimited */
  constructor(
    private rate: number,
    now = performance.now(),
  ) {
    this.#bucket = new TokenBucket(rate, now);
    this.#measured = { rate: 0, bytes: 0, at: now };
  }

  setRate(rate: number): void {
    this.#bucket.setRate(rate, performance.now());
    this.rate = rate;
    this.wake();
  }

  /** No turn is given any more until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.wake();
  }

  /** Bytes that each of so many channels may have on the way: one that stands still keeps no more than its own share. */
  share(channels: number): number {
    const rate = this.linkRate;
    return (rate > 0 ? inFlightBound(rate, this.roundTripMs) : unknownBound) / channels;
  }

  /** The limit, or without one what a link gives that had all it could take; bytes a second, 0 for unknown. */
  get linkRate(): number {
    return this.rate > 0 ? this.rate : this.#measured.rate;
  }

  /** Bytes to write in one turn; a quarter of a share at most, which is what a share may be exceeded by. */
  slice(channels: number): number {
    return Math.min(sliceBytes(this.rate), Math.max(1024, Math.floor(this.share(channels) / 4)));
  }

  /**
   * Resolves when so many bytes may be written, and books them; who asks first is served first.
   * @param gone the asker's link has ended: it is let go at once, nothing booked
   */
  turn(bytes: number, gone: () => boolean): Promise<void> {
    const turn = this.#turns.then(() => this.#permission(bytes, gone));
    this.#turns = turn;
    return turn;
  }

  /** Bytes written out of turn: whoever is next waits for them too. */
  book(bytes: number): void {
    this.#bucket.take(bytes, performance.now());
  }

  /** A channel's link has ended: whoever waits for it looks again. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  noteRoundTrip(ms: number): void {
    this.roundTripMs = this.roundTripMs === 0 ? ms : Math.min(this.roundTripMs, ms);
  }

  /** There is more to write than the link takes: what it gives now is its own pace. */
  noteFull(): void {
    this.#full = true;
  }

  /** So many bytes more have been taken by the receiver, on whatever channel. */
  noteReceived(more: number, now: number): void {
    this.#received += more;
    const { at, bytes, rate } = this.#measured;
    if (now - at < pace.windowMs) return;
    const current = this.#full ? ((this.#received - bytes) * 1000) / (now - at) : 0;
    this.#full = false;
    this.#measured = { rate: Math.max(current, rate * pace.kept), bytes: this.#received, at: now };
  }

  async #permission(bytes: number, gone: () => boolean): Promise<void> {
    while (!gone()) {
      const now = performance.now();
      const wait = this.#bucket.delay(now);
      if (this.#paused) await this.#woken();
      else if (wait <= 0) return this.#bucket.take(bytes, now);
      else {
        // Timers have a grain of a millisecond; the bucket's debt makes up for what they overshoot.
        await this.#woken(Math.max(1, Math.floor(wait)));
        this.limitedMs += performance.now() - now;
      }
    }
  }

  /** Resolves at `wake`, or after `ms`: a link that ends must not leave a timer behind. */
  #woken(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(() => this.wake(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
