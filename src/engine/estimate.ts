import type { BandMs } from '../shared/snapshot';

/** What an estimate of the pause is made from; unknown is absent. */
export interface PauseInputs {
  /** Dirty bytes still to be sent, as the source last said. */
  readonly remainingBytes: number | undefined;
  /** Bytes the guest dirties a second. */
  readonly dirtyRate: number | undefined;
  readonly downtimeLimitMs: number;
  /** Stream bytes taken from the source and not yet at the destination. */
  readonly heldBytes: number;
  /** Stream bytes a second that get through, whatever limits them: link, compressor or destination. */
  readonly guestRate: number | undefined;
  /** Wire bytes written and not yet taken by the receiver. */
  readonly inFlightBytes: number;
  /** Wire bytes a second that the link gives. */
  readonly wireRate: number | undefined;
  /** Device state, stream bytes; a guess until it has been seen. */
  readonly deviceBytes: number;
  /** The guest is to be stopped now, whatever that costs. */
  readonly now?: boolean;
}

/**
 * What stopping, handing over and resuming costs beside the bytes, ms: two round trips through both monitors, and the
 * destination's loading of device state.
 */
const resumeMs = { low: 15, high: 60 } as const;
/** The last pages mostly go faster than those before: more of them are deltas, and nothing dirties pages meanwhile. */
const lastPagesFaster = 0.3;

/**
 * The pause: (dirty pages left when the source stops the guest + what is on the way + device state) ÷ the pace of the
 * stream + the cost of resuming. A band: at best what remains now is sent, at worst a last dirty sync brings as much
 * as the source's threshold (pace × limit) lets through. Where the guest dirties faster than the stream flows there is
 * no such moment in sight, and the figure says what stopping at once would cost. Absent until a pace is known.
 */
export function expectedPause(inputs: PauseInputs): BandMs | undefined {
  const { remainingBytes, dirtyRate, guestRate, wireRate, heldBytes, inFlightBytes, deviceBytes } = inputs;
  if (remainingBytes === undefined || !guestRate || !wireRate) return undefined;
  const converging = inputs.now !== true && (dirtyRate === undefined || dirtyRate < guestRate);
  const threshold = (guestRate * sourceDowntimeLimit(inputs.downtimeLimitMs)) / 1000;
  const fresh = Math.min(dirtyRate ?? 0, threshold);
  const most = converging ? Math.min(Math.max(remainingBytes, fresh), threshold) : Math.max(remainingBytes, fresh);
  const least = Math.min(remainingBytes, converging ? fresh : remainingBytes);
  const stream = (bytes: number): number => (bytes * 1000) / guestRate;
  const inFlightMs = (inFlightBytes * 1000) / wireRate;
  return {
    low: Math.round(stream(least + deviceBytes) * lastPagesFaster + resumeMs.low),
    high: Math.round(stream(most + heldBytes + deviceBytes) + inFlightMs + resumeMs.high),
  };
}

/**
 * The downtime limit given to the source. QEMU plans with the whole limit for the pages alone; what our own queue, the
 * device state and resuming take is kept back, so that the pause the guest sees stays under the operator's limit.
 */
export function sourceDowntimeLimit(limitMs: number): number {
  const keptBack = 120;
  return Math.max(1, Math.round(Math.max(limitMs - keptBack, limitMs * 0.4)));
}
