import * as v from 'valibot';
import { failureCodes } from '../shared/failure';
import { cachePolicies, methods, pageBytes } from '../shared/settings';
import { whole } from '../shared/whole';

/*
 * What the engine and its compress and decompress workers say to each other. Page bytes never cross here: a message
 * names a slot of the worker's ring (`ring.ts`), the bytes lie in that slot.
 */

/** Most pages one shard's cache can hold: 3.5 GiB, what fits one WebAssembly memory beside a job's own pages. */
export const maxCachePages = (3.5 * 2 ** 30) / pageBytes;

/** Most pages in one job; an epoch is at most 4 MiB, so this leaves room and still bounds every buffer. */
export const maxJobPages = 4096;

/** Bytes of one page key in an encode job's input region. */
export const keyBytes = 8;

/** Pages that a block's keys have room for. */
export const keyBlockPages = 2 ** 36;

/** A page's identity over the whole migration, exact as a float64: block index × 2^36 + page number in the block. */
export function pageKey(block: number, page: number): number {
  return block * keyBlockPages + page;
}

/** Bytes of a slot's input region that an encode job of this many pages needs: its keys, then its pages. */
export function encodeInputBytes(pages: number): number {
  return pages * (keyBytes + pageBytes);
}

/** Most bytes a part of this many pages can take: u32, then an op (opcode, slot, length) and at most a page for each. */
export function maxPartBytes(pages: number): number {
  return 4 + pages * (1 + 3 + 2 + pageBytes);
}

/*
 * A frame is never larger than its part, since a method that does not make a part smaller is not used. So slots for n
 * pages have inBytes = encodeInputBytes(n), outBytes = maxPartBytes(n) at a compress worker and
 * inBytes = maxPartBytes(n), outBytes = n × pageBytes at a decompress worker.
 */

const regionBytes = whole(1, maxPartBytes(maxJobPages));
const slotNumber = whole(0, 1023);
const pageCount = whole(0, maxJobPages);
const byteCount = whole(0, maxPartBytes(maxJobPages));
const method = v.picklist(methods);
const level = whole(0, 19);
const shardNumber = whole(0, 254);
const shardList = v.pipe(v.array(shardNumber), v.minLength(1), v.maxLength(255));

export const ringShapeSchema = v.strictObject({ slots: whole(1, 1024), inBytes: regionBytes, outBytes: regionBytes });
export type RingShape = v.InferOutput<typeof ringShapeSchema>;

/** A shard's `KeptSlots` as base64. */
const keptSlots = v.pipe(v.string(), v.base64(), v.maxLength(4 * Math.ceil(maxCachePages / 8 / 3)));

const ringSchema = v.strictObject({ ...ringShapeSchema.entries, path: v.pipe(v.string(), v.minLength(1)) });

/** First message to a compress worker; it answers `ready`. `cachePages` 0 or `xbzrle` false: every page goes full. */
export const openCompressSchema = v.strictObject({
  type: v.literal('open'),
  ring: ringSchema,
  /** The shards it owns; each is a compress thread with a cache of its own. */
  shards: shardList,
  /** Pages of each shard's cache. */
  cachePages: whole(0, maxCachePages),
  cachePolicy: v.picklist(cachePolicies),
  xbzrle: v.boolean(),
});
export type OpenCompress = v.InferOutput<typeof openCompressSchema>;

/** Input region: `pages` keys as float64 little-endian, then `pages` × 4096 bytes. Answered by `encoded` or `failed`. */
export const encodeJobSchema = v.strictObject({
  type: v.literal('encode'),
  slot: slotNumber,
  shard: shardNumber,
  pages: v.pipe(pageCount, v.minValue(1)),
  method,
  level,
  /** Ways to try on a sample of the part, beside the one it goes by. */
  tries: v.optional(v.pipe(v.array(v.strictObject({ method, level })), v.maxLength(2))),
});
export type EncodeJob = v.InferOutput<typeof encodeJobSchema>;

/**
 * Other shards or another size of their caches, from the next job on: a new shard starts cold, one that is not named is
 * forgotten, the others keep what still fits of what the policy values most. No input. Answered by `resized` or `failed`, after all jobs before it.
 */
export const resizeJobSchema = v.strictObject({
  type: v.literal('resize'),
  slot: slotNumber,
  shards: shardList,
  cachePages: whole(0, maxCachePages),
});
export type ResizeJob = v.InferOutput<typeof resizeJobSchema>;

export const pageCountsSchema = v.strictObject({
  /** Pages sent full, overflowed ones among them. */
  normal: pageCount,
  xbzrle: pageCount,
  unchanged: pageCount,
  /** Pages equal to one in another slot. */
  repeated: pageCount,
  /** Cached pages whose delta did not fit into a page. */
  overflow: pageCount,
  lookups: pageCount,
  hits: pageCount,
  misses: pageCount,
  /** Pages given up for others. */
  evictions: pageCount,
});
export type PageCounts = v.InferOutput<typeof pageCountsSchema>;

