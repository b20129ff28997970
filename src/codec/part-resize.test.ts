import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cachePolicies, pageBytes } from '../shared/settings';
import { noSlots } from './compaction';
import { PartDecoder } from './part-decoder';
import { PartEncoder, type EncodedPart } from './part-encoder';
import { op } from './part-format';
import { encode, joined, maxPages, page, part } from './part.testing';

/** What each shard's sender has kept, as the decoder takes it. */
function keptOf(shards: readonly { readonly kept?: Uint8Array | undefined }[]): ReadonlyMap<number, Uint8Array> {
  return new Map(shards.flatMap(({ kept }, shard) => (kept === undefined ? [] : [[shard, kept] as const])));
}

describe('PartEncoder and PartDecoder whose cache is resized', () => {
  const sizes = fc.array(
    fc.oneof(
      fc.record({ size: fc.constantFrom(0, 1, 2, 5, 9, 64) }),
      fc.record({
        touched: fc.array(fc.record({ number: fc.nat(9), spot: fc.nat(pageBytes - 1) }), { maxLength: 12 }),
      }),
    ),
    { maxLength: 30 },
  );

  it.each(cachePolicies)('give every page back, over any sequence of sizes, %s', (policy) => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 3, 8), sizes, (first, steps) => {
        const decoder = new PartDecoder({ cachePagesPerShard: first, maxPages });
        const shards = [0, 1].map(() => ({
          encoder: new PartEncoder(maxPages, first, policy),
          memory: Array.from({ length: 10 }, (_, i) => page(i)),
          held: 0,
          kept: undefined as Uint8Array | undefined,
        }));
        let size: number = first;
        for (const [tick, step] of steps.entries()) {
          if ('size' in step) {
            for (const shard of shards) {
              const { evictions, kept } = shard.encoder.resize(step.size);
              expect(evictions).toBe(Math.max(0, shard.held - step.size));
              shard.held = Math.min(shard.held, step.size);
              shard.kept = kept;
            }
            decoder.layOut(2, step.size, keptOf(shards));
            size = step.size;
          } else {
            const number = tick % 2;
            const shard = shards[number] as (typeof shards)[number];
            const pages = step.touched.map(({ number: key, spot }) => {
              const bytes = shard.memory[key] as Uint8Array;
              bytes[spot] = tick;
              return { key, bytes: bytes.slice() };
            });
            const { payload, counts } = encode(shard.encoder, pages);
            shard.held += counts.misses - counts.evictions;
            expect(shard.held).toBeLessThanOrEqual(size);
            expect(joined(pages).equals(decoder.decode(number, payload, pages.length))).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keep what still fits, and nothing of a shard that was gone in between', () => {
    const decoder = new PartDecoder({ cachePagesPerShard: 4, maxPages });
    const encoder = new PartEncoder(maxPages, 4, 'lru');
    const pages = [1, 2, 3].map((fill) => ({ key: fill, bytes: page(fill) }));
    const carry = (): EncodedPart['counts'] => {
      const { payload, counts } = encode(encoder, pages);
      expect(joined(pages).equals(decoder.decode(1, payload, pages.length))).toBe(true);
      return counts;
    };
    expect(carry()).toMatchObject({ misses: 3 });
    expect(encoder.resize(8)).toEqual({ evictions: 0 });
    decoder.layOut(2, 8);
    expect(carry()).toMatchObject({ hits: 3, unchanged: 3 });
    // The page used longest ago goes, wherever it lies; the last one moves into its slot.
    const { evictions, kept = noSlots(0) } = encoder.resize(2);
    expect({ evictions, kept: [...kept] }).toEqual({ evictions: 1, kept: [0b110] });
    decoder.layOut(2, 2, new Map([[1, kept]]));
    const later = encode(encoder, pages.slice(1));
    expect(later.counts).toMatchObject({ hits: 2, unchanged: 2 });
    expect(joined(pages.slice(1)).equals(decoder.decode(1, later.payload, 2))).toBe(true);
    expect(encoder.resize(0)).toEqual({ evictions: 2 });
    decoder.layOut(1, 2);
    decoder.layOut(2, 2);
    const unchanged = part([op.unchanged, 0]);
    expect(() => decoder.decode(1, unchanged, 1)).toThrow('slot 0 holds no page yet');
  });

  it('finds a repeated page where it has moved to', () => {
    const decoder = new PartDecoder({ cachePagesPerShard: 4, maxPages });
    const encoder = new PartEncoder(maxPages, 4, 'lru');
    const pages = [1, 2, 3, 4].map((fill) => ({ key: fill, bytes: page(fill) }));
    decoder.decode(0, encode(encoder, pages).payload, pages.length);
    decoder.layOut(1, 2, keptOf([{ kept: encoder.resize(2).kept }]));
    const another = encode(encoder, [{ key: 77, bytes: page(4) }]);
    expect(another.counts).toMatchObject({ misses: 1, repeated: 1 });
    expect(Buffer.from(page(4)).equals(decoder.decode(0, another.payload, 1))).toBe(true);
  });

  it('refuses a layout that keeps more pages than it has slots', () => {
    const decoder = new PartDecoder({ cachePagesPerShard: 4, maxPages });
    decoder.decode(0, part([op.fullStore, 3], [], 1), 1);
    const layOut = () => decoder.layOut(1, 1, new Map([[0, Uint8Array.of(0b1001)]]));
    expect(layOut).toThrow(expect.objectContaining({ code: 'codec', message: '2 pages kept in 1 slots' }));
  });

  it('takes no page from slots that hold none, or that there never were', () => {
    const decoder = new PartDecoder({ cachePagesPerShard: 4, maxPages });
    decoder.decode(0, part([op.fullStore, 3], [], 1), 1);
    decoder.layOut(1, 2, new Map([[0, Uint8Array.of(0b100, 0b1)]]));
    expect(() => decoder.decode(0, part([op.unchanged, 0]), 1)).toThrow('slot 0 holds no page yet');
  });

  it('refuses slots that a layout has taken away', () => {
    const decoder = new PartDecoder({ cachePagesPerShard: 4, maxPages });
    decoder.decode(0, part([op.fullStore, 3], [], 1), 1);
    decoder.layOut(1, 3);
    expect(() => decoder.decode(0, part([op.unchanged, 3]), 1)).toThrow('expected a slot below 3, got 3');
  });
});
