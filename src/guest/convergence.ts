/*
 * The decisions of precopy, without clocks or sockets: how fast the link is, when what is left can be sent in one go,
 * and when the guest has to be slowed down.
 */

/** Shortest time over which a bandwidth is measured; a shorter one measures buffers. */
export const windowMs = 100;

/** A measured window. */
export interface Bandwidth {
  readonly bytesPerMs: number;
  readonly bytes: number;
}

/** Measures a link over windows of at least `windowMs`. */
export class BandwidthMeter {
  #startMs: number;
  #startBytes: number;

  constructor(nowMs: number, bytes: number) {
    this.#startMs = nowMs;
    this.#startBytes = bytes;
  }

  /** When the current window has lasted long enough: its bandwidth, and a new window begins. Else undefined. */
  sample(nowMs: number, bytes: number): Bandwidth | undefined {
    const elapsedMs = nowMs - this.#startMs;
    if (elapsedMs < windowMs) return undefined;
    const moved = bytes - this.#startBytes;
    this.#startMs = nowMs;
    this.#startBytes = bytes;
    return { bytesPerMs: moved / elapsedMs, bytes: moved };
  }
}

/** What a precopy round has come to. */
export type Verdict =
  | 'nothing-dirty' // everything has been sent
  | 'downtime-met' // the rest can be sent within the downtime limit
  | 'iterate';

/**
 * Whether the guest can be stopped now. The answer counts only for a fresh dirty log.
 * @param bytesPerMs the link's, undefined as long as nobody has measured it
 */
export function converged(pendingBytes: number, bytesPerMs: number | undefined, downtimeLimitMs: number): Verdict {
  if (pendingBytes === 0) return 'nothing-dirty';
  if (bytesPerMs === undefined) return 'iterate';
  return pendingBytes < bytesPerMs * downtimeLimitMs ? 'downtime-met' : 'iterate';
}

/** Auto-converge's settings, all per cent. */
export interface ThrottleSettings {
  readonly triggerThreshold: number;
  readonly initial: number;
  readonly increment: number;
  readonly max: number;
  readonly tailslow: boolean;
}

/** Decides at dirty syncs how much of its time the guest loses; it is only ever slowed down further. */
export class AutoConverge {
  #throttle = 0;
  #highPeriods = 0;

  /**
   * Takes the bytes the guest dirtied and the migration sent since the last call. Every second time that the first
   * are more than the threshold's share of the second, the guest is slowed down.
   * @returns the throttle that applies from now on, per cent
   */
  period(dirtiedBytes: number, sentBytes: number, settings: ThrottleSettings): number {
    if (dirtiedBytes <= (sentBytes * settings.triggerThreshold) / 100) return this.#throttle;
    this.#highPeriods += 1;
    if (this.#highPeriods < 2) return this.#throttle;
    this.#highPeriods = 0;
    this.#throttle = Math.min(this.#slower(dirtiedBytes, sentBytes, settings), settings.max);
    return this.#throttle;
  }

  #slower(dirtiedBytes: number, sentBytes: number, settings: ThrottleSettings): number {
    if (this.#throttle === 0) return settings.initial;
    if (!settings.tailslow) return this.#throttle + settings.increment;
    // No slower than what would bring the dirty rate down to the threshold.
    const share = (100 - this.#throttle) * (1 - (sentBytes * settings.triggerThreshold) / 100 / dirtiedBytes);
    return this.#throttle + Math.min(settings.increment, share);
  }
}
