import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../shared/settings';
import type { Report, Snapshot } from '../../shared/snapshot';
import { bottleneckOf, etaMs, verdictOf, verdictOfReport } from './verdict';

const MiB = 2 ** 20;

const running: Snapshot = {
  state: 'iterating',
  elapsedMs: 12_000,
  rounds: 3,
  totalBytes: 512 * MiB,
  remainingBytes: 100e6,
  rawBytes: 600e6,
  wireBytes: 200e6,
  guestRate: 40e6,
  wireRate: 12e6,
  dirtyRate: 20e6,
  pages: { duplicate: 10, normal: 20, xbzrle: 30, unchanged: 40, repeated: 5, overflow: 0 },
  cache: { size: 64 * MiB, lookups: 100, hits: 80, misses: 20, evictions: 4, overflow: 0, shards: [] },
  compression: { method: 'zstd', level: 1, rawBytes: 500e6, compressedBytes: 190e6 },
  wireClasses: { xbzrle: 50e6, normal: 140e6, plain: 0, other: 10e6 },
  inFlightBytes: 0,
  limiterBusyShare: 0,
  workers: [{ name: 'compress-0', busyShare: 0.5, restarts: 0 }],
  expectedDowntimeMs: { low: 60, high: 110 },
  guestRunningOn: 'source',
  settings: defaultSettings,
};

const report: Report = {
  status: 'completed',
  totalTimeMs: 20_000,
  downtimeMs: 84,
  expectedDowntimeMs: 110,
  rounds: 5,
  wireBytes: 1,
  rawBytes: 2,
  throughputMbps: 3,
  pages: running.pages,
  cache: running.cache,
  compression: running.compression,
  guestRunningOn: 'destination',
};

describe('verdictOf', () => {
  it('says when the switchover comes and how long the guest would pause', () => {
    // (100 MB - 40 MB/s x 0.3 s) / (40 - 20) MB/s = 4.4 s
    expect(verdictOf(running)).toEqual({
      tone: 'good',
      finish: 'Converging: switchover in about 4 s.',
      pause: 'The guest would pause 60–110 ms (limit 300 ms).',
    });
  });

  it('says when it does not converge, with both rates and what would help', () => {
    const settings = { ...defaultSettings, maxBandwidth: 5e6 };
    expect(verdictOf({ ...running, dirtyRate: 45e6, limiterBusyShare: 0.9, settings })).toMatchObject({
      tone: 'bad',
      finish: 'Not converging: the guest dirties 45 MB/s, only 40 MB/s of memory is being moved.',
      help: 'What would help: the bandwidth limit of 5 MB/s holds it back; raise it.',
    });
  });

  it('promises nothing before the rates are known', () => {
    const { guestRate: _guest, dirtyRate: _dirty, expectedDowntimeMs: _band, ...early } = running;
    expect(verdictOf(early)).toEqual({ tone: 'wait', finish: 'Sending what the guest wrote meanwhile.' });
    const { remainingBytes: _remaining, ...first } = early;
    expect(verdictOf({ ...first, state: 'bulk' }).finish).toBe('First pass over the guest’s memory.');
  });

  it('does not take the moment between two rounds for the end', () => {
    expect(verdictOf({ ...running, remainingBytes: 0 }).finish).toBe('Sending what the guest wrote meanwhile.');
  });

  it('counts the first pass down', () => {
    expect(verdictOf({ ...running, state: 'bulk', remainingBytes: 400 * MiB }).finish).toBe(
      'First pass over the guest’s memory: about 10 s left, 400 MiB of 512 MiB to go.',
    );
  });
});

describe('etaMs', () => {
  it('is nothing to wait for when what remains fits the downtime limit', () => {
    expect(etaMs({ ...running, remainingBytes: 1e6 })).toBe(0);
  });

  it('is absent when dirtying keeps up with sending, or nothing is sent', () => {
    expect(etaMs({ ...running, dirtyRate: 39e6 })).toBeUndefined();
    expect(etaMs({ ...running, guestRate: 0 })).toBeUndefined();
  });
});

describe('bottleneckOf', () => {
  const worker = { name: 'compress-0', busyShare: 0.95, restarts: 0 };
  const missed = { ...running.cache, hits: 10, misses: 90 };
  const limited = { ...defaultSettings, maxBandwidth: 5e6 };
  it.each([
    ['bandwidth limit', { limiterBusyShare: 0.9, settings: limited, workers: [worker] }],
    ['compressor', { workers: [worker, { name: 'decompress-0', busyShare: 0, restarts: 0 }] }],
    ['cache', { cache: missed }],
    ['link', {}],
  ] as const)('names the %s', (bottleneck, change) => {
    expect(bottleneckOf({ ...running, ...change })).toBe(bottleneck);
  });
});

describe('verdictOfReport', () => {
  it('sets the measured pause beside the predicted one', () => {
    expect(verdictOfReport(report)).toEqual({
      tone: 'good',
      finish: 'Completed: the guest runs on the destination.',
      pause: 'It paused for 84 ms (predicted at most 110 ms).',
    });
  });

  it('says when the pause was longer than allowed', () => {
    expect(verdictOfReport({ ...report, downtimeLimitMs: 80 })).toMatchObject({
      tone: 'wait',
      pause: 'It paused for 84 ms, over the limit of 80 ms (predicted at most 110 ms).',
    });
  });

  it('says why it failed and that the guest is safe', () => {
    const error = { code: 'wire-closed', message: 'the link was lost' } as const;
    expect(verdictOfReport({ ...report, status: 'failed', guestRunningOn: 'source', error })).toEqual({
      tone: 'bad',
      finish: 'Failed: the guest runs on the source.',
      help: 'The link was lost.',
    });
  });

  it('never guesses when the end is uncertain', () => {
    const verdict = verdictOfReport({ ...report, status: 'uncertain', guestRunningOn: 'unknown' });
    expect(verdict.finish).toContain('Nothing was started');
    expect(verdict.pause).toContain('query-status');
  });
});
