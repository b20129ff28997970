import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContentIndex } from './content-index';

const change = fc.record({ slot: fc.nat(5), hash: fc.nat(4) });

describe('ContentIndex', () => {
  it('finds only slots that hold what was asked for, and forgets what has changed', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const index = new ContentIndex(6);
        const held = new Array<number>(6).fill(0);
        for (const { slot, hash } of changes) {
          if (hash === 0) index.drop(slot);
          else index.put(slot, hash);
          held[slot] = hash;
          for (const wanted of [1, 2, 3, 4]) {
            const found = index.find(wanted);
            if (found !== undefined) expect(held[found]).toBe(wanted);
          }
          if (hash !== 0) expect(index.find(hash)).toBeDefined();
        }
      }),
    );
  });
});
