import { describe, expect, it } from 'vitest';
import { clockText, linkRate, moveMs, roundTripText, throughputText, type LinkFigures } from './link';

const link: LinkFigures = {
  roundTripMs: 0.42,
  roundTripMedianMs: 0.51,
  throughput: 7_500_000,
  maxBandwidth: 0,
  channels: 1,
  clockOffsetMs: 12.3,
  clockErrorMs: 0.21,
  bytes: 6_000_000,
};
const { throughput: _, ...unknown } = link;

describe('a tested link', () => {
  it('gives what was seen, or the limit where that is less', () => {
    expect(linkRate(link, 0)).toBe(7_500_000);
    expect(linkRate(link, 1_000_000)).toBe(1_000_000);
    expect(linkRate(link, 10_000_000)).toBe(7_500_000);
    expect(linkRate({ ...link, maxBandwidth: 8_000_000 }, 8_000_000)).toBe(7_500_000);
    expect(linkRate({ ...link, maxBandwidth: 8_000_000 }, 9_000_000)).toBeUndefined();
    expect(linkRate({ ...link, maxBandwidth: 8_000_000 }, 0)).toBeUndefined();
    expect(linkRate(unknown, 10_000_000)).toBeUndefined();
    expect(linkRate(undefined, 0)).toBeUndefined();
  });

  it('takes so long for so much', () => {
    expect(moveMs(link, 0, 75_000_000)).toBe(10_000);
    expect(moveMs(link, 750_000, 75_000_000)).toBe(100_000);
    expect(moveMs(unknown, 0, 1)).toBeUndefined();
  });

  it('is told in words', () => {
    expect(throughputText(link)).toBe('60 Mbit/s');
    expect(throughputText({ ...link, channels: 4, maxBandwidth: 7_600_000 })).toBe(
      '60 Mbit/s over 4 channels, held by the limit',
    );
    expect(throughputText({ ...link, maxBandwidth: 100_000_000 })).toBe('60 Mbit/s');
    expect(throughputText(unknown)).toBe('not known');
    expect(roundTripText(link)).toBe('0.42 ms, median 0.51 ms');
    expect(clockText(link)).toBe('12 ms ahead (±0.21 ms)');
    expect(clockText({ ...link, clockOffsetMs: -2500 })).toBe('2.5 s behind (±0.21 ms)');
    expect(clockText({ ...link, clockOffsetMs: -0.2 })).toBe('within 0.21 ms of ours');
  });
});
