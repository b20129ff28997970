import { describe, expect, it } from 'vitest';
import { pageBytes } from '../../shared/settings';
import { RewriteSampler } from './rewrite-sampler';

/** Numbers that look random, the same on every run. */
function noise(seed: number): Buffer {
  let state = seed;
  return Buffer.from(Array.from({ length: pageBytes }, () => (state = (state * 48271) % 2147483647) & 0xff));
}

/** Rounds over `pages` pages, each as `page` has it then. */
function rounds(sampler: RewriteSampler, pages: number, count: number, page: (n: number, round: number) => Buffer) {
  for (let round = 0; round < count; round++) {
    sampler.nextRound();
    for (let n = 0; n < pages; n++) sampler.look(0, n, page(n, round));
  }
}

const base = noise(1);
const counting = (_: number, round: number): Buffer => {
  const page = Buffer.from(base);
  for (let at = 0; at < pageBytes; at += 1024) page[at] = round;
  return page;
};

describe('a rewrite sampler', () => {
  it('knows nothing before pages have come again', () => {
    const sampler = new RewriteSampler();
    for (let n = 0; n < 100; n++) sampler.look(0, n, base);
    expect(sampler.figures).toBeUndefined();
    rounds(sampler, 100, 1, counting);
    expect(sampler.figures).toBeUndefined();
  });

  it('finds a few bytes where a few bytes of a page change', () => {
    const sampler = new RewriteSampler();
    rounds(sampler, 100, 3, counting);
    const { deltaShare = 1, packedShare = 1 } = sampler.figures ?? {};
    expect(deltaShare).toBeGreaterThan(0);
    expect(deltaShare).toBeLessThan(0.01);
    expect(packedShare).toBeLessThan(0.01);
  });

  it('finds nothing to send where nothing changes, and all of it where all does', () => {
    const same = new RewriteSampler();
    rounds(same, 50, 3, () => base);
    expect(same.figures).toEqual({ deltaShare: 0, packedShare: 0 });
    const other = new RewriteSampler();
    rounds(other, 50, 3, (n, round) => noise(n * 10 + round + 1));
    expect(other.figures?.deltaShare).toBe(1);
    expect(other.figures?.packedShare).toBeGreaterThan(0.9);
  });

  it('still sees pages again where there are many more than it remembers', () => {
    const sampler = new RewriteSampler(32);
    rounds(sampler, 4096, 3, counting);
    expect(sampler.figures?.deltaShare).toBeLessThan(0.01);
  });

  it('forgets what rewriting was like some rounds ago', () => {
    const sampler = new RewriteSampler();
    rounds(sampler, 50, 3, (n, round) => noise(n * 10 + round + 1));
    rounds(sampler, 50, 8, counting);
    expect(sampler.figures?.deltaShare).toBeLessThan(0.05);
  });
});
