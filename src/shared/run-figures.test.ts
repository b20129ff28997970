import { describe, expect, it } from 'vitest';
import { compareRuns, predictedText, resultFigures, settingFigures, settingValueText } from './run-figures';
import type { RunSummary } from './run-record';
import { defaultSettings } from './settings';
import type { Report } from './snapshot';

const report: Report = {
  status: 'completed',
  totalTimeMs: 15_000,
  downtimeMs: 82,
  expectedDowntimeMs: 110,
  expectedDowntimeBandMs: { low: 60, high: 110 },
  rounds: 5,
  wireBytes: 2_000_000,
  rawBytes: 5_000_000,
  throughputMbps: 13.98,
  pages: { duplicate: 9, normal: 8, xbzrle: 7, unchanged: 6, repeated: 4, overflow: 5 },
  cache: { size: 4096, lookups: 40, hits: 10, misses: 30, evictions: 3, overflow: 5, shards: [] },
  compression: { method: 'zstd', level: 1, rawBytes: 1000, compressedBytes: 250 },
  reconnects: 0,
  guestRunningOn: 'destination',
};

function run(changed: Partial<RunSummary> = {}): RunSummary {
  const ends = { source: '/a', destination: '/b' };
  return { id: 'x', startedAt: '', guest: 'g', ...ends, settings: defaultSettings, report, ...changed };
}

function texts(of: RunSummary): Readonly<Record<string, string>> {
  return Object.fromEntries([...settingFigures, ...resultFigures].map(({ label, text }) => [label, text(of)]));
}

describe('figures of a run', () => {
  it('are texts with units', () => {
    expect(texts(run())).toMatchObject({
      'Compression method': 'zstd',
      'XBZRLE cache size': '64MiB',
      'Bandwidth limit': '0',
      'Leave paused': 'no',
      Outcome: 'completed',
      'Total time': '15.0 s',
      'Measured downtime': '82 ms',
      'Predicted downtime, high': '110 ms',
      'Downtime as predicted': 'yes',
      'Guest memory': '–',
      Ratio: '2.50',
      Throughput: '14.0 Mbit/s',
      'Cache hit rate': '25.0 %',
      'Compression ratio': '4.00',
    });
  });

  it('have the thousands of their counts apart', () => {
    const pages = { ...report.pages, normal: 124_448 };
    expect(texts(run({ report: { ...report, pages } }))['Full pages']).toBe('124 448');
  });

  it('have the link in them, where it was tested', () => {
    const link = {
      ...{ roundTripMs: 0.42, roundTripMedianMs: 0.51, throughput: 7_500_000, maxBandwidth: 0, channels: 4 },
      ...{ clockOffsetMs: -12.3, clockErrorMs: 0.21, bytes: 9 },
    };
    expect(texts(run({ report: { ...report, link, downtimeErrorMs: 0.21 } }))).toMatchObject({
      'Link: round trip': '0.42 ms',
      'Link: round trip, median': '0.51 ms',
      'Link: throughput': '60.0 Mbit/s',
      'Link: clock there': '-12 ms',
      'Link: clock, give or take': '0.21 ms',
      'Measured downtime, give or take': '0.21 ms',
    });
    expect(texts(run())).toMatchObject({ 'Link: throughput': '–', 'Link: clock there': '–' });
  });

  it('say that they are unknown', () => {
    const { downtimeMs: _, expectedDowntimeBandMs: __, ...rest } = report;
    const of = run({
      report: { ...rest, wireBytes: 0, cache: { ...report.cache, size: 0, lookups: 0, hits: 0, misses: 0 } },
    });
    expect(texts(of)).toMatchObject({ 'Measured downtime': '–', 'Downtime as predicted': '–', Ratio: '–' });
    expect(predictedText(of)).toBe('–');
    expect(predictedText(run())).toBe('60–110 ms');
  });

  it.each([
    [60, 'yes'],
    [110, 'yes'],
    [59, 'no'],
    [111, 'no'],
  ])('call a downtime of %s as predicted: %s', (downtimeMs, text) => {
    expect(texts(run({ report: { ...report, downtimeMs } }))['Downtime as predicted']).toBe(text);
  });

  it('show what was changed while the run lasted', () => {
    const of = run({ changedSettings: { maxBandwidth: 12.5e6, paused: true } });
    expect(texts(of)).toMatchObject({ 'Bandwidth limit': '0 → 100Mbit', 'Leave paused': 'no → yes' });
    expect(settingValueText('downtimeLimitMs', 1500)).toBe('1500ms');
  });

  it('have names of their own', () => {
    const figures = [...settingFigures, ...resultFigures];
    expect(new Set(figures.map(({ key }) => key)).size).toBe(figures.length);
    expect(new Set(figures.map(({ label }) => label)).size).toBe(figures.length);
  });
});

describe('compareRuns', () => {
  it('marks what differs, and nothing else', () => {
    const { setupTimeMs: _, ...other } = { ...report, setupTimeMs: 0, downtimeMs: 200 };
    const compared = compareRuns([
      run(),
      run({ settings: { ...defaultSettings, level: 9 }, report: other }),
      run({ changedSettings: { maxBandwidth: 1 } }),
    ]);
    const marked = [...compared.settings, ...compared.figures].filter(({ differs }) => differs);
    expect(marked.map(({ key, texts: each }) => [key, ...each])).toEqual([
      ['level', '1', '9', '1'],
      ['maxBandwidth', '0', '0', '0 → 1B/s'],
      ['downtimeMs', '82 ms', '200 ms', '82 ms'],
      ['downtimeAsPredicted', 'yes', 'no', 'yes'],
    ]);
  });

  it('has null where a value is unknown, and finds a known one different', () => {
    const { downtimeMs: _, ...unknown } = report;
    const { figures } = compareRuns([run(), run({ report: unknown })]);
    expect(figures.find(({ key }) => key === 'downtimeMs')).toEqual({
      key: 'downtimeMs',
      label: 'Measured downtime',
      values: [82, null],
      texts: ['82 ms', '–'],
      differs: true,
    });
  });
});
