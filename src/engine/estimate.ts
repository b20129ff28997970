import type { BandMs } from '../shared/snapshot';

/** What an estimate of the pause is made from; unknown is absent. */
export interface PauseInputs {
  /** Dirty bytes still to be sent, as the source last said. */
  readonly remainingBytes: number | undefined;
  /** Dirty bytes that the present round began with; absent in the first one. */
  readonly roundBytes: number | undefined;
  readonly downtimeLimitMs: number;
  /** The share of it that the source plans with at this moment, see `StopShare`; it may plan with all of it later. */
  readonly plannedShare: number;
  /** Stream bytes taken from the source and not yet at the destination. */
  readonly heldBytes: number;
  /** Stream bytes a second that get through, whatever limits them: link, compressor or destination. */
  readonly guestRate: number | undefined;
  /** Wire bytes written and not yet taken by the receiver. */
  readonly inFlightBytes: number;
  /** Wire bytes a second that the link gives. */
  readonly wireRate: number | undefined;
  /** To the destination's host and back, ms; 0 in one host. */
  readonly roundTripMs: number;
  /** Device state, stream bytes; a guess until it has been seen. */
  readonly deviceBytes: number;
  /** How late this process does what is due, ms. */
  readonly lagMs: number;
  /** The guest does not come to a switchover by itself, or is not waited for: what it would cost at this moment. */
  readonly now: boolean;
}

/**
 * What stopping, handing over and resuming costs beside the bytes, ms: two round trips through both monitors, and the
 * destination's loading of device state.
 */
const resumeMs = { low: 8, high: 60 } as const;
/**
 * Round trips to the destination's host in a pause: the last bytes go there, the destination's word comes back on the
 * return path, and `cont` goes there. At most, what the bound on bytes under way lets the wire hold takes one more.
 */
const roundTrips = { low: 1.5, high: 2.5 } as const;
/** The last pages mostly go faster than those before: more of them are deltas, and nothing dirties pages meanwhile. */
const lastPagesFaster = 0.4;
/** A source that has sent pages down to its threshold has seldom sent many more before it looks again. */
const leastShare = 0.5;

/**
 * The pause: (dirty pages left when the source stops the guest + what is on the way + device state) ÷ the pace of the
 * stream, which is that of the wire by the wire ratio of late, + the cost of resuming and the way there. The source stops the guest once
 * what is left fits its threshold, pace × limit: that much at most, and half of it at least unless a whole round is
 * less. With `now` it is what is dirty in mid-round: no less than remains, no more than the round began with. Absent
 * until a pace is known.
 */
export function expectedPause(inputs: PauseInputs): BandMs | undefined {
  const { guestRate, wireRate, heldBytes, inFlightBytes, deviceBytes, roundTripMs } = inputs;
  const left = bytesLeft(inputs);
  if (left === undefined || !guestRate || !wireRate) return undefined;
  const stream = (bytes: number): number => (bytes * 1000) / guestRate;
  const onTheWay = stream(heldBytes) + (inFlightBytes * 1000) / wireRate;
  return {
    low: Math.round(stream(left.low + deviceBytes) * lastPagesFaster + resumeMs.low + roundTrips.low * roundTripMs),
    high: Math.round(
      stream(left.high + deviceBytes) + onTheWay + resumeMs.high + roundTrips.high * roundTripMs + inputs.lagMs,
    ),
  };
}

/** Dirty bytes at the moment the guest is stopped. */
function bytesLeft(inputs: PauseInputs): { readonly low: number; readonly high: number } | undefined {
  const { remainingBytes, roundBytes, guestRate = 0, downtimeLimitMs } = inputs;
  if (remainingBytes === undefined) return undefined;
  if (inputs.now) return { low: remainingBytes, high: Math.max(remainingBytes, roundBytes ?? 0) };
  const threshold = (guestRate * sourceDowntimeLimit(downtimeLimitMs)) / 1000;
  const most = Math.min(threshold, roundBytes ?? threshold);
  return { low: most * leastShare * inputs.plannedShare, high: threshold };
}

/** The shortest downtime limit with which the source takes a pause of so many milliseconds for its pages. */
export function downtimeLimitFor(pagesMs: number): number {
  return Math.ceil(Math.min(pagesMs + keptBackMs, pagesMs / leastGiven));
}

/** Of the operator's limit: kept back, ms, and the share that the source gets at least. */
const keptBackMs = 120;
const leastGiven = 0.4;

/**
 * The downtime limit given to the source. QEMU plans with the whole limit for the pages alone; what our own queue, the
 * device state and resuming take is kept back, so that the pause the guest sees stays under the operator's limit.
 */
export function sourceDowntimeLimit(limitMs: number): number {
  return Math.max(1, Math.round(Math.max(limitMs - keptBackMs, limitMs * leastGiven)));
}
