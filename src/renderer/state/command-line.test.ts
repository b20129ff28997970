import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../shared/settings';
import { commandLine, summary } from './command-line';

describe('commandLine', () => {
  it('names only what differs from the defaults', () => {
    const settings = { ...defaultSettings, level: 3, channels: 4, maxBandwidth: 12.5e6, xbzrleCacheBytes: 2 ** 28 };
    expect(commandLine('/run/a.qmp', 'tcp:host:4444', settings)).toBe(
      'wherry migrate --source /run/a.qmp --destination tcp:host:4444 --level 3 --channels 4 --xbzrle-cache 256MiB --max-bandwidth 100Mbit',
    );
  });

  it('names the timeout and what is done then', () => {
    const settings = { ...defaultSettings, timeoutMs: 600_000, onTimeout: 'force' } as const;
    expect(commandLine('/a', '/b', settings)).toContain('--timeout 10m --on-timeout force');
  });

  it('quotes what a shell would split or expand', () => {
    expect(commandLine("/run/it's $HOME", '/b', { ...defaultSettings, paused: true })).toBe(
      `wherry migrate --source '/run/it'\\''s $HOME' --destination /b --paused`,
    );
  });
});

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
});
