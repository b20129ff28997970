import type { CacheFigures, WayCounts } from '../shared/snapshot';
import { pageBytes } from '../shared/settings';
import { sameWay, type Way } from '../shared/way';
import type { EncodedPart } from './dispatch/compress-pool';
import type { Epoch } from './dispatch/epoch-builder';
import { frameHeadBytes } from './wire/frame';
import { partOverheadBytes } from './wire/epoch-frame';

/** How pages go that lie in an epoch's table. */
const asItComes: Way = { method: 'none', level: 0, asItComes: true };

/** What one shard's cache has done so far. */
type ShardCounters = { -readonly [Name in keyof CacheFigures]: number };

/** What went one way. */
type WayCounters = { -readonly [Name in keyof WayCounts]: WayCounts[Name] };

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
  evictions: number;
  /** By shard; one that has had no part yet may be absent. */
  shards: ShardCounters[];
  /** Part bytes into the method and out of it. */
  partBytes: number;
  frameBytes: number;
  /** Pages sent uncompressed because their thread was busy. */
  busy: number;
  /** The same by the way the parts went, in the order in which the ways were first taken. */
  ways: WayCounters[];
  /** Wire bytes by class, framing of parts included. */
  wireZero: number;
  wireUnchanged: number;
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
    evictions: 0,
    shards: [],
    partBytes: 0,
    frameBytes: 0,
    busy: 0,
    ways: [],
    wireZero: 0,
    wireUnchanged: 0,
    wireXbzrle: 0,
    wireNormal: 0,
    wirePlain: 0,
    deviceBytes: 0,
  };
}

/** Adds what an epoch's table carries: zero pages, and pages that go as they came. */
export function countEpoch(counters: SenderCounters, { zeroPages, plainPages }: Epoch): void {
  const bytes = plainPages * pageBytes;
  counters.duplicate += zeroPages;
  counters.normal += plainPages;
  counters.partBytes += bytes;
  counters.frameBytes += bytes;
  counters.wirePlain += bytes;
  if (plainPages === 0) return;
  const way = wayCounters(counters, asItComes);
  way.rawBytes += bytes;
  way.compressedBytes += bytes;
}

/** Adds an epoch's table as it goes, so many bytes long: what of it stands for zero pages. */
export function countTable(counters: SenderCounters, { table, zeroBytes }: Epoch, packedBytes: number): void {
  if (table.length > 0) counters.wireZero += Math.round((packedBytes * zeroBytes) / table.length);
}

/**
 * Adds an encoded part. A compressed part's bytes are shared out by what went into it, since it is one frame: data, and
 * an equal share of the ops for each page.
 */
export function countPart(counters: SenderCounters, { shard, answer, frame, way }: EncodedPart): void {
  const { counts, deltaBytes, fullBytes, rawBytes, method } = answer;
  counters.normal += counts.normal;
  counters.xbzrle += counts.xbzrle;
  counters.unchanged += counts.unchanged;
  counters.repeated += counts.repeated;
  countCache(counters, shard, counts);
  counters.partBytes += rawBytes;
  counters.frameBytes += frame.length;
  const wire = frame.length + partOverheadBytes + frameHeadBytes;
  const referred = counts.unchanged + counts.repeated;
  const opBytes = Math.max(0, rawBytes - deltaBytes - fullBytes) / (referred + counts.xbzrle + counts.normal);
  const delta = Math.round((wire * (deltaBytes + opBytes * counts.xbzrle)) / rawBytes);
  const unchanged = Math.round((wire * opBytes * referred) / rawBytes);
  const full = wire - delta - unchanged;
  counters.wireXbzrle += delta;
  counters.wireUnchanged += unchanged;
  if (method === 'none') counters.wirePlain += full;
  else counters.wireNormal += full;
  const taken = wayCounters(counters, way);
  taken.rawBytes += rawBytes;
  taken.compressedBytes += frame.length;
}

function wayCounters({ ways }: SenderCounters, taken: Way): WayCounters {
  const known = ways.find((way) => sameWay(way, taken));
  if (known !== undefined) return known;
  const added = { ...taken, rawBytes: 0, compressedBytes: 0 };
  ways.push(added);
  return added;
}

/** Adds what a shard's cache did, to the totals and to its own figures. */
export function countCache(counters: SenderCounters, shard: number, counts: CacheFigures): void {
  while (counters.shards.length <= shard) counters.shards.push(noFigures());
  for (const name of cacheFigures) {
    counters[name] += counts[name];
    (counters.shards[shard] as ShardCounters)[name] += counts[name];
  }
}

/** Adds pages that a shard's cache gave up because it shrank. */
export function countEvictions(counters: SenderCounters, shard: number, evictions: number): void {
  countCache(counters, shard, { ...noFigures(), evictions });
}

const cacheFigures = ['lookups', 'hits', 'misses', 'evictions', 'overflow'] as const satisfies (keyof CacheFigures)[];

function noFigures(): ShardCounters {
  return { lookups: 0, hits: 0, misses: 0, evictions: 0, overflow: 0 };
}
