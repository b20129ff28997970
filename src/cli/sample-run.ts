import { defaultSettings } from '../shared/settings';
import type { LinkFigures } from '../shared/link';
import type { Report, Snapshot } from '../shared/snapshot';

const counts = {
  pages: { duplicate: 90_000, normal: 30_000, xbzrle: 8000, unchanged: 120, repeated: 60, overflow: 7 },
  cache: {
    size: 64 * 2 ** 20,
    lookups: 40_000,
    hits: 10_000,
    misses: 30_000,
    evictions: 900,
    overflow: 7,
    shards: [
      { lookups: 20_000, hits: 6000, misses: 14_000, evictions: 500, overflow: 3 },
      { lookups: 20_000, hits: 4000, misses: 16_000, evictions: 400, overflow: 4 },
    ],
  },
  compression: { method: 'zstd', level: 1, rawBytes: 125_000_000, compressedBytes: 25_000_000 },
} as const;

/** A run in the middle of its rounds. */
export const sampleSnapshot: Snapshot = {
  state: 'iterating',
  elapsedMs: 12_345,
  setupTimeMs: 12,
  rounds: 4,
  totalBytes: 512 * 2 ** 20,
  remainingBytes: 64 * 2 ** 20,
  rawBytes: 123_000_000,
  wireBytes: 24_600_000,
  guestRate: 81.2e6,
  wireRate: 12.4e6,
  dirtyRate: 3.1e6,
  ...counts,
  wireClasses: { zero: 0, unchanged: 0, xbzrle: 1_024_000, normal: 22_000_000, plain: 0, other: 1_576_000 },
  inFlightBytes: 262_144,
  limiterBusyShare: 0.93,
  workers: [
    { name: 'compress-1', busyShare: 0.3, restarts: 0 },
    { name: 'compress-2', busyShare: 0.4, restarts: 1 },
    { name: 'decompress-1', busyShare: 0.1, restarts: 0 },
  ],
  expectedDowntimeMs: { low: 120, high: 180 },
  reconnects: 0,
  guestRunningOn: 'source',
  settings: { ...defaultSettings, maxBandwidth: 12.5e6 },
};

/** The link of the same run, as it was tested. */
export const sampleLink: LinkFigures = {
  roundTripMs: 0.42,
  roundTripMedianMs: 0.51,
  throughput: 12.4e6,
  maxBandwidth: 12.5e6,
  channels: 4,
  clockOffsetMs: -12.3,
  clockErrorMs: 0.21,
  bytes: 10_485_760,
};

/** The same run when it has ended well, with nothing known that may be unknown. */
export const sparseReport: Report = {
  status: 'completed',
  totalTimeMs: 15_002.4,
  rounds: 5,
  wireBytes: 26_214_400,
  rawBytes: 134_217_728,
  throughputMbps: 13.98,
  ...counts,
  reconnects: 0,
  guestRunningOn: 'destination',
};

/** The same run with everything known. */
export const sampleReport: Report = {
  ...sparseReport,
  downtimeMs: 82,
  downtimeErrorMs: 0.21,
  downtimeLimitMs: 300,
  expectedDowntimeMs: 180,
  expectedDowntimeBandMs: { low: 120, high: 180 },
  setupTimeMs: 12,
  totalBytes: 512 * 2 ** 20,
  load: {
    workerBusyShare: 0.31,
    limiterBusyShare: 0.875,
    waitShares: { link: 0.9, compressor: 0.01, source: 0.05, destination: 0 },
    loopLagP99Ms: 7.4,
  },
  link: sampleLink,
};
