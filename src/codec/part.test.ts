import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { cachePolicies, pageBytes } from '../shared/settings';
import { keyBytes, maxPartBytes, pageKey } from './job';
import { PartDecoder } from './part-decoder';
import { PartEncoder, type EncodedPart } from './part-encoder';
import { op } from './part-format';
import { noSlots } from './compaction';

const maxPages = 16;

interface TestPage {
  readonly key: number;
  readonly bytes: Uint8Array;
}

function encode(encoder: PartEncoder, pages: readonly TestPage[], regularBits?: number): EncodedPart {
  pages.forEach(({ key, bytes }, i) => {
    encoder.keys.writeDoubleLE(key, i * keyBytes);
    encoder.pages(pages.length).set(bytes, i * pageBytes);
  });
  return encoder.encode(pages.length, regularBits);
}

const joined = (pages: readonly TestPage[]) => Buffer.concat(pages.map(({ bytes }) => bytes));
const page = (fill: number) => new Uint8Array(pageBytes).fill(fill);

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

function part(ops: readonly number[], deltas: readonly number[] = [], fulls = 0): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(ops.length);
  return Buffer.concat([head, Buffer.from(ops), Buffer.from(deltas), Buffer.alloc(fulls * pageBytes, 7)]);
}

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

describe('PartDecoder', () => {
  const caps = { cachePagesPerShard: 200, maxPages };
  let decoder: PartDecoder;

  beforeEach(() => {
    decoder = new PartDecoder(caps);
    decoder.decode(0, part([op.fullStore, 0], [], 1), 1);
  });

  it.each<[string, Buffer, number]>([
    ['nothing', Buffer.alloc(0), 0],
    ['half a header', Buffer.alloc(3), 0],
    ['ops past its end', Buffer.from([5, 0, 0, 0, 1]), 1],
    ['ops of 4 GiB', Buffer.from([255, 255, 255, 255, 1]), 1],
    ['opcode 0', part([0]), 1],
    ['an unknown opcode', part([6]), 1],
    ['a copy without its second slot', part([op.copy, 0]), 1],
    ['a copy to a slot past the cap', part([op.copy, 0, 0xc8, 1]), 1],
    ['a copy from a slot past the cap', part([op.copy, 0xc8, 1, 0]), 1],
    ['a copy of an empty slot', part([op.copy, 1, 0]), 1],
    ['a copy with a page of its own', part([op.copy, 0, 1], [], 1), 1],
    ['fewer ops than pages', part([op.full], [], 1), 2],
    ['more ops than pages', part([op.full, op.full], [], 2), 1],
    ['an op without its slot', part([op.unchanged]), 1],
    ['a slot that never ends', part([op.unchanged, 0x80, 0x80, 0x80, 0]), 1],
    ['a slot past the cap', part([op.unchanged, 0xc8, 1]), 1],
    ['an empty slot, unchanged', part([op.unchanged, 1]), 1],
    ['an empty slot, delta', part([op.delta, 1, 3], [0, 1, 9]), 1],
    ['a delta of no length', part([op.delta, 0, 0]), 1],
    ['a delta above a page', part([op.delta, 0, 0x81, 0x20], new Array<number>(4097).fill(1)), 1],
    ['a malformed delta', part([op.delta, 0, 2], [5, 0]), 1],
    ['a delta that is cut', part([op.delta, 0, 3], [0, 1]), 1],
    ['a full page that is cut', part([op.full], [1, 2, 3]), 1],
    ['bytes left over', part([op.full], [1], 1), 1],
    ['too many pages', part(new Array<number>(17).fill(op.full), [], 17), 17],
    ['more bytes than any part has', Buffer.alloc(maxPartBytes(maxPages) + 1), 1],
  ])('refuses %s, and the shard from then on', (_, payload, pages) => {
    expect(() => decoder.decode(0, payload, pages)).toThrow(expect.objectContaining({ code: 'codec' }));
    expect(() => decoder.decode(0, part([op.full], [], 1), 1)).toThrow('shard 0 lost a part before');
    expect(decoder.decode(1, part([op.full], [], 1), 1)).toHaveLength(pageBytes);
  });

  it('takes only malformed parts for malformed, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 8 }), fc.nat(3), fc.nat(2), (ops, n, fulls) => {
        try {
          const pages = new PartDecoder(caps).decode(0, part(ops, [0, 1, 9], fulls), n);
          expect(pages).toHaveLength(n * pageBytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'codec' });
        }
      }),
    );
  });

  it('keeps shards apart when they share a memory, and opens more memories where one is full', () => {
    const big = new PartDecoder({ cachePagesPerShard: 600_000, maxPages });
    const shards = [0, 1, 2];
    for (const shard of shards) {
      const full = part([op.fullStore, 0], [], 1);
      full.fill(shard + 1, full.length - pageBytes);
      big.decode(shard, full, 1);
    }
    for (const shard of shards) {
      expect(big.decode(shard, part([op.unchanged, 0]), 1).every((byte) => byte === shard + 1)).toBe(true);
    }
  });
});
