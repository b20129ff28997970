import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { RunRecord, RunSeries } from '../../shared/run-record';
import { defaultSettings } from '../../shared/settings';
import type { Report, Snapshot } from '../../shared/snapshot';

/** A folder of its own for one test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const counts = {
  pages: { duplicate: 9, normal: 8, xbzrle: 7, unchanged: 6, repeated: 4, overflow: 5 },
  cache: {
    size: 4096,
    lookups: 40,
    hits: 10,
    misses: 30,
    evictions: 3,
    overflow: 5,
    shards: [{ lookups: 40, hits: 10, misses: 30, evictions: 3, overflow: 5 }],
  },
  compression: { method: 'zstd', level: 1, rawBytes: 1000, compressedBytes: 250 },
} as const;

/** A run that ended well. */
export const testReport: Report = {
  status: 'completed',
  totalTimeMs: 15_002.5,
  downtimeMs: 82,
  expectedDowntimeMs: 110,
  expectedDowntimeBandMs: { low: 60, high: 110 },
  rounds: 5,
  wireBytes: 2_000_000,
  rawBytes: 5_000_000,
  throughputMbps: 13.98,
  ...counts,
  load: {
    workerBusyShare: 0.31,
    limiterBusyShare: 0.875,
    waitShares: { link: 0.9, compressor: 0.01, source: 0.05, destination: 0 },
    loopLagP99Ms: 7.4,
  },
  reconnects: 2,
  guestRunningOn: 'destination',
};

/** A moment of a run; what a test does not speak of is unknown. */
export function testSnapshot(changed: Partial<Snapshot>): Snapshot {
  return {
    state: 'iterating',
    elapsedMs: 0,
    rounds: 1,
    rawBytes: 0,
    wireBytes: 0,
    reconnects: 0,
    ...counts,
    wireClasses: { zero: 0, unchanged: 0, xbzrle: 0, normal: 0, plain: 0, other: 0 },
    inFlightBytes: 0,
    limiterBusyShare: 0,
    workers: [],
    guestRunningOn: 'source',
    settings: defaultSettings,
    ...changed,
  };
}

const series: RunSeries = {
  elapsedMs: [0, 100],
  rounds: [1, 2],
  guestRate: [null, 5000],
  wireRate: [null, 2000],
  remainingBytes: [8192, 4096],
  dirtyRate: [null, null],
  expectedDowntimeLowMs: [null, 60],
  expectedDowntimeHighMs: [null, 110],
};

/** A run's record, the `n`-th of its day. */
export function testRun(n: number, changed: Partial<RunRecord> = {}): RunRecord {
  const startedAt = new Date(Date.UTC(2026, 0, 31, 12, 0, n));
  return {
    id: `${startedAt.toISOString().replace(/[-:.]/g, '')}-${n.toString(16).padStart(8, '0')}`,
    startedAt: startedAt.toISOString(),
    guest: `guest ${n}`,
    source: '/run/a.qmp',
    destination: '/run/b.qmp',
    settings: defaultSettings,
    report: testReport,
    series,
    ...changed,
  };
}
