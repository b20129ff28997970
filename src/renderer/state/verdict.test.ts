import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../shared/settings';
import type { Report, Snapshot } from '../../shared/snapshot';
import { verdictOf, verdictOfReport } from './verdict';

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
  wireClasses: { zero: 0, unchanged: 0, xbzrle: 50e6, normal: 140e6, plain: 0, other: 10e6 },
  inFlightBytes: 0,
  limiterBusyShare: 0,
  workers: [{ name: 'compress-0', busyShare: 0.5, restarts: 0 }],
  expectedDowntimeMs: { low: 60, high: 110 },
  roundLeftMs: 2500,
  switchoverInMs: { low: 3600, high: 9000 },
  verdict: { kind: 'converging' },
  reconnects: 0,
  guestRunningOn: 'source',
  settings: defaultSettings,
};

const report: Report = {
  status: 'completed',
  totalTimeMs: 20_000,
  downtimeMs: 84,
  expectedDowntimeMs: 110,
  expectedDowntimeBandMs: { low: 60, high: 110 },
  rounds: 5,
  wireBytes: 1,
  rawBytes: 2,
  throughputMbps: 3,
  pages: running.pages,
  cache: running.cache,
  compression: running.compression,
  reconnects: 0,
  guestRunningOn: 'destination',
};

describe('verdictOf', () => {
  it.each(['bulk', 'iterating'] as const)('says what the operator has decided before all else, %s', (state) => {
    const stuck = { ...running, state, verdict: { kind: 'not converging', reason: 'link', words: 'so' } } as const;
    expect(verdictOf({ ...stuck, flow: 'paused' })).toEqual({
      tone: 'wait',
      finish: 'Paused: nothing is sent until you resume, with 95.4 MiB left.',
      help: 'The guest runs on, and what it writes meanwhile has to be sent again.',
    });
    expect(verdictOf({ ...stuck, flow: 'forced' })).toEqual({
      tone: 'wait',
      finish: 'Switchover forced: the source is about to stop the guest.',
      pause: 'The guest would pause 60–110 ms (limit 300 ms).',
    });
  });

  it('says when the switchover comes and how long the guest would pause', () => {
    expect(verdictOf(running)).toEqual({
      tone: 'good',
      finish: 'Converging: switchover in 4–9 s.',
      pause: 'The guest would pause 60–110 ms (limit 300 ms).',
    });
  });

  it('says that the link is lost, for how long it is waited for, and what then', () => {
    const reconnecting = { leftMs: 42_000 };
    for (const state of ['preparing', running.state] as const) {
      expect(verdictOf({ ...running, state, reconnecting })).toEqual({
        tone: 'wait',
        finish: 'Reconnecting: the link is lost; it is given up in 40 s and the guest then stays on the source.',
      });
    }
    // The source has let go: nothing stays there any more.
    expect(verdictOf({ ...running, state: 'confirming', reconnecting }).finish).not.toContain('source');
  });

  it('says when that is any moment, or nobody knows when', () => {
    const { switchoverInMs: _band, ...unknown } = running;
    expect(verdictOf(unknown).finish).toBe('Converging: switchover in sight.');
    const soon = { ...running, switchoverInMs: { low: 0, high: 900 } };
    expect(verdictOf(soon).finish).toBe('Converging: switchover any moment.');
  });

  it('says when it does not converge, why, and what would help most', () => {
    const advice = { words: 'Compress with zstd, level 1', effect: 'pages pack to 8 % of their size' };
    const verdict = { kind: 'not converging', reason: 'link', words: 'the link gives no more', advice } as const;
    expect(verdictOf({ ...running, verdict })).toEqual({
      tone: 'bad',
      finish: 'Not converging: the link gives no more.',
      pause: 'The guest would pause 60–110 ms (limit 300 ms).',
      help: 'What would help most: Compress with zstd, level 1. Pages pack to 8 % of their size.',
      advice,
    });
  });

  it('promises nothing before the engine does', () => {
    const { verdict: _verdict, expectedDowntimeMs: _band, remainingBytes: _remaining, ...early } = running;
    expect(verdictOf(early)).toEqual({ tone: 'wait', finish: 'Sending what the guest wrote meanwhile.' });
    expect(verdictOf({ ...early, state: 'bulk' }).finish).toBe('First pass over the guest’s memory.');
    const unsure = verdictOf({ ...early, verdict: { kind: 'too early' } });
    expect(unsure.finish).toBe('Sending what the guest wrote meanwhile.');
  });

  it('counts the first pass down', () => {
    const roundLeftBandMs = { low: 3000, high: 5000 };
    expect(verdictOf({ ...running, state: 'bulk', remainingBytes: 400 * MiB, roundLeftBandMs })).toMatchObject({
      finish: 'First pass over the guest’s memory: 3–5 s left, 400 MiB of 512 MiB to go.',
      help: 'Less where memory is empty. Whether it converges, and when the guest switches over, is known after it.',
    });
  });

  it('says how much of a round is left before rounds can be compared', () => {
    const roundLeftBandMs = { low: 3000, high: 5000 };
    expect(verdictOf({ ...running, verdict: { kind: 'too early' }, roundLeftBandMs }).finish).toBe(
      'Sending what the guest wrote meanwhile: 3–5 s left of this round.',
    );
  });

  it.each(['bulk', 'iterating'] as const)('says early that its timeout comes too soon, %s', (state) => {
    const advice = { words: 'A bandwidth limit of 80 Mbit/s', effect: 'if the link has it' };
    const verdict = { kind: 'too slow', words: 'the first pass takes 2 min', advice } as const;
    expect(verdictOf({ ...running, state, verdict })).toMatchObject({
      tone: 'bad',
      finish: 'Too slow for its timeout: the first pass takes 2 min.',
      help: 'What would help most: A bandwidth limit of 80 Mbit/s. If the link has it.',
      advice,
    });
  });
});

