import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cachePolicies } from '../shared/settings';
import { AdaptiveCache } from './adaptive-cache';
import { cachePolicyTable } from './cache-policies';
import { PageCache } from './page-cache';
import { bestHitRate, cyclicSweep, evenly, hitRate, movingSet, zipf } from './testing';

const capacity = 2048;

describe.each(cachePolicies)('%s', (name) => {
  it('never gives two pages one slot, nor a slot it has not, and fills slots in ascending order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(fc.nat(14), { maxLength: 400 }), (pages, keys) => {
        const policy = cachePolicyTable[name](pages);
        const owners: number[] = [];
        for (const key of keys) {
          const slot = policy.lookup(key);
          expect(slot).toBe(owners.includes(key) ? owners.indexOf(key) : undefined);
          if (slot !== undefined) continue;
          const taken = policy.insert(key);
          expect(taken).toBeLessThan(pages);
          expect(taken).toBeLessThanOrEqual(owners.length);
          owners[taken] = key;
        }
      }),
    );
  });
});

describe('the adaptive cache', () => {
  it.each([
    [2, 0.45],
    [4, 0.2],
  ])('keeps a part of a set %d times its size, where LRU finds nothing', (times, least) => {
    const sweep = cyclicSweep(times * capacity, 30);
    const warmUp = sweep.length / 3;
    expect(hitRate(new PageCache(capacity), sweep, warmUp)).toBe(0);
    expect(hitRate(new AdaptiveCache(capacity), sweep, warmUp)).toBeGreaterThan(least);
    expect(bestHitRate(capacity, sweep, warmUp)).toBeGreaterThan(hitRate(new AdaptiveCache(capacity), sweep, warmUp));
  });

  it.each([
    ['a set that fits', cyclicSweep(capacity, 20)],
    ['pages at random', evenly(2 * capacity, 40 * capacity)],
    ['popular pages', zipf(8 * capacity, 40 * capacity)],
    ['very popular pages', zipf(8 * capacity, 40 * capacity, 1.3)],
    ['a hot set that moves on', movingSet(capacity / 2, 40 * capacity)],
  ])('is as good as LRU with %s', (_, accesses) => {
    const lru = hitRate(new PageCache(capacity), accesses);
    expect(hitRate(new AdaptiveCache(capacity), accesses)).toBeGreaterThan(0.97 * lru);
  });

  it('goes over from a sweep to a new hot set, and back', () => {
    const cache = new AdaptiveCache(capacity);
    const hot = cyclicSweep(capacity / 2, 20).map((key) => key + 1e6);
    hitRate(cache, cyclicSweep(2 * capacity, 10));
    expect(hitRate(cache, hot, hot.length / 4)).toBeGreaterThan(0.95);
    const sweep = cyclicSweep(2 * capacity, 30).map((key) => key + 2e6);
    expect(hitRate(cache, sweep, sweep.length / 2)).toBeGreaterThan(0.45);
  });
});
