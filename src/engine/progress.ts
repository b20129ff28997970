import { bottleneckOf, noWaits, waitShares, type Waits } from './bottleneck';

/** What a sender has done so far; every figure only grows. */
export interface Progress {
  /** Stream bytes taken from the source. */
  readonly rawBytes: number;
  /** Of these, pages that were not zero; on what way does not matter. */
  readonly pageBytes: number;
  /** Part bytes into the method and out of it. */
  readonly partBytes: number;
  readonly frameBytes: number;
  readonly wireBytes: number;
  readonly waits: Waits;
}

/** Rates of some time, bytes a ms, and what was waited for. */
export interface Window {
  readonly raw: number;
  readonly page: number;
  readonly part: number;
  readonly frame: number;
  readonly wire: number;
  readonly linkShare: number;
  readonly limits: string;
}

/** What went on in some time, ms and bytes. */
export interface Spent {
  readonly ms: number;
  readonly raw: number;
  readonly page: number;
  readonly part: number;
  readonly frame: number;
  readonly wire: number;
  readonly waits: Waits;
}

export const nothingSpent: Spent = {
  ms: 0,
  raw: 0,
  page: 0,
  part: 0,
  frame: 0,
  wire: 0,
  waits: noWaits,
};

export function spentBetween(from: Progress, to: Progress, ms: number): Spent {
  return {
    ms,
    raw: to.rawBytes - from.rawBytes,
    page: to.pageBytes - from.pageBytes,
    part: to.partBytes - from.partBytes,
    frame: to.frameBytes - from.frameBytes,
    wire: to.wireBytes - from.wireBytes,
    waits: combined(to.waits, from.waits, (a, b) => a - b),
  };
}

export function sumOf(a: Spent, b: Spent): Spent {
  return {
    ms: a.ms + b.ms,
    raw: a.raw + b.raw,
    page: a.page + b.page,
    part: a.part + b.part,
    frame: a.frame + b.frame,
    wire: a.wire + b.wire,
    waits: combined(a.waits, b.waits, (x, y) => x + y),
  };
}

function combined(a: Waits, b: Waits, by: (a: number, b: number) => number): Waits {
  return {
    limitedMs: by(a.limitedMs, b.limitedMs),
    blockedMs: by(a.blockedMs, b.blockedMs),
    compressMs: by(a.compressMs, b.compressMs),
    heldMs: by(a.heldMs, b.heldMs),
    sourceMs: by(a.sourceMs, b.sourceMs),
  };
}

export function windowOf({ ms, raw, page, part, frame, wire, waits }: Spent): Window {
  const shares = waitShares(waits, ms);
  const limiting = bottleneckOf(shares);
  return {
    raw: raw / ms,
    page: page / ms,
    part: part / ms,
    frame: frame / ms,
    wire: wire / ms,
    linkShare: shares.link,
    limits: limiting === undefined ? 'nothing else limits' : `the ${limiting} limits`,
  };
}
