import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cachePolicies, pageBytes } from '../shared/settings';
import { maxPartBytes, pageKey } from './job';
import { PartDecoder } from './part-decoder';
import { PartEncoder } from './part-encoder';
import { op } from './part-format';
import { encode, joined, maxPages, page } from './part.testing';

/** A guest of a few pages in which each step rewrites some: not at all, a bit, or wholly. */
const step = fc.record({
  shard: fc.nat(2),
  regularBits: fc.constantFrom(undefined, 1, 9),
  touched: fc.array(
    fc.record({ number: fc.nat(9), spots: fc.array(fc.nat(pageBytes - 1), { maxLength: 5 }), all: fc.boolean() }),
    { minLength: 0, maxLength: maxPages },
  ),
});

describe('PartEncoder and PartDecoder', () => {
  const caches = [0, 1, 3, 7, 64].flatMap((slots) => cachePolicies.map((policy) => [slots, policy] as const));

  it.each(caches)('give every page back, over many parts and shards, with %d slots, %s', (cachePages, policy) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const decoder = new PartDecoder({ cachePagesPerShard: cachePages, maxPages });
        const shards = [0, 1, 2].map(() => ({
          encoder: new PartEncoder(maxPages, cachePages, policy),
          memory: Array.from({ length: 10 }, (_, i) => page(i)),
        }));
        for (const [tick, { shard, regularBits, touched }] of steps.entries()) {
          const { encoder, memory } = shards[shard] as (typeof shards)[number];
          const pages = touched.map(({ number, spots, all }) => {
            const bytes = memory[number] as Uint8Array;
            for (const spot of spots) bytes[spot] = tick + spot;
            if (all && spots.length === 0) bytes.fill(number % 2);
            else if (all) for (let i = 0; i < pageBytes; i += 2) bytes[i] = (bytes[i] as number) + 1;
            return { key: pageKey(shard, number * 1000), bytes: bytes.slice() };
          });
          const { payload, counts } = encode(encoder, pages, regularBits);
          expect(payload.length).toBeLessThanOrEqual(maxPartBytes(pages.length));
          expect(counts.normal + counts.xbzrle + counts.unchanged + counts.repeated).toBe(pages.length);
          expect(counts.hits).toBeGreaterThanOrEqual(counts.xbzrle + counts.unchanged + counts.overflow);
          expect(joined(pages).equals(decoder.decode(shard, payload, pages.length))).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('says what became of each page', () => {
    const encoder = new PartEncoder(maxPages, 2, 'lru');
    const changed = page(1);
    changed[5] = 9;
    const first = encode(encoder, [
      { key: 1, bytes: page(1) },
      { key: 2, bytes: page(2) },
    ]);
    expect(first.counts).toEqual({
      normal: 2,
      xbzrle: 0,
      unchanged: 0,
      repeated: 0,
      overflow: 0,
      lookups: 2,
      hits: 0,
      misses: 2,
      evictions: 0,
    });
    expect(first).toMatchObject({ deltaBytes: 0, fullBytes: 2 * pageBytes, ops: '22' });
    const second = encode(encoder, [
      { key: 1, bytes: changed },
      { key: 2, bytes: page(2) },
      { key: 1, bytes: page(77) },
      { key: 3, bytes: page(3) },
      { key: 2, bytes: page(2) },
    ]);
    expect(second.counts).toEqual({
      normal: 3,
      xbzrle: 1,
      unchanged: 1,
      repeated: 0,
      overflow: 1,
      lookups: 5,
      hits: 3,
      misses: 2,
      evictions: 2,
    });
    const ops = [op.delta, 0, 3, op.unchanged, 1, op.fullStore, 0, op.fullStore, 1, op.fullStore, 0];
    expect(second.ops).toBe('34222');
    expect([...second.payload.subarray(0, 18)]).toEqual([11, 0, 0, 0, ...ops, 5, 1, 9]);
  });

  it('sends a page that is in some slot as a reference, whatever its address', () => {
    const decoder = new PartDecoder({ cachePagesPerShard: 4, maxPages });
    const encoder = new PartEncoder(maxPages, 4, 'lru');
    const changed = page(9).fill(1, 0, 2000);
    const steps = [
      [7, 7, 8, 7].map((fill, key) => ({ key, bytes: page(fill) })),
      [
        { key: 2, bytes: page(7) }, // another page, now like the others
        { key: 0, bytes: changed }, // the slot that was referred to changes
        { key: 9, bytes: page(7) }, // and is not referred to any more
        { key: 8, bytes: changed },
      ],
    ];
    const counted = steps.map((pages) => {
      const { payload, counts } = encode(encoder, pages);
      expect(joined(pages).equals(decoder.decode(0, payload, pages.length))).toBe(true);
      return counts;
    });
    expect(counted).toMatchObject([
      { normal: 2, repeated: 2, misses: 4 },
      { normal: 2, repeated: 2, overflow: 1 },
    ]);
  });

  it('starts cold after a worker was replaced, and the decoder follows', () => {
    const decoder = new PartDecoder({ cachePagesPerShard: 2, maxPages });
    for (let life = 0; life < 3; life++) {
      const encoder = new PartEncoder(maxPages, 2, 'lru');
      for (let part = 0; part < 3; part++) {
        const pages = [{ key: 4, bytes: page(life * 3 + part) }];
        const { payload } = encode(encoder, pages);
        expect(joined(pages).equals(decoder.decode(0, payload, 1))).toBe(true);
      }
    }
  });
});
