import { describe, expect, it } from 'vitest';
import { courseOf, slopeOf } from './flat';

const mebibyte = 2 ** 20;
const count = (n: number, value: (i: number) => number): readonly number[] =>
  Array.from({ length: n }, (_, i) => value(i));

describe('what a process holds', () => {
  it('is flat where it only breathes, whatever it took at first', () => {
    const memory = count(200, (i) => Math.min(90, 40 + i) * mebibyte + (i % 7) * mebibyte);
    expect(courseOf('rss', memory)).toMatchObject({ first: 40 * mebibyte, isFlat: true });
    const fds = count(200, (i) => (i < 5 ? 20 + i : 25 + Number(i % 40 === 0)));
    expect(courseOf('fds', fds)).toMatchObject({ median: 25, growth: 0, isFlat: true });
  });

  it('is not where it grows with every run', () => {
    expect(
      courseOf(
        'pss',
        count(200, (i) => (90 + i * 0.1 + (i % 7)) * mebibyte),
      ).isFlat,
    ).toBe(false);
    expect(
      courseOf(
        'fds',
        count(200, (i) => 25 + Math.floor(i / 20)),
      ).isFlat,
    ).toBe(false);
    expect(
      courseOf(
        'threads',
        count(40, (i) => 12 + Math.floor(i / 10)),
      ).isFlat,
    ).toBe(false);
  });

  it('has the slope that most of its pairs have', () => {
    expect(slopeOf([1, 2, 3, 4])).toBe(1);
    expect(slopeOf([1, 2, 900, 4, 5])).toBe(1);
    expect(slopeOf([5, 5, 5])).toBe(0);
  });
});
