import { maxCachePages } from '../../codec/job';
import { WherryError } from '../../shared/failure';
import { pageBytes } from '../../shared/settings';

/** Pages one part may hold: large enough for a good ratio, small enough that many workers' rings stay affordable. */
export function partPages(threads: number): number {
  return Math.max(64, Math.min(256, Math.ceil(4096 / threads)));
}

/** Cache pages of each shard; at least one while XBZRLE is on. Throws `usage` for more than its workers can address. */
export function shardCachePages(cacheBytes: number, threads: number): number {
  const pages = Math.floor(cacheBytes / pageBytes / threads);
  if (pages > maxCachePages) {
    const most = threads * maxCachePages * pageBytes;
    throw new WherryError(
      'usage',
      `XBZRLE cache size: ${threads} compress threads hold ${most} bytes, got ${cacheBytes}`,
    );
  }
  return cacheBytes === 0 ? 0 : Math.max(1, pages);
}

/** How the guest's pages are shared out: what both ends have to agree on. */
export interface Layout {
  readonly shards: number;
  readonly cachePagesPerShard: number;
}

/** The layout for these settings; throws `usage` for a cache that the threads cannot address. */
export function layoutFor(cacheBytes: number, threads: number): Layout {
  return { shards: threads, cachePagesPerShard: shardCachePages(cacheBytes, threads) };
}

/** The threads that live in a process, or are to live in one that is not there yet. */
export interface Home<Process> {
  readonly process: Process;
  readonly shards: readonly number[];
}

/** Threads stay where they are; new ones go where there are fewest, new processes included, `processes` at most. */
export function shareOut<Process>(
  before: readonly Home<Process>[],
  { shards }: Layout,
  processes: number,
): readonly Home<Process | undefined>[] {
  const homes: { process: Process | undefined; shards: number[] }[] = before
    .map((home) => ({ process: home.process, shards: home.shards.filter((shard) => shard < shards) }))
    .filter((home) => home.shards.length > 0);
  while (homes.length < Math.min(shards, Math.max(1, processes))) homes.push({ process: undefined, shards: [] });
  const housed = new Set(homes.flatMap((home) => home.shards));
  for (let shard = 0; shard < shards; shard++) {
    if (!housed.has(shard)) homes.reduce((a, b) => (b.shards.length < a.shards.length ? b : a)).shards.push(shard);
  }
  return homes.filter((home) => home.shards.length > 0);
}
