import { describe, expect, it } from 'vitest';
import { maxPartBytes } from '../../codec/job';
import { limits, pageBytes } from '../../shared/settings';
import { partPages, shardCachePages } from './compress-pool';

describe('shares of the compress threads', () => {
  it('bound a part by what a frame can hold, whatever the number of threads', () => {
    expect([1, 8, 16, 32, 64, 255].map(partPages)).toEqual([256, 256, 256, 128, 64, 64]);
    for (let threads = 1; threads <= limits.compressThreads.max; threads++) {
      expect(maxPartBytes(partPages(threads))).toBeLessThanOrEqual(2 ** 20 + 64 * 1024);
    }
  });

  it('divide the cache, and never to nothing while there is one', () => {
    expect(shardCachePages(64 * 2 ** 20, 8)).toBe(2048);
    expect(shardCachePages(pageBytes, 255)).toBe(1);
    expect(shardCachePages(0, 8)).toBe(0);
  });

  it('refuse a cache that the threads cannot address', () => {
    expect(shardCachePages(3.5 * 2 ** 30, 1)).toBe(917_504);
    expect(() => shardCachePages(4 * 2 ** 30, 1)).toThrow('1 compress threads hold 3758096384 bytes, got 4294967296');
  });
});
