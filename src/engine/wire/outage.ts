import { performance } from 'node:perf_hooks';
import { WherryError } from '../../shared/failure';
import { formatDuration } from '../../shared/units';
import type { Reconnecting } from '../../shared/snapshot';
import { resumeDeadline } from './backoff';

/** The time for an outage, and who hears of it. */
export interface OutageOptions {
  /** How long a lost link may take to come back, ms; 0: it may not. */
  readonly windowMs: number;
  /** An outage has begun, is over, or has lasted too long; in words. */
  readonly onNotice: (text: string) => void;
  readonly onExpired: (error: WherryError) => void;
}

/** The time from the first loss of a part of a link until all of it is there again, and how long that may be. */
export class Outage {
  readonly #down = new Set<number>();
  #lostAt = 0;
  #cause = '';
  /** Why the last try failed, where that is something else. */
  #latest: string | undefined;
  #hurry: { readonly since: number; readonly windowMs: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Outages that ended well. */
  mended = 0;

  constructor(private readonly options: OutageOptions) {}

  /** Whether a loss may be mended at all, now. */
  get allowed(): boolean {
    return this.options.windowMs > 0 && this.#hurry?.windowMs !== 0;
  }

  /** What is being done about a loss; absent while all is well. */
  get reconnecting(): Reconnecting | undefined {
    if (this.#down.size === 0) return undefined;
    return { leftMs: this.#leftMs };
  }

  /** This part is gone, or could not be had back. */
  begin(part: number, cause: string): void {
    const first = this.#down.size === 0;
    this.#down.add(part);
    if (!first) return this.#goesOn(cause);
    this.#lostAt = performance.now();
    this.#cause = cause;
    this.#latest = undefined;
    this.#arm();
    this.options.onNotice(`${cause}: reconnecting, for ${formatDuration(this.#leftAt(this.#lostAt))} at most`);
  }

  /** Told of once: a receiver that is not there any more looks different from a link that was cut. */
  #goesOn(cause: string): void {
    const isNews = this.#latest === undefined && cause !== this.#cause;
    if (cause !== this.#cause) this.#latest = cause;
    if (isNews) this.options.onNotice(`${cause}: trying again, for ${formatDuration(this.#leftMs)} at most`);
  }

  /** This part is back. */
  end(part: number): void {
    if (!this.#down.delete(part) || this.#down.size > 0) return;
    clearTimeout(this.#timer);
    this.mended += 1;
    this.options.onNotice(`the link is back after ${formatDuration(this.#lastedMs)}`);
  }

  /** The guest stands still from now on, and an outage may take so long; or it runs again. */
  hurry(windowMs: number | undefined): void {
    if (windowMs === this.#hurry?.windowMs) return;
    this.#hurry = windowMs === undefined ? undefined : { since: performance.now(), windowMs };
    if (this.#down.size > 0) this.#arm();
  }

  /** Nobody waits any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#down.clear();
  }

  get #leftMs(): number {
    return this.#leftAt(performance.now());
  }

  #leftAt(now: number): number {
    const deadline = resumeDeadline({ lostAt: this.#lostAt, windowMs: this.options.windowMs, hurry: this.#hurry });
    return Math.max(0, Math.round(deadline - now));
  }

  get #lastedMs(): number {
    return Math.round(performance.now() - this.#lostAt);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const last = this.#latest === undefined ? '' : `; at last: ${this.#latest}`;
      const message = `${this.#cause}, and could not be restored within ${formatDuration(this.#lastedMs)}${last}`;
      this.options.onExpired(new WherryError('wire-closed', message));
    }, this.#leftMs);
  }
}