const triedSchema = v.strictObject({
  /** Bytes of the part that were tried on. */
  sampleBytes: byteCount,
  /** Of each way, in the order asked for: what it made of them, at most as many, and the time it took, ms. */
  results: v.array(v.strictObject({ bytes: byteCount, ms: v.number() })),
});
export type Tried = v.InferOutput<typeof triedSchema>;

const encodedSchema = v.strictObject({
  type: v.literal('encoded'),
  slot: slotNumber,
  /** Length of the frame, at the start of the slot's output region. */
  bytes: byteCount,
  /** Length of the part before its method; equals `bytes` for `none`. */
  rawBytes: byteCount,
  /** The method used: `none` where the one asked for did not make the part smaller. */
  method,
  /** Time spent on this job, waiting for others excluded. */
  busyMs: v.number(),
  /** Part bytes by class, before the method. */
  deltaBytes: byteCount,
  fullBytes: byteCount,
  counts: pageCountsSchema,
  /** The opcode of each page, in order, a digit each. */
  ops: v.pipe(v.string(), v.maxLength(maxJobPages)),
  tried: v.optional(triedSchema),
});
export type Encoded = v.InferOutput<typeof encodedSchema>;

const resizedSchema = v.strictObject({
  type: v.literal('resized'),
  slot: slotNumber,
  /** What became of each of the shards named, in their order. */
  changes: v.array(v.strictObject({ evictions: whole(0, maxCachePages), kept: v.optional(keptSlots) })),
});
export type Resized = v.InferOutput<typeof resizedSchema>;

/** First message to a decompress worker; it answers `ready`. These caps bound what any later part can cost. */
export const openDecompressSchema = v.strictObject({
  type: v.literal('open'),
  ring: ringSchema,
  cachePagesPerShard: whole(0, maxCachePages),
  /** Most pages in one part. */
  maxPages: v.pipe(pageCount, v.minValue(1)),
});
export type OpenDecompress = v.InferOutput<typeof openDecompressSchema>;

/**
 * Input region: `bytes` of frame. Answered by `decoded`, `pages` × 4096 bytes then being in the output region, or by
 * `failed`. Parts of a shard must come in the order in which they were encoded; a shard that failed once refuses all
 * that follows.
 */
export const decodeJobSchema = v.strictObject({
  type: v.literal('decode'),
  slot: slotNumber,
  shard: shardNumber,
  bytes: byteCount,
  method,
  rawBytes: byteCount,
  pages: pageCount,
});
export type DecodeJob = v.InferOutput<typeof decodeJobSchema>;

/**
 * Another layout from the next job on: slots of shards that are no more, and those beyond the size, are forgotten, the
 * others keep their pages, unless other ones are named. No input. Answered by `laidOut` or `failed`.
 */
export const layoutJobSchema = v.strictObject({
  type: v.literal('layout'),
  slot: slotNumber,
  shards: whole(1, 255),
  cachePagesPerShard: whole(0, maxCachePages),
  /** Shards whose pages move, with those they keep. */
  kept: v.optional(v.pipe(v.array(v.strictObject({ shard: shardNumber, slots: keptSlots })), v.maxLength(255))),
});
export type LayoutJob = v.InferOutput<typeof layoutJobSchema>;

const readySchema = v.strictObject({ type: v.literal('ready') });

const decodedSchema = v.strictObject({ type: v.literal('decoded'), slot: slotNumber, busyMs: v.number() });
export type Decoded = v.InferOutput<typeof decodedSchema>;

const laidOutSchema = v.strictObject({ type: v.literal('laidOut'), slot: slotNumber });
export type LaidOut = v.InferOutput<typeof laidOutSchema>;

/** A job that could not be done; without `slot` the worker itself could not be opened. */
const failedSchema = v.strictObject({
  type: v.literal('failed'),
  slot: v.optional(slotNumber),
  code: v.picklist(failureCodes),
  message: v.string(),
});
export type JobFailed = v.InferOutput<typeof failedSchema>;

/** Everything a compress worker takes. */
export const compressRequestSchema = v.variant('type', [openCompressSchema, encodeJobSchema, resizeJobSchema]);
export type CompressRequest = v.InferOutput<typeof compressRequestSchema>;

/** Everything a compress worker answers. */
export const compressReplySchema = v.variant('type', [readySchema, encodedSchema, resizedSchema, failedSchema]);
export type CompressReply = v.InferOutput<typeof compressReplySchema>;

/** Everything a decompress worker takes. */
export const decompressRequestSchema = v.variant('type', [openDecompressSchema, decodeJobSchema, layoutJobSchema]);
export type DecompressRequest = v.InferOutput<typeof decompressRequestSchema>;

/** Everything a decompress worker answers. */
export const decompressReplySchema = v.variant('type', [readySchema, decodedSchema, laidOutSchema, failedSchema]);
export type DecompressReply = v.InferOutput<typeof decompressReplySchema>;
