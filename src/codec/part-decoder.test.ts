import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { pageBytes } from '../shared/settings';
import { maxPartBytes } from './job';
import { PartDecoder } from './part-decoder';
import { op } from './part-format';
import { maxPages, part } from './part.testing';

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
