import type { EncodedPart } from './dispatch/compress-pool';
import { frameHeadBytes } from './wire/frame';
import { partOverheadBytes } from './wire/epoch-frame';

/** What the sending side has done so far. Every field only grows; rates are derived by whoever reads. */
export interface SenderCounters {
  rawBytes: number;
  duplicate: number;
  normal: number;
  xbzrle: number;
  unchanged: number;
  repeated: number;
  overflow: number;
  lookups: number;
  hits: number;
  misses: number;
  /** Part bytes into the method and out of it. */
  partBytes: number;
  frameBytes: number;
  /** Wire bytes by class, framing of parts included. */
  wireXbzrle: number;
  wireNormal: number;
  wirePlain: number;
  /** Stream bytes after the last page: device state. */
  deviceBytes: number;
}

export function newSenderCounters(): SenderCounters {
  return {
    rawBytes: 0,
    duplicate: 0,
    normal: 0,
    xbzrle: 0,
    unchanged: 0,
    repeated: 0,
    overflow: 0,
    lookups: 0,
    hits: 0,
    misses: 0,
    partBytes: 0,
    frameBytes: 0,
    wireXbzrle: 0,
    wireNormal: 0,
    wirePlain: 0,
    deviceBytes: 0,
  };
}

/** Adds an encoded part. A compressed part's bytes are shared out by what went into it, since it is one frame. */
export function countPart(counters: SenderCounters, { answer, frame }: EncodedPart): void {
  const { counts, deltaBytes, fullBytes, rawBytes, method } = answer;
  counters.normal += counts.normal;
  counters.xbzrle += counts.xbzrle;
  counters.unchanged += counts.unchanged;
  counters.repeated += counts.repeated;
  counters.overflow += counts.overflow;
  counters.lookups += counts.lookups;
  counters.hits += counts.hits;
  counters.misses += counts.misses;
  counters.partBytes += rawBytes;
  counters.frameBytes += frame.length;
  const wire = frame.length + partOverheadBytes + frameHeadBytes;
  const payload = deltaBytes + fullBytes;
  const delta = payload === 0 ? 0 : Math.round((wire * deltaBytes) / payload);
  const full = payload === 0 ? 0 : wire - delta;
  counters.wireXbzrle += delta;
  if (method === 'none') counters.wirePlain += full;
  else counters.wireNormal += full;
}
