import type { Arrival } from './wire/probe';

/** Arrivals over a shorter time say nothing, ms. */
const shortestMs = 30;

/** Round trips in which TCP, which doubles what is on its way with each, has mostly found out what the link carries. */
const rampTrips = 8;

/**
 * Wire bytes a second that arrived over all channels, from what the receiver says had arrived when. The first half of
 * the time is left out, in which TCP feels its way; on a long way more of it, up to three quarters. So is what came after
 * the first channel had everything. Between two looks bytes are taken to come evenly. Absent where that leaves too
 * little time, or nothing came in it.
 */
export function throughputOf(channels: readonly (readonly Arrival[])[], roundTripMs = 0): number | undefined {
  const heard = channels.filter(({ length }) => length > 1);
  if (heard.length === 0) return undefined;
  const begun = Math.min(...heard.map((arrivals) => (arrivals[0] as Arrival).atMs));
  const end = Math.min(...heard.map((arrivals) => (arrivals.at(-1) as Arrival).atMs));
  if (!(end - begun >= shortestMs)) return undefined;
  const took = end - begun;
  const from = begun + Math.min(Math.max(took / 2, rampTrips * roundTripMs), (took * 3) / 4);
  const bytes = heard.reduce((sum, arrivals) => sum + bytesAt(arrivals, end) - bytesAt(arrivals, from), 0);
  return bytes > 0 ? (bytes * 1000) / (end - from) : undefined;
}

/** What had arrived at a time; looks are in the order of their times. */
function bytesAt(arrivals: readonly Arrival[], atMs: number): number {
  let before: Arrival | undefined;
  for (const after of arrivals) {
    if (after.atMs >= atMs) {
      if (before === undefined || after.atMs === before.atMs) return after.bytes;
      return before.bytes + ((after.bytes - before.bytes) * (atMs - before.atMs)) / (after.atMs - before.atMs);
    }
    before = after;
  }
  return before?.bytes ?? 0;
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const [low = NaN, high = NaN] = [sorted[half - 1], sorted[half]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}
