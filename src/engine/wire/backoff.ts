/** The first wait that is one, and the longest, ms. */
const firstMs = 100;
const longestMs = 2000;

/**
 * How long to wait before a try to reconnect, ms: the first at once, then twice as long each time. A share of each wait
 * is left to chance, so that many senders cut off together do not all come back together.
 * @param tries how many there were before
 * @param random from 0 to 1
 */
export function backoffMs(tries: number, random: number): number {
  if (tries === 0) return 0;
  return Math.min(longestMs, firstMs * 2 ** (tries - 1)) * (0.5 + random / 2);
}

/** An outage as its deadline depends on it; times of one clock, ms. */
export interface OutageTimes {
  readonly lostAt: number;
  /** How long a link may be gone. */
  readonly windowMs: number;
  /** Since when the guest stands still for the switchover, and how long the link may be gone then. */
  readonly hurry?: { readonly since: number; readonly windowMs: number } | undefined;
}

/** When a link that is still gone is given up. While the guest waits, the shorter of the two windows counts. */
export function resumeDeadline({ lostAt, windowMs, hurry }: OutageTimes): number {
  const usual = lostAt + windowMs;
  return hurry === undefined ? usual : Math.min(usual, Math.max(lostAt, hurry.since) + hurry.windowMs);
}
