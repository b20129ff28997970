import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageCache } from './page-cache';

/** LRU by definition: keys, oldest first. */
class Model {
  readonly keys: { key: number; slot: number }[] = [];

  constructor(private readonly capacity: number) {}

  lookup(key: number): number | undefined {
    const at = this.keys.findIndex((entry) => entry.key === key);
    if (at < 0) return undefined;
    this.keys.push(...this.keys.splice(at, 1));
    return this.keys.at(-1)?.slot;
  }

  insert(key: number): number {
    const slot = this.keys.length < this.capacity ? this.keys.length : (this.keys.shift()?.slot ?? 0);
    this.keys.push({ key, slot });
    return slot;
  }
}

describe('PageCache', () => {
  it('is LRU, whatever is looked up', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(12), { maxLength: 200 }), (capacity, keys) => {
        const cache = new PageCache(capacity);
        const model = new Model(capacity);
        for (const key of keys) {
          const slot = cache.lookup(key);
          expect(slot).toBe(model.lookup(key));
          if (slot === undefined) expect(cache.insert(key)).toBe(model.insert(key));
        }
      }),
    );
  });
});
