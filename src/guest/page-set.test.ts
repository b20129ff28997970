import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageSet } from './page-set';

function members(set: PageSet): number[] {
  const pages: number[] = [];
  for (let page = set.next(0); page !== undefined; page = set.next(page + 1)) pages.push(page);
  return pages;
}

describe('PageSet', () => {
  it('holds what a set of numbers holds', () => {
    const operation = fc.tuple(fc.constantFrom('add', 'delete'), fc.nat(99));
    fc.assert(
      fc.property(fc.array(operation), fc.array(fc.nat(99)), (operations, others) => {
        const model = new Set<number>();
        const set = new PageSet(100);
        for (const [what, page] of operations) {
          if (what === 'add') {
            model.add(page);
            set.add(page);
          } else {
            model.delete(page);
            set.delete(page);
          }
          expect(set.has(page)).toBe(model.has(page));
        }
        const log = new PageSet(100);
        for (const page of others) log.add(page);
        const fresh = new Set(others.filter((page) => !model.has(page)));
        expect(set.take(log)).toBe(fresh.size);
        expect(members(log)).toEqual([]);
        expect(members(set)).toEqual([...new Set([...model, ...others])].sort((a, b) => a - b));
        expect(set.size).toBe(members(set).length);
      }),
    );
  });

  it.each([1, 31, 32, 33, 64, 100])('fills itself with %i pages and no more', (pages) => {
    const set = new PageSet(pages);
    set.addAll();
    expect(set.size).toBe(pages);
    expect(members(set)).toEqual(Array.from({ length: pages }, (_, page) => page));
    set.clear();
    expect(set.size).toBe(0);
    expect(set.next(0)).toBeUndefined();
  });
});
