import { maxCachePages } from '../../codec/job';
import { WherryError } from '../../shared/failure';
import { limits, pageBytes } from '../../shared/settings';

/** How a guest's pages are shared out among shards, and how many of them each shard's cache may hold. */
export interface LayoutBody {
  readonly shards: number;
  readonly cachePagesPerShard: number;
  /** Shards whose pages have moved, each with the slots that kept theirs, a bit a slot. */
  readonly kept: ReadonlyMap<number, Uint8Array>;
}

const headBytes = 5;
const keptHeadBytes = 5;
const maxKeptBytes = Math.ceil(maxCachePages / 8);

/**
 * Body of a layout frame, integers big-endian: u8 shards | u32 cache pages of each, then for each shard that has kept
 * other slots than those below, in ascending order: u8 shard | u32 bytes | a bit a slot, lowest first.
 */
export function layoutBody({ shards, cachePagesPerShard, kept }: LayoutBody): readonly Uint8Array[] {
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt8(shards, 0);
  head.writeUInt32BE(cachePagesPerShard, 1);
  const moved = [...kept].sort(([a], [b]) => a - b);
  return [head, ...moved.flatMap(([shard, slots]) => [keptHead(shard, slots.length), slots])];
}

function keptHead(shard: number, bytes: number): Buffer {
  const head = Buffer.allocUnsafe(keptHeadBytes);
  head.writeUInt8(shard, 0);
  head.writeUInt32BE(bytes, 1);
  return head;
}

/** Reads and checks a layout frame's body; throws `wire-protocol` for what no sender asks, `wire-refused` past the limit. */
export function parseLayoutBody(body: Buffer, cacheLimitBytes: number): LayoutBody {
  const layout = { shards: body.readUInt8(0), cachePagesPerShard: body.readUInt32BE(1), kept: readKept(body) };
  const { shards, cachePagesPerShard } = layout;
  if (shards < limits.compressThreads.min || cachePagesPerShard > maxCachePages) {
    throw new WherryError('wire-protocol', `a layout of ${shards} shards with ${cachePagesPerShard} cache pages each`);
  }
  checkCache(layout, cacheLimitBytes);
  return layout;
}

function readKept(body: Buffer): ReadonlyMap<number, Uint8Array> {
  const kept = new Map<number, Uint8Array>();
  let last = -1;
  for (let at = headBytes; at < body.length;) {
    const isCut = at + keptHeadBytes > body.length;
    const [shard, bytes] = isCut ? [NaN, NaN] : [body.readUInt8(at), body.readUInt32BE(at + 1)];
    const end = at + keptHeadBytes + bytes;
    if (!(shard > last && shard < body.readUInt8(0) && bytes <= maxKeptBytes && end <= body.length)) {
      throw new WherryError('wire-protocol', `a layout whose kept slots of shard ${shard} are ${bytes} bytes`);
    }
    kept.set(shard, body.subarray(at + keptHeadBytes, end));
    [last, at] = [shard, end];
  }
  return kept;
}

/** Cache pages of each shard, of those asked for, that fit into what this side allows. */
export function allowedPages(
  { shards, cachePagesPerShard }: Pick<LayoutBody, 'shards' | 'cachePagesPerShard'>,
  cacheLimitBytes: number,
): number {
  return Math.min(cachePagesPerShard, Math.floor(cacheLimitBytes / pageBytes / shards));
}

/** Throws `wire-refused` for a cache that is larger than this side allows: the sender knows the limit by then. */
function checkCache(
  { shards, cachePagesPerShard }: Pick<LayoutBody, 'shards' | 'cachePagesPerShard'>,
  cacheLimitBytes: number,
): void {
  const cacheBytes = cachePagesPerShard * shards * pageBytes;
  if (cacheBytes > cacheLimitBytes) {
    throw new WherryError('wire-refused', `a cache of ${cacheBytes} bytes, at most ${cacheLimitBytes} allowed here`);
  }
}
