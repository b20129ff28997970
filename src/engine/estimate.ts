import type { BandMs } from '../shared/snapshot';

/** What an estimate of the pause is made from; unknown is absent. */
export interface PauseInputs {
  /** Dirty bytes still to be sent, as the source last said. */
  readonly remainingBytes: number | undefined;
  /** Wire bytes for each stream byte lately. */
  readonly wireRatio: number;
  /** Wire bytes written and not yet taken by the receiver. */
  readonly inFlightBytes: number;
  /** Stream bytes taken from the source and still in our hands. */
  readonly heldBytes: number;
  /** Wire bytes a second that the link gives. */
  readonly wireRate: number | undefined;
  /** Device state in wire bytes; a guess until it has been seen. */
  readonly deviceBytes: number;
}

/**
 * What stopping, handing over and resuming costs beside the bytes, ms: two round trips through both monitors, the
 * destination's loading of device state, and our own queue's grain. Measured on idle guests: 20 to 60 ms.
 */
const resumeMs = { low: 15, high: 80 } as const;
/** How far the last pages' compression may differ from the average so far. */
const ratioDoubt = { low: 0.5, high: 1.6 } as const;

/**
 * The pause if the guest were stopped now: (remaining × wire ratio + in flight + device state) ÷ wire rate + the cost
 * of resuming. A band, because the last pages never compress like the average. Absent until a rate is known.
 */
export function expectedPause(inputs: PauseInputs): BandMs | undefined {
  const { remainingBytes, wireRatio, inFlightBytes, heldBytes, wireRate, deviceBytes } = inputs;
  if (remainingBytes === undefined || wireRate === undefined || wireRate <= 0) return undefined;
  const pages = (remainingBytes + heldBytes) * wireRatio;
  const fixed = inFlightBytes + deviceBytes;
  const ms = (bytes: number): number => (bytes * 1000) / wireRate;
  return {
    low: Math.round(ms(pages * ratioDoubt.low + fixed) + resumeMs.low),
    high: Math.round(ms(pages * ratioDoubt.high + fixed) + resumeMs.high),
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
