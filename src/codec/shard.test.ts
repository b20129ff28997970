import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shardOf } from './shard';

describe('shardOf', () => {
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
});
