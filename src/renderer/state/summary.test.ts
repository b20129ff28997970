import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../shared/settings';
import { summary } from './summary';

describe('summary', () => {
  it('says the defaults in a sentence', () => {
    expect(summary(defaultSettings)).toBe(
      'zstd 1 on 8 threads with a 64 MiB XBZRLE cache, as fast as the link goes, pause under 300 ms.',
    );
  });

  it('says what is off', () => {
    const settings = { ...defaultSettings, method: 'none', xbzrleCacheBytes: 0, maxBandwidth: 12.5e6 } as const;
    expect(summary({ ...settings, compressThreads: 1, channels: 4, paused: true })).toBe(
      'No compression, 1 thread with no XBZRLE, at most 100 Mbit/s over 4 channels, pause under 300 ms; left paused on the destination.',
    );
  });

  it('says what is done when it takes too long', () => {
    const settings = { ...defaultSettings, method: 'auto', autoConverge: true, timeoutMs: 600_000 } as const;
    expect(summary({ ...settings, onTimeout: 'force' })).toBe(
      'Compression by what limits, from zstd 1 on, on 8 threads with a 64 MiB XBZRLE cache, as fast as the link goes, ' +
        'pause under 300 ms; the guest is slowed down if it writes too fast; forced to switch over after 10 min 0 s.',
    );
  });
});
