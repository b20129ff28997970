import { describe, expect, it } from 'vitest';
import { bandText, count, percent, placeText, roughly, sentence, etaText } from './words';

describe('bandText', () => {
  it.each([
    [60, 110, '60–110 ms'],
    [80, 80, '80 ms'],
    [900, 1400, '900 ms – 1.4 s'],
    [1200, 3400, '1.2–3.4 s'],
    [59_000, 130_000, '59.0 s – 2 min 10 s'],
  ])('%d to %d ms is %s', (low, high, text) => {
    expect(bandText({ low, high })).toBe(text);
  });
});

describe('roughly', () => {
  it.each([
    [200, '1 s'],
    [4400, '4 s'],
    [41_000, '40 s'],
    [200_000, '3 min'],
    [7_200_000, '2 h'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(roughly(milliseconds)).toBe(text);
  });
});

describe('small words', () => {
  it('keep thousands apart, percents short and sentences whole', () => {
    expect(count(1234567)).toBe('1 234 567');
    expect([0, 0.005, 0.5, 1].map(percent)).toEqual(['0 %', '0.5 %', '50 %', '100 %']);
    expect([sentence('lost'), sentence('Lost.')]).toEqual(['Lost.', 'Lost.']);
    expect(sentence('unix:/run/a.qmp does not speak QMP')).toBe('unix:/run/a.qmp does not speak QMP.');
  });
});

describe('etaText', () => {
  it.each([
    [{ low: 4000, high: 12_400 }, '4–10 s'],
    [{ low: 80_000, high: 200_000 }, '80 s – 3 min'],
    [{ low: 5000, high: 5200 }, '~ 5 s'],
    [undefined, 'unknown'],
  ] as const)('of %j is %s', (band, text) => {
    expect(etaText(band)).toBe(text);
  });
});

describe('placeText', () => {
  it('says of a guest that has not moved that nobody touched it, not that it may be anywhere', () => {
    expect(placeText('unknown', 'failed')).toBe('neither side was told to start or stop a guest');
    expect(placeText('none', 'cancelled')).toBe('the guest is paused on the source');
    expect(placeText('source', 'failed')).toBe('the guest runs on the source');
  });

  it('says where it is or may be after all else', () => {
    expect(placeText('none', 'completed')).toBe('the guest is paused on both sides');
    expect(placeText('unknown', 'uncertain')).toBe('where the guest runs is not known');
  });
});
