import type { BandMs } from '../shared/snapshot';

/** What the times ahead are worked out from; bytes, and bytes a second; unknown is absent. */
export interface EtaInputs {
  /** Dirty bytes left in this round. */
  readonly remainingBytes: number | undefined;
  /** Dirty bytes gone a second, of late. */
  readonly drainRate: number | undefined;
  /** The same since the round began. */
  readonly roundDrainRate?: number | undefined;
  /** What this round began with; absent in the first. */
  readonly roundBytes: number | undefined;
  /** What a round begins with as a share of the one before. */
  readonly shrink: number | undefined;
  /** Dirty bytes with which the source stops the guest. */
  readonly fitBytes: number;
}

/** What is this close to fitting may fit in the next round. */
export const nearly = 1.25;

/** Beyond this an estimate says nothing. */
const longestMs = 30 * 24 * 3_600_000;

/** Milliseconds until the pages of this round are sent, at the pace of late; absent when nobody can say. */
export function roundLeft({ remainingBytes, drainRate }: EtaInputs): number | undefined {
  if (remainingBytes === undefined || !drainRate) return undefined;
  const ms = (remainingBytes * 1000) / drainRate;
  return ms > longestMs ? undefined : Math.round(ms);
}

/**
 * Milliseconds until the pages of this round are sent, between the pace of late and that of the whole round so far, and
 * a tenth beyond either; absent when nobody can say.
 */
export function roundLeftBand(inputs: EtaInputs): BandMs | undefined {
  const { remainingBytes, drainRate, roundDrainRate = drainRate } = inputs;
  const left = roundLeft(inputs);
  if (left === undefined || remainingBytes === undefined || !drainRate || !roundDrainRate) return undefined;
  const [slow, fast] = [Math.min(drainRate, roundDrainRate), Math.max(drainRate, roundDrainRate)];
  const at = (rate: number): number => (remainingBytes * 1000) / rate;
  const high = at(slow) * 1.1;
  return high > longestMs ? undefined : { low: Math.round(at(fast) * 0.9), high: Math.round(high) };
}

/**
 * Milliseconds until the source stops the guest: what is left of this round, and the rounds after it, each by the
 * factor `shrink` smaller than the one before, until one fits. The low end takes rounds to get smaller faster, the high
 * end more slowly than they did. Absent in the first round, where nobody knows what comes after it, and where rounds
 * do not get smaller.
 */
export function timeToSwitchover(inputs: EtaInputs): BandMs | undefined {
  const { drainRate, roundBytes, shrink, fitBytes } = inputs;
  const left = roundLeft(inputs);
  if (left === undefined || !drainRate || roundBytes === undefined) return undefined;
  if (roundBytes <= fitBytes) return { low: 0, high: left };
  // It may be the next one that fits.
  const next = { low: 0, high: Math.round(left + (roundBytes * 1000) / drainRate) };
  if (shrink === undefined || shrink >= 0.98) return roundBytes <= fitBytes * nearly ? next : undefined;
  const more = (factor: number): number => (roundsToCome(roundBytes, fitBytes, factor) * 1000) / drainRate;
  const [low, high] = [left * 0.8 + more(shrink * 0.8), left * 1.2 + more((1 + 2 * shrink) / 3)];
  return high > longestMs ? undefined : { low: Math.round(low), high: Math.round(high) };
}

/** Bytes of all rounds after this one until one fits; a geometric series, so also where there are very many. */
function roundsToCome(roundBytes: number, fitBytes: number, factor: number): number {
  const rounds = Math.max(0, Math.ceil(Math.log(Math.max(fitBytes, 4096) / roundBytes) / Math.log(factor)) - 1);
  return (roundBytes * factor * (1 - factor ** rounds)) / (1 - factor);
}
