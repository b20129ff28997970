import { shippedProfiles } from '../../shared/profile';
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../shared/settings';
import { changedSettings, checkDraft, draftOf } from './draft';

const defaults = draftOf(defaultSettings);
const odd = { ...defaultSettings, xbzrleCacheBytes: 4097, maxBandwidth: 1001, downtimeLimitMs: 1, timeoutMs: 61_000 };

describe('checkDraft', () => {
  it('reads the default fields as the default settings', () => {
    expect(checkDraft(defaults)).toEqual({ settings: defaultSettings, problems: {} });
  });

  it('reads units', () => {
    const draft = { ...defaults, xbzrleCacheBytes: '256 MiB', maxBandwidth: '100Mbit', downtimeLimitMs: '1s' };
    expect(checkDraft(draft).settings).toMatchObject({
      xbzrleCacheBytes: 256 * 2 ** 20,
      maxBandwidth: 12.5e6,
      downtimeLimitMs: 1000,
    });
  });

  it('takes XBZRLE off as a cache of nothing, and an empty limit as none', () => {
    const { settings } = checkDraft({ ...defaults, xbzrle: false, xbzrleCacheBytes: 'x', maxBandwidth: ' ' });
    expect(settings).toMatchObject({ xbzrleCacheBytes: 0, maxBandwidth: 0 });
  });

  it('takes an empty timeout as none', () => {
    const { settings } = checkDraft({ ...defaults, timeoutMs: '', onTimeout: 'force' });
    expect(settings).toMatchObject({ timeoutMs: 0, onTimeout: 'force' });
  });

  it.each([
    ['timeoutMs', '8d', 'Timeout: expected 0 to 7d, got 8d'],
    ['level', '99', 'Compression level: zstd takes 1 to 19, got 99'],
    ['level', '0', 'Compression level: zstd takes 1 to 19, got 0'],
    ['level', 'high', 'Compression level: expected a whole number from 0 to 19, got "high"'],
    ['compressThreads', '', 'Compress threads: expected a whole number from 1 to 255, got ""'],
    ['decompressThreads', '1.5', 'Decompress threads: expected a whole number from 1 to 255, got 1.5'],
    ['channels', '17', 'Channels: expected a whole number from 1 to 16, got 17'],
    ['channels', '0', 'Channels: expected a whole number from 1 to 16, got 0'],
    ['xbzrleCacheBytes', '64 potatoes', 'XBZRLE cache size: expected a size such as 64MiB or 4096, got "64 potatoes"'],
    [
      'xbzrleCacheBytes',
      '256B',
      'XBZRLE cache size: expected 0 or room for a page of 4096 bytes, such as 64MiB, got 256 bytes',
    ],
    [
      'xbzrleCacheBytes',
      '256',
      'XBZRLE cache size: expected a size such as 64MiB or 4096, got "256", which has no unit: 256MiB or 256B?',
    ],
    ['downtimeLimitMs', 'soon', 'Downtime limit: expected a time such as 300ms or 10m, got "soon"'],
  ] as const)('refuses %s %j in its own words', (field, text, message) => {
    const check = checkDraft({ ...defaults, [field]: text });
    expect(check).toEqual({ problems: { [field]: message } });
  });

  it('names every wrong field at once', () => {
    const check = checkDraft({ ...defaults, level: '99', maxBandwidth: 'fast' });
    expect(Object.keys(check.problems).sort()).toEqual(['level', 'maxBandwidth']);
  });

  it('says the same of a field whatever is wrong with the others', () => {
    const { problems } = checkDraft({ ...defaults, level: '99', channels: 'x', downtimeLimitMs: '300' });
    expect(problems.level).toBe('Compression level: zstd takes 1 to 19, got 99');
    expect(problems.channels).toBe('Channels: expected a whole number from 1 to 16, got "x"');
  });
});

describe('draftOf', () => {
  it.each([...shippedProfiles, { name: 'odd', settings: odd }])(
    'holds exactly the settings of $name',
    ({ settings }) => {
      expect(checkDraft(draftOf(settings))).toEqual({ settings, problems: {} });
    },
  );
});

describe('changedSettings', () => {
  it('names what differs, however it is written', () => {
    expect(changedSettings({ ...defaults, downtimeLimitMs: '0.3s' }, defaultSettings)).toEqual([]);
    expect(changedSettings({ ...defaults, level: '3', paused: true }, defaultSettings)).toEqual(['level', 'paused']);
    expect(changedSettings({ ...defaults, xbzrle: false }, defaultSettings)).toEqual(['xbzrleCacheBytes']);
  });

  it('counts what cannot be read yet as a change', () => {
    const draft = { ...defaults, level: '', xbzrle: false };
    expect(changedSettings(draft, defaultSettings)).toEqual(['level', 'xbzrleCacheBytes']);
  });
});
