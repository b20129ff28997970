import { describe, expect, it } from 'vitest';
import { DirtyRate } from './dirty-rate';

const answer = (pages: number, syncs?: number) => ({
  ram: {
    ...{ transferred: 0, remaining: 0, total: 0, 'dirty-pages-rate': pages, 'page-size': 4096 },
    ...(syncs !== undefined && { 'dirty-sync-count': syncs }),
  },
});

/** What is known after each answer: pages, dirty syncs, ms. */
function known(...answers: readonly (readonly [number, number, number])[]): readonly (number | undefined)[] {
  const rate = new DirtyRate();
  return answers.map(([pages, syncs, at]) => {
    rate.take(answer(pages, syncs), 0, at);
    return rate.perSecond;
  });
}

describe('a dirty rate', () => {
  it('is not known from the 0 of a source that has not worked one out', () => {
    expect(known([0, 1, 0], [0, 1, 9000], [0, 2, 9100])).toEqual([undefined, undefined, undefined]);
    expect(known([0, 1, 0], [0, 2, 500], [0, 3, 600], [0, 3, 700])).toEqual(Array(4).fill(undefined));
  });

  it('is what the source says from the first one on, down to 0', () => {
    expect(known([0, 1, 0], [5, 2, 500], [0, 3, 600])).toEqual([undefined, 20_480, 0]);
  });

  it('is 0 where the source stays with that late enough to know', () => {
    expect(known([0, 1, 0], [0, 2, 2500], [0, 2, 2700])).toEqual([undefined, undefined, 0]);
  });

  it('goes by the rounds counted here where the source does not count', () => {
    const rate = new DirtyRate();
    rate.take(answer(3), 1, 0);
    expect(rate.perSecond).toBeUndefined();
    rate.take(answer(3), 2, 100);
    expect(rate.perSecond).toBe(12_288);
    rate.take({}, 2, 200);
    expect(rate.perSecond).toBe(12_288);
  });
});
