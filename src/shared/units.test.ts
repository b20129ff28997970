import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settingText } from './setting-text';
import {
  formatBitRate,
  formatBytes,
  formatDuration,
  formatRate,
  formatWireBytes,
  parseBytes,
  parseDuration,
  parseRate,
} from './units';

describe('parseBytes', () => {
  it.each([
    ['0', 0],
    ['4096', 4096],
    ['64MiB', 64 * 2 ** 20],
    ['512 MiB', 512 * 2 ** 20],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['12MB', 12e6],
    ['12 mb', 12e6],
    ['64mib', 64 * 2 ** 20],
    ['64M', 64 * 2 ** 20],
    ['64Mi', 64 * 2 ** 20],
    ['64 KB', 64e3],
    ['64kb', 64e3],
    ['100 bytes', 100],
    ['2 TiB', 2 * 2 ** 40],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each([
    '',
    ' ',
    'MiB',
    '-1',
    '-4MiB',
    '64 potatoes',
    '64MiB/s',
    '64MiBps',
    '1MB MB',
    'NaN',
    'Infinity',
    '0x10',
    '0.1',
  ])('refuses %j by name', (text) => {
    expect(() => parseBytes(text)).toThrow(`expected a size such as 64MiB or 4096, got ${JSON.stringify(text)}`);
  });
});

describe('parseRate', () => {
  it.each([
    ['0', 0],
    ['1000B/s', 1000],
    ['1000 B', 1000],
    ['100Mbit', 12.5e6],
    ['100mbit/s', 12.5e6],
    ['100 Mbit/s', 12.5e6],
    ['100Mbps', 12.5e6],
    ['100Mb/s', 12.5e6],
    ['12MB/s', 12e6],
    ['12MBps', 12e6],
    ['12MB', 12e6],
    ['12mB', 12e6],
    ['1Gbit', 125e6],
    ['1 MiB/s', 2 ** 20],
    ['8 Kibit', 1024],
    ['8 kbits/sec', 1000],
    ['3 bytes/second', 3],
  ])('%s is %d bytes per second', (text, rate) => {
    expect(parseRate(text)).toBe(rate);
  });

  it.each(['', 'fast', '-1Mbit', '100M', '5m', '100Mbit/h', '100Mbit/s/s', '1bit', 'Mbit'])(
    'refuses %j by name',
    (text) => {
      expect(() => parseRate(text)).toThrow(
        `expected a rate such as 100Mbit or 12MB/s, or 0 for no limit, got ${JSON.stringify(text)}`,
      );
    },
  );
});

describe('parseDuration', () => {
  it.each([
    ['0', 0],
    ['300ms', 300],
    ['300 ms', 300],
    ['1.5s', 1500],
    ['10m', 600_000],
    ['10 min', 600_000],
    ['1h', 3_600_000],
  ])('%s is %d ms', (text, duration) => {
    expect(parseDuration(text)).toBe(duration);
  });

  it.each(['', 'soon', '-1s', '10 parsecs', '0.1ms'])('refuses %j by name', (text) => {
    expect(() => parseDuration(text)).toThrow(`expected a time such as 300ms or 10m, got ${JSON.stringify(text)}`);
  });
});

describe('a number without its unit', () => {
  it.each([
    [parseRate, '100', 'got "100", which has no unit: 100Mbit, 100MB/s or 100B/s?'],
    [parseRate, ' 12.5 ', 'got "12.5", which has no unit: 12.5Mbit, 12.5MB/s or 12.5B/s?'],
    [parseRate, '100/s', 'got "100", which has no unit'],
    [parseRate, '100M', 'got "100M", which is neither bits nor bytes: 100Mbit or 100MB/s?'],
    [parseDuration, '5', 'expected a time such as 300ms or 10m, got "5", which has no unit: 5s or 5ms?'],
    [parseBytes, '64', 'expected a size such as 64MiB or 4096, got "64", which has no unit: 64MiB or 64B?'],
    [parseBytes, '4095', 'which has no unit'],
  ] as const)('is asked back: %o of %j', (parse, text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it.each([
    [parseRate, '0'],
    [parseRate, '0.0'],
    [parseDuration, '0'],
    [parseBytes, '0'],
  ] as const)('may be nothing: %o of %j', (parse, text) => {
    expect(parse(text)).toBe(0);
  });
});

describe('settingText', () => {
  it.each([
    ['bytes', 64 * 2 ** 20, '64MiB'],
    ['bytes', 1.5 * 2 ** 30, '1536MiB'],
    ['bytes', 4097, '4097B'],
    ['bytes', 100, '100B'],
    ['rate', 12.5e6, '100Mbit'],
    ['rate', 12e6, '96Mbit'],
    ['rate', 1, '1B/s'],
    ['rate', 1e12, '8Tbit'],
    ['rate', 0, '0'],
    ['duration', 300, '300ms'],
    ['duration', 600_000, '10m'],
    ['duration', 7 * 86_400_000, '7d'],
  ] as const)('of %s %d is %s', (kind, value, text) => {
    expect(settingText(kind, value)).toBe(text);
  });

  it.each([
    ['bytes', parseBytes, 2 ** 46],
    ['rate', parseRate, 2 ** 40],
    ['duration', parseDuration, 2_000_000],
  ] as const)('of any %s reads back as the same number', (kind, parse, max) => {
    const plain = fc.integer({ min: 0, max });
    const round = fc
      .tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 12 }))
      .map(([n, k]) => n * 10 ** k);
    const binary = fc
      .tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 36 }))
      .map(([n, k]) => n * 2 ** k);
    fc.assert(fc.property(fc.oneof(plain, round, binary), (value) => parse(settingText(kind, value)) === value));
  });
});

describe('formats', () => {
  it.each([
    [formatBytes, 0, '0 B'],
    [formatBytes, 1023, '1023 B'],
    [formatBytes, 1024, '1 KiB'],
    [formatBytes, 512 * 2 ** 20, '512 MiB'],
    [formatBytes, 1.5 * 2 ** 30, '1.5 GiB'],
    [formatBytes, 2 ** 30 - 1, '1 GiB'],
    [formatWireBytes, 736_117_000, '736 MB'],
    [formatWireBytes, 999_999, '1 MB'],
    [formatRate, 12.5e6, '12.5 MB/s'],
    [formatRate, 0, '0 B/s'],
    [formatBitRate, 12.5e6, '100 Mbit/s'],
    [formatBitRate, 125e6, '1 Gbit/s'],
    [formatDuration, 0.25, '0.25 ms'],
    [formatDuration, 81.6, '82 ms'],
    [formatDuration, 999.7, '1.0 s'],
    [formatDuration, 4321, '4.3 s'],
    [formatDuration, 59_999, '1 min 0 s'],
    [formatDuration, 125_000, '2 min 5 s'],
    [formatDuration, 3_720_000, '1 h 2 min'],
  ])('%o of %d is %s', (format, value, text) => {
    expect(format(value)).toBe(text);
  });
});
