import { describe, expect, it } from 'vitest';
import { checkSampleSizes, parseBeat, sampleImagePath } from './qemu-sample';

const mebibyte = 2 ** 20;

describe('parseBeat', () => {
  it('reads the two counters', () => {
    expect(parseBeat('0000000a ffffffff')).toEqual({ beats: 10, sweeps: 4_294_967_295 });
  });

  it.each(['', 'W', 'r', '000000a ffffffff', '0000000a ffffffff ', '0000000A 00000000', 'x0000000a 00000000'])(
    'takes %j for something else',
    (line) => expect(parseBeat(line)).toBeUndefined(),
  );
});

describe('checkSampleSizes', () => {
  it.each([
    [32, 0],
    [64, 32],
    [3072, 3040],
  ])('allows %d MiB with %d MiB filled', (memory, fill) => {
    expect(() => checkSampleSizes(memory * mebibyte, fill * mebibyte)).not.toThrow();
  });

  it.each([
    [31, 0, 'Memory: expected whole MiB from 32 to 3072, got 31 MiB'],
    [3073, 0, 'Memory: expected whole MiB from 32 to 3072, got 3073 MiB'],
    [32.5, 0, 'Memory: expected whole MiB from 32 to 3072, got 32.5 MiB'],
    [NaN, 0, 'Memory: expected whole MiB from 32 to 3072, got NaN MiB'],
    [64, 33, 'Fill: expected whole MiB from 0 to 32, got 33 MiB'],
    [64, 0.5, 'Fill: expected whole MiB from 0 to 32, got 0.5 MiB'],
    [64, -1, 'Fill: expected whole MiB from 0 to 32, got -1 MiB'],
  ])('refuses %d MiB with %d MiB filled', (memory, fill, message) => {
    expect(() => checkSampleSizes(memory * mebibyte, fill * mebibyte)).toThrow(message);
  });
});

describe('sampleImagePath', () => {
  it('finds the image from any depth below the project', () => {
    expect(sampleImagePath(`${__dirname}/a/b`)).toBe(sampleImagePath());
  });

  it('says so when there is none', () => {
    expect(() => sampleImagePath('/nowhere/at/all')).toThrow(/expected resources\/sample-guest.img/);
  });
});
