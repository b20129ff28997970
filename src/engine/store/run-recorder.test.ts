import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxSeriesPoints, seriesColumns } from '../../shared/run-record';
import { defaultSettings } from '../../shared/settings';
import { parseRun, runText } from './run-file';
import { RunRecorder } from './run-recorder';
import { SeriesRecorder } from './series';
import { testReport, testSnapshot } from './testing';

function times(count: number, capacity?: number): readonly (number | null)[] {
  const recorder = new SeriesRecorder(capacity);
  for (let n = 0; n < count; n += 1) recorder.add(testSnapshot({ elapsedMs: n }));
  return recorder.series().elapsedMs;
}

describe('SeriesRecorder', () => {
  it('takes everything while there is room', () => {
    expect(times(0, 4)).toEqual([]);
    expect(times(1, 4)).toEqual([0]);
    expect(times(3, 4)).toEqual([0, 1, 2]);
  });

  it('halves when it is full, and keeps the last', () => {
    expect(times(5, 6)).toEqual([0, 1, 2, 3, 4]);
    expect(times(6, 6)).toEqual([0, 2, 4, 5]);
    expect(times(9, 6)).toEqual([0, 2, 4, 6, 8]);
    expect(times(12, 6)).toEqual([0, 4, 8, 11]);
  });

  it('is bounded, in order, with both ends, however many there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 2, max: 40 }), (count, capacity) => {
        const found = times(count, capacity);
        expect(found.length).toBeLessThanOrEqual(capacity);
        expect(found.length).toBeGreaterThanOrEqual(Math.min(count, Math.floor(capacity / 2)));
        expect([found[0], found.at(-1)]).toEqual([0, count - 1]);
        expect(found.every((each, index) => index === 0 || (each ?? 0) > (found[index - 1] ?? 0))).toBe(true);
      }),
    );
    expect(times(100_000).length).toBeLessThanOrEqual(maxSeriesPoints);
  });

  it('has null for what is unknown, in every column', () => {
    const recorder = new SeriesRecorder();
    recorder.add(testSnapshot({ elapsedMs: 10.4, guestRate: 7.6, dirtyRate: Number.NaN }));
    recorder.add(testSnapshot({ elapsedMs: 20, expectedDowntimeMs: { low: 1, high: 2 }, remainingBytes: 4096 }));
    expect(recorder.series()).toEqual({
      elapsedMs: [10, 20],
      rounds: [1, 1],
      guestRate: [8, null],
      wireRate: [null, null],
      remainingBytes: [null, 4096],
      dirtyRate: [null, null],
      expectedDowntimeLowMs: [null, 1],
      expectedDowntimeHighMs: [null, 2],
    });
    expect(Object.keys(recorder.series())).toEqual([...seriesColumns]);
  });
});

describe('RunRecorder', () => {
  const start = { guest: 'db', source: '/a', destination: '/b', settings: defaultSettings };
  const startedAt = new Date('2026-01-31T23:59:59.123Z');

  it('makes a record that reads back as it is', () => {
    const recorder = new RunRecorder(start, startedAt);
    recorder.snapshot(testSnapshot({ elapsedMs: 1 }));
    const run = recorder.record(testReport);
    expect(run).toMatchObject({ ...start, startedAt: '2026-01-31T23:59:59.123Z', report: testReport });
    expect(run.id).toMatch(/^20260131T235959123Z-[0-9a-f]{8}$/);
    expect(run.series.elapsedMs).toEqual([1]);
    expect(run).not.toHaveProperty('changedSettings');
    expect(parseRun(runText(run))).toEqual(run);
  });

  it('keeps no secret of an address', () => {
    const destination = 'wherry://far:4711?x=1&token=0123abcd&y=2';
    const run = new RunRecorder({ ...start, destination }).record(testReport);
    expect(run.destination).toBe('wherry://far:4711?x=1&token=…&y=2');
    expect(JSON.stringify(run)).not.toContain('0123abcd');
  });

  it('notes what was changed while it ran', () => {
    const recorder = new RunRecorder(start, startedAt);
    recorder.snapshot(testSnapshot({ settings: { ...defaultSettings, level: 3 } }));
    recorder.snapshot(testSnapshot({ settings: { ...defaultSettings, maxBandwidth: 5 } }));
    const run = recorder.record(testReport);
    expect(run).toMatchObject({ settings: defaultSettings, changedSettings: { maxBandwidth: 5 } });
    expect(parseRun(runText(run))).toEqual(run);
  });

  it('records a run that never sent a thing', () => {
    const { report, series } = new RunRecorder(start, startedAt).record({ ...testReport, status: 'failed' });
    expect([report.status, series.elapsedMs]).toEqual(['failed', []]);
  });

  it('stays well below the cap of a file, whatever the figures', () => {
    const recorder = new RunRecorder(start, startedAt);
    const most = Number.MAX_SAFE_INTEGER;
    const band = { low: most, high: most };
    const figures = {
      guestRate: most,
      wireRate: most,
      remainingBytes: most,
      dirtyRate: most,
      expectedDowntimeMs: band,
    };
    for (let n = 0; n < maxSeriesPoints; n += 1) recorder.snapshot(testSnapshot({ ...figures, elapsedMs: most - n }));
    expect(runText(recorder.record(testReport)).length).toBeLessThan(2 ** 18);
  });
});
