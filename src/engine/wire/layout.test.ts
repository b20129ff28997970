import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxCachePages } from '../../codec/job';
import { limits, pageBytes } from '../../shared/settings';
import { frameTypes } from './frame';
import { layoutBody, parseLayoutBody, type LayoutBody } from './layout';

const bodyOf = (layout: LayoutBody): Buffer => Buffer.concat(layoutBody(layout));

describe('a layout frame', () => {
  it('has exactly these bytes, and is read back', () => {
    const layout = { shards: 255, cachePagesPerShard: 0x0a0b, kept: new Map<number, Uint8Array>() };
    const body = bodyOf(layout);
    expect(body.toString('hex')).toBe('ff' + '00000a0b');
    expect(body).toHaveLength(frameTypes.layout.minBody);
    expect(parseLayoutBody(body, 2 ** 40)).toEqual(layout);
  });

  it('says which slots have kept their pages, shard by shard', () => {
    const kept = new Map([
      [7, Buffer.of(0xf0, 1)],
      [0, Buffer.of(3)],
    ]);
    const body = bodyOf({ shards: 8, cachePagesPerShard: 5, kept });
    expect(body.toString('hex')).toBe('0800000005' + '00' + '00000001' + '03' + '07' + '00000002' + 'f001');
    expect(parseLayoutBody(body, 2 ** 40).kept).toEqual(kept);
  });

  it.each([
    ['a cut head', '0200000005' + '000000'],
    ['slots that are cut', '0200000005' + '00' + '00000002' + '01'],
    ['a shard that is not', '0200000005' + '02' + '00000001' + '01'],
    ['a shard twice', '0200000005' + '00' + '00000001' + '01' + '00' + '00000001' + '01'],
    ['more slots than there can be', '0200000005' + '00' + 'ffffffff' + '01'],
  ])('with %s is refused', (_, hex) => {
    const refused = expect.objectContaining({ code: 'wire-protocol' }) as Error;
    expect(() => parseLayoutBody(Buffer.from(hex, 'hex'), 2 ** 40)).toThrow(refused);
  });

  it('has room for a bit for each page of the largest cache', () => {
    const slots = limits.xbzrleCacheBytes.max / pageBytes;
    expect(5 + limits.compressThreads.max * 6 + slots / 8).toBeLessThanOrEqual(frameTypes.layout.maxBody);
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
    expect(() => parseLayoutBody(bodyOf({ ...layout, kept: new Map() }), 11 * pageBytes)).toThrow(refused);
  });

  it('never asks for more than is allowed, whatever its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 5, maxLength: 30 }), fc.nat(2 ** 40), (bytes, limit) => {
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
