import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageCache } from './page-cache';

/** LRU by definition: keys, oldest first. */
class Model {
  readonly keys: { readonly key: number; slot: number }[] = [];

  constructor(private capacity: number) {}

  lookup(key: number): number | undefined {
    const at = this.keys.findIndex((entry) => entry.key === key);
    if (at < 0) return undefined;
    this.keys.push(...this.keys.splice(at, 1));
    return this.keys.at(-1)?.slot;
  }

  /** The newest stay; those whose slots are no more take the free ones, both in ascending order. */
  resize(capacity: number): void {
    this.capacity = capacity;
    this.keys.splice(0, Math.max(0, this.keys.length - capacity));
    const taken = new Set(this.keys.map(({ slot }) => slot));
    const free = Array.from({ length: capacity }, (_, slot) => slot).filter((slot) => !taken.has(slot));
    const homeless = this.keys.filter(({ slot }) => slot >= capacity).sort((a, b) => a.slot - b.slot);
    homeless.forEach((entry, i) => (entry.slot = free[i] ?? NaN));
  }

  insert(key: number): number {
    const slot = this.keys.length < this.capacity ? this.keys.length : (this.keys.shift()?.slot ?? 0);
    this.keys.push({ key, slot });
    return slot;
  }
}

describe('PageCache', () => {
  it('is LRU, whatever its size is changed to in between, and gives up the oldest', () => {
    const size = fc.integer({ min: 1, max: 8 });
    const steps = fc.array(fc.oneof(fc.nat(12), fc.record({ size })), { maxLength: 200 });
    fc.assert(
      fc.property(size, steps, (capacity, taken) => {
        const cache = new PageCache(capacity);
        const model = new Model(capacity);
        for (const next of taken) {
          if (typeof next === 'object') {
            const fits = model.keys.length <= next.size;
            expect(cache.resize(next.size) === undefined).toBe(fits);
            model.resize(next.size);
            continue;
          }
          const slot = cache.lookup(next);
          expect(slot).toBe(model.lookup(next));
          if (slot === undefined) expect(cache.insert(next)).toBe(model.insert(next));
        }
      }),
    );
  });

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