describe('verdictOfReport', () => {
  it('sets the measured pause beside the predicted one', () => {
    expect(verdictOfReport(report)).toEqual({
      tone: 'good',
      finish: 'Completed: the guest runs on the destination.',
      pause: 'It paused for 84 ms, as predicted (60–110 ms).',
    });
  });

  it('says when the pause was longer than allowed', () => {
    expect(verdictOfReport({ ...report, downtimeLimitMs: 80 })).toMatchObject({
      tone: 'good',
      pauseTone: 'bad',
      pause: 'It paused for 84 ms, over the limit of 80 ms, as predicted (60–110 ms).',
    });
  });

  it('says when the pause was outside the band', () => {
    const paused = (downtimeMs: number) => verdictOfReport({ ...report, downtimeMs }).pause;
    expect(paused(111)).toBe('It paused for 111 ms, longer than predicted (60–110 ms).');
    expect(paused(110)).toBe('It paused for 110 ms, as predicted (60–110 ms).');
    expect(paused(59)).toBe('It paused for 59 ms, shorter than predicted (60–110 ms).');
    const { expectedDowntimeBandMs: _, ...unforeseen } = report;
    expect(verdictOfReport(unforeseen).pause).toBe('It paused for 84 ms.');
  });

  it('says why it failed and that the guest is safe', () => {
    const error = { code: 'wire-closed', message: 'the link was lost' } as const;
    expect(verdictOfReport({ ...report, status: 'failed', guestRunningOn: 'source', error })).toEqual({
      tone: 'bad',
      finish: 'Failed: the guest runs on the source.',
      help: 'The link was lost.',
    });
  });

  it('keeps what was judged of a run that was called off, and what would have helped', () => {
    const change = { xbzrleCacheBytes: 20 * MiB };
    const advice = { words: 'An XBZRLE cache of 20 MiB', effect: 'it would hold what is rewritten', change };
    const judged = { kind: 'not converging', reason: 'link', words: 'the link gives no more', advice } as const;
    const error = { code: 'timed-out', message: 'no switchover within the timeout of 10 s' } as const;
    expect(
      verdictOfReport({ ...report, status: 'cancelled', guestRunningOn: 'source', error, verdict: judged }).help,
    ).toBe(
      'No switchover within the timeout of 10 s. It was not converging: the link gives no more. ' +
        'What would have helped most: An XBZRLE cache of 20 MiB. It would hold what is rewritten. ' +
        '“Run again with…” starts from that.',
    );
    expect(verdictOfReport({ ...report, status: 'cancelled', guestRunningOn: 'source' })).not.toHaveProperty('help');
  });

  it('never guesses when the end is uncertain', () => {
    const verdict = verdictOfReport({ ...report, status: 'uncertain', guestRunningOn: 'unknown' });
    expect(verdict.finish).toContain('Nothing was started');
    expect(verdict.pause).toContain('query-status');
  });
});
