import { formatBitRate, formatDuration } from './units';

/** What was found out about a link before a guest was sent over it. Unknown is absent. */
export interface LinkFigures {
  /** The shortest round trip, and the middle one, ms. */
  readonly roundTripMs: number;
  readonly roundTripMedianMs: number;
  /** Wire bytes a second that arrived; absent where too few did to say. */
  readonly throughput?: number;
  /** The limit that was kept meanwhile, bytes a second; 0: none. What the link could do beyond it is not known. */
  readonly maxBandwidth: number;
  readonly channels: number;
  /** The receiver's clock less ours, ms, and how wrong that can be at most, either way. */
  readonly clockOffsetMs: number;
  readonly clockErrorMs: number;
  /** What the test has written to the wire. */
  readonly bytes: number;
}

/**
 * Wire bytes a second to be expected of a tested link under a limit (0: none); absent where nothing is known, as under a
 * higher limit than that of the test.
 */
export function linkRate(link: LinkFigures | undefined, maxBandwidth: number): number | undefined {
  if (link?.throughput === undefined) return undefined;
  if (link.maxBandwidth > 0 && (maxBandwidth === 0 || maxBandwidth > link.maxBandwidth)) return undefined;
  return maxBandwidth === 0 ? link.throughput : Math.min(link.throughput, maxBandwidth);
}

/** How long so many bytes take over it, ms, each sent once and as it is; absent where nothing is known. */
export function moveMs(link: LinkFigures, maxBandwidth: number, bytes: number): number | undefined {
  const rate = linkRate(link, maxBandwidth);
  return rate === undefined ? undefined : (bytes * 1000) / rate;
}

/** `57.3 Mbit/s over 4 channels`; a figure that is our own limit's is told as such. */
export function throughputText({ throughput, maxBandwidth, channels }: LinkFigures): string {
  if (throughput === undefined) return 'not known';
  const over = channels === 1 ? '' : ` over ${channels} channels`;
  const held = maxBandwidth > 0 && throughput > 0.9 * maxBandwidth ? ', held by the limit' : '';
  return `${formatBitRate(throughput)}${over}${held}`;
}

/** `0.42 ms, median 0.51 ms`: the shortest and the middle one. */
export function roundTripText({ roundTripMs, roundTripMedianMs }: LinkFigures): string {
  return `${formatDuration(roundTripMs)}, median ${formatDuration(roundTripMedianMs)}`;
}

/** `12 ms ahead (±0.21 ms)`: the clock over there as seen from here. */
export function clockText({
  clockOffsetMs,
  clockErrorMs,
}: Pick<LinkFigures, 'clockOffsetMs' | 'clockErrorMs'>): string {
  const error = `(±${formatDuration(clockErrorMs)})`;
  if (Math.abs(clockOffsetMs) <= clockErrorMs) return `within ${formatDuration(clockErrorMs)} of ours`;
  return `${formatDuration(Math.abs(clockOffsetMs))} ${clockOffsetMs > 0 ? 'ahead' : 'behind'} ${error}`;
}
