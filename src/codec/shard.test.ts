import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShardMap } from './shard';

const shardOf = (block: number, page: number, shards: number): number => ShardMap.of(shards).shardOf(block, page);

describe('a shard map', () => {
  it('names one of the shards, always the same, for whatever a peer may name', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 53 - 1), fc.nat(2 ** 37), fc.integer({ min: 1, max: 255 }), (block, page, shards) => {
        const shard = shardOf(block, page, shards);
        expect(Number.isInteger(shard) && shard >= 0 && shard < shards).toBe(true);
        expect(shardOf(block, page, shards)).toBe(shard);
      }),
    );
  });

  it('keeps sixteen neighbours together and splits a small hot set evenly', () => {
    const counts = Array.from({ length: 8 }, () => 0);
    for (let page = 0; page < 4096; page++) {
      expect(shardOf(0, page, 8)).toBe(shardOf(0, page - (page % 16), 8));
      counts[shardOf(0, page, 8)] = (counts[shardOf(0, page, 8)] ?? 0) + 1;
    }
    expect(counts).toEqual(counts.map(() => 512));
  });

  it.each([16, 128, 4096, 8192])('spreads pages that lie %d apart over all shards', (stride) => {
    const met = new Set(Array.from({ length: 2000 }, (_, i) => shardOf(0, i * stride, 8)));
    expect(met.size).toBeGreaterThan(stride === 128 ? 3 : 7);
  });

  const all = (map: ShardMap): number[] => [...map.owners];
  const counts = (shards: readonly number[], of: number): number[] =>
    shards.reduce(
      (sums, shard) => {
        sums[shard] = (sums[shard] ?? 0) + 1;
        return sums;
      },
      Array.from({ length: of }, () => 0),
    );

  it('has even shares after any sequence of sizes, and moves no page that could have stayed', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(sizes, ([first = 1, ...rest]) => {
        let map = ShardMap.of(first);
        for (const shards of rest) {
          const [before, next] = [map, map.resized(shards)];
          const [old, now] = [all(before), all(next)];
          const [had, has] = [counts(old, before.shards), counts(now, shards)];
          expect(Math.max(...has) - Math.min(...has)).toBeLessThanOrEqual(1);
          const least = has.reduce((sum, count, shard) => sum + Math.max(0, count - (had[shard] ?? 0)), 0);
          expect(now.filter((shard, i) => shard !== old[i])).toHaveLength(least);
          map = next;
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    [4, 5],
    [8, 9],
    [8, 4],
    [2, 3],
  ])('still splits a small hot set evenly after going from %d to %d', (from, to) => {
    const shards = all(ShardMap.of(from).resized(to));
    for (let at = 0; at + 64 <= shards.length; at += 64) {
      const of = counts(shards.slice(at, at + 64), to);
      expect(Math.max(...of)).toBeLessThanOrEqual(Math.ceil(64 / to) + 4);
    }
  });

  it('is as it was once a size is taken back', () => {
    expect(all(ShardMap.of(4).resized(4))).toEqual(all(ShardMap.of(4)));
    expect(counts(all(ShardMap.of(4).resized(5).resized(4)), 4)).toEqual([1024, 1024, 1024, 1024]);
  });
});
