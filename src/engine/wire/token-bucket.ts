/**
 * A token bucket over bytes: pure, the clock is passed in (milliseconds, any origin). Writers may go into debt by one
 * slice, so that the long-run rate is exact whatever the slice size; what is saved up while idle is at most `burstMs`
 * of the rate, so that no second ever carries more than 1 s + `burstMs` of it.
 */
export class TokenBucket {
  #tokens = 0;
  #at: number;

  /** @param rate bytes a second, 0 for unlimited */
  constructor(
    private rate: number,
    now: number,
    private readonly burstMs = 40,
  ) {
    this.#at = now;
  }

  /**
   * Goes on at another rate, 0 for unlimited. What is owed or saved up stays the same as time, not as bytes: the slices
   * of a fast link must not hold a slow one up for seconds, nor its burst flood it.
   */
  setRate(rate: number, now: number): void {
    if (this.rate === 0) {
      this.#tokens = 0;
      this.#at = now;
    } else {
      this.#refill(now);
      this.#tokens *= rate / this.rate;
    }
    this.rate = rate;
  }

  /** Milliseconds to wait until the next slice may be written; 0 for now. */
  delay(now: number): number {
    if (this.rate === 0) return 0;
    this.#refill(now);
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1000) / this.rate;
  }

  /** Books bytes as written. */
  take(bytes: number, now: number): void {
    if (this.rate === 0) return;
    this.#refill(now);
    this.#tokens -= bytes;
  }

  #refill(now: number): void {
    const most = (this.rate * this.burstMs) / 1000;
    this.#tokens = Math.min(most, this.#tokens + (Math.max(0, now - this.#at) * this.rate) / 1000);
    this.#at = now;
  }
}

/** Bytes to write between two looks at the bucket: about 4 ms of the rate, so that a second is cut finely. */
export function sliceBytes(rate: number): number {
  if (rate === 0) return 256 * 1024;
  return Math.max(1024, Math.min(64 * 1024, Math.round(rate / 250)));
}

/**
 * Most bytes on the way (written, not yet taken by the receiver). The queue itself may add 50 ms to the downtime, no
 * more; the round trip is added because bytes are only known to be taken one round trip later.
 */
export function inFlightBound(rate: number, roundTripMs: number): number {
  return Math.max(256 * 1024, (rate * (50 + roundTripMs)) / 1000);
}
