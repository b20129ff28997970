import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxCachePages } from '../../codec/job';
import { pageBytes } from '../../shared/settings';
import { frameTypes } from './frame';
import { layoutBody, parseLayoutBody } from './layout';

describe('a layout frame', () => {
  it('has exactly these bytes, and is read back', () => {
    const layout = { shards: 255, cachePagesPerShard: 0x0a0b };
    const body = layoutBody(layout);
    expect(body.toString('hex')).toBe('ff' + '00000a0b');
    expect(body).toHaveLength(frameTypes.layout.minBody);
    expect(parseLayoutBody(body, 2 ** 40)).toEqual(layout);
  });

  it.each([
    ['no shards', { shards: 0, cachePagesPerShard: 1 }, 'wire-protocol', 'a layout of 0 shards'],
    [
      'more slots than a shard can have',
      { shards: 1, cachePagesPerShard: maxCachePages + 1 },
      'wire-protocol',
      'a layout',
    ],
    ['all the slots there are', { shards: 255, cachePagesPerShard: 0xffffffff }, 'wire-protocol', '4294967295 cache'],
    [
      'one page too many',
      { shards: 3, cachePagesPerShard: 4 },
      'wire-refused',
      'a cache of 49152 bytes, at most 45056',
    ],
  ])('with %s is refused', (_, layout, code, message) => {
    const refused = expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error;
    expect(() => parseLayoutBody(layoutBody(layout), 11 * pageBytes)).toThrow(refused);
  });

  it('never asks for more than is allowed, whatever its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 5, maxLength: 5 }), fc.nat(2 ** 40), (bytes, limit) => {
        try {
          const { shards, cachePagesPerShard } = parseLayoutBody(Buffer.from(bytes), limit);
          expect(shards * cachePagesPerShard * pageBytes).toBeLessThanOrEqual(limit);
        } catch (error) {
          expect(['wire-protocol', 'wire-refused']).toContain((error as { code?: string }).code);
        }
      }),
    );
  });
});
