import { describe, expect, it } from 'vitest';
import { defaultSettings, liveSettingNames } from '../../shared/settings';
import { checkLive, liveText } from './live-draft';

const inForce = { ...defaultSettings, maxBandwidth: 12_500_000 };

describe('what is typed while a migration runs', () => {
  it('is no change where it says what is in force', () => {
    const draft = Object.fromEntries(liveSettingNames.map((name) => [name, liveText(name, inForce)]));
    expect(checkLive(draft, inForce)).toEqual({ problems: {} });
    expect(checkLive({}, inForce)).toEqual({ problems: {} });
  });

  it('is a change of what differs, and of nothing else', () => {
    expect(checkLive({ maxBandwidth: '1Gbit', downtimeLimitMs: '300ms' }, inForce)).toEqual({
      change: { maxBandwidth: 125_000_000 },
      problems: {},
    });
    expect(checkLive({ method: 'zlib', level: '9', downtimeLimitMs: '1s' }, inForce).change).toEqual({
      method: 'zlib',
      level: 9,
      downtimeLimitMs: 1000,
    });
  });

  it('says what is wrong with which field, and changes nothing then', () => {
    expect(checkLive({ maxBandwidth: 'fast', level: '3' }, inForce)).toEqual({
      problems: {
        maxBandwidth: 'Bandwidth limit: expected a rate such as 100Mbit or 12MB/s, or 0 for no limit, got "fast"',
      },
    });
    expect(checkLive({ level: '20' }, inForce).problems).toEqual({
      level: 'Compression level: zstd takes 1 to 19, got 20',
    });
    expect(checkLive({ method: 'zlib', level: '12' }, inForce).problems).toEqual({
      level: 'Compression level: zlib takes 0 to 9, got 12',
    });
    expect(checkLive({ downtimeLimitMs: '0' }, inForce).problems).toHaveProperty('downtimeLimitMs');
  });
});
