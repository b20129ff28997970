import { maxCachePages } from '../../codec/job';
import { WherryError } from '../../shared/failure';
import { limits, pageBytes } from '../../shared/settings';

/** How a guest's pages are shared out among shards, and how many of them each shard's cache may hold. */
export interface LayoutBody {
  readonly shards: number;
  readonly cachePagesPerShard: number;
}

/** Body of a layout frame: u8 shards | u32 big-endian cache pages of each. */
export function layoutBody({ shards, cachePagesPerShard }: LayoutBody): Buffer {
  const body = Buffer.allocUnsafe(5);
  body.writeUInt8(shards, 0);
  body.writeUInt32BE(cachePagesPerShard, 1);
  return body;
}

/** Reads and checks a layout frame's body; throws `wire-protocol` for what no sender asks, `wire-refused` past the limit. */
export function parseLayoutBody(body: Buffer, cacheLimitBytes: number): LayoutBody {
  const layout = { shards: body.readUInt8(0), cachePagesPerShard: body.readUInt32BE(1) };
  const { shards, cachePagesPerShard } = layout;
  if (shards < limits.compressThreads.min || cachePagesPerShard > maxCachePages) {
    throw new WherryError('wire-protocol', `a layout of ${shards} shards with ${cachePagesPerShard} cache pages each`);
  }
  checkCache(layout, cacheLimitBytes);
  return layout;
}

/** Throws `wire-refused` for a cache that is larger than this side allows. */
export function checkCache({ shards, cachePagesPerShard }: LayoutBody, cacheLimitBytes: number): void {
  const cacheBytes = cachePagesPerShard * shards * pageBytes;
  if (cacheBytes > cacheLimitBytes) {
    throw new WherryError('wire-refused', `a cache of ${cacheBytes} bytes, at most ${cacheLimitBytes} allowed here`);
  }
}
