/** Pages that stay together: neighbours compress better in one part, and 64 KiB still spreads a small hot set evenly. */
const groupBits = 4;
const regionBits = 12;

/**
 * The shard of a page: stable over the whole migration, since the shard's cache knows the page. Groups of 16 pages go
 * round the shards, so that a contiguous hot set is split evenly; each 16 MiB region starts at a scrambled shard, so
 * that a regular stride through memory does not always meet the same one.
 */
export function shardOf(block: number, page: number, shards: number): number {
  const region = Math.floor(page / 2 ** regionBits);
  const scrambled = Math.imul(Math.imul(block + 1, 0x9e3779b1) ^ region, 0x85ebca6b) >>> 8;
  return (Math.floor(page / 2 ** groupBits) + scrambled) % shards;
}
