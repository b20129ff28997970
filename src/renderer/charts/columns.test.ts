import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../shared/settings';
import type { Snapshot } from '../../shared/snapshot';
import { Sampler } from './columns';

const start: Snapshot = {
  state: 'iterating',
  elapsedMs: 0,
  rounds: 1,
  reconnects: 0,
  rawBytes: 0,
  wireBytes: 0,
  pages: { duplicate: 0, normal: 0, xbzrle: 0, unchanged: 0, repeated: 0, overflow: 0 },
  cache: { size: 2 ** 26, lookups: 0, hits: 0, misses: 0, evictions: 0, overflow: 0, shards: [] },
  compression: { method: 'zstd', level: 1, rawBytes: 0, compressedBytes: 0 },
  wireClasses: { zero: 0, unchanged: 0, xbzrle: 0, normal: 0, plain: 0, other: 0 },
  inFlightBytes: 0,
  limiterBusyShare: 0,
  workers: [],
  guestRunningOn: 'source',
  settings: defaultSettings,
};

/** So much done after so many tenths of a second. */
function at(tenths: number): Snapshot {
  return {
    ...start,
    elapsedMs: tenths * 100,
    cache: { ...start.cache, lookups: tenths * 10, hits: tenths * 4, overflow: tenths },
    wireClasses: {
      zero: tenths,
      unchanged: tenths * 2,
      xbzrle: tenths * 100,
      normal: tenths * 200,
      plain: tenths * 300,
      other: tenths * 50,
    },
  };
}

describe('Sampler', () => {
  it('knows no rate from one snapshot', () => {
    const row = new Sampler().row(at(0));
    expect(row).toMatchObject({ downtimeLimit: 300 });
    expect(row.limit).toBeUndefined();
    expect(row.xbzrle).toBeUndefined();
  });

  it('takes rates over the last second, and only that', () => {
    const sampler = new Sampler();
    for (let tenths = 0; tenths < 30; tenths += 1) sampler.row(at(tenths));
    expect(sampler.row(at(30))).toMatchObject({
      ...{ zero: 10, unchanged: 20, xbzrle: 1000, compressed: 2000, plain: 3000, other: 500 },
      ...{ hitShare: 0.4, lookupRate: 100, overflowRate: 10 },
    });
    // Nothing more is done: after a second it shows.
    let row = sampler.row({ ...at(30), elapsedMs: 3100 });
    for (let tenths = 32; tenths <= 42; tenths += 1) row = sampler.row({ ...at(30), elapsedMs: tenths * 100 });
    expect(row).toMatchObject({ xbzrle: 0, lookupRate: 0 });
    expect(row.hitShare).toBeUndefined();
  });

  it('says nothing of a cache that is off', () => {
    const sampler = new Sampler();
    const off = (tenths: number): Snapshot => ({ ...at(tenths), cache: { ...start.cache, size: 0 } });
    sampler.row(off(0));
    const row = sampler.row(off(10));
    expect(row).toMatchObject({ cacheBytes: 0 });
    expect(row.lookupRate).toBeUndefined();
  });

  it('shows the limit where there is one, and the band', () => {
    const row = new Sampler().row({
      ...start,
      settings: { ...defaultSettings, maxBandwidth: 12.5e6 },
      expectedDowntimeMs: { low: 60, high: 110 },
    });
    expect(row).toMatchObject({ limit: 12.5e6, downtimeLow: 60, downtimeHigh: 110 });
  });
});
