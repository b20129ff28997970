import { describe, expect, it } from 'vitest';
import type { Encoded } from '../codec/job';
import { countEpoch, countPart, countTable, newSenderCounters } from './sender-stats';
import { partOverheadBytes } from './wire/epoch-frame';
import { frameHeadBytes } from './wire/frame';

const answer: Encoded = {
  type: 'encoded',
  slot: 0,
  bytes: 1000,
  rawBytes: 10_000,
  method: 'zstd',
  busyMs: 1,
  deltaBytes: 1000,
  fullBytes: 8192,
  counts: {
    normal: 2,
    xbzrle: 3,
    unchanged: 4,
    repeated: 5,
    overflow: 1,
    lookups: 9,
    hits: 8,
    misses: 1,
    evictions: 6,
  },
  ops: '',
};
const way = { method: 'zstd', level: 3 } as const;
const wire = 1000 + partOverheadBytes + frameHeadBytes;

function counted(change: Partial<Encoded>): ReturnType<typeof newSenderCounters> {
  const counters = newSenderCounters();
  countPart(counters, { shard: 0, pages: 9, frame: Buffer.alloc(1000), answer: { ...answer, ...change }, way });
  return counters;
}

describe('countEpoch', () => {
  it('adds zero pages, and plain ones as sent without a method', () => {
    const counters = newSenderCounters();
    countEpoch(counters, {
      number: 1,
      rawBytes: 0,
      digest: 0n,
      table: Buffer.alloc(0),
      parts: [],
      plainPages: 3,
      zeroPages: 2,
      zeroBytes: 0,
    });
    expect(counters).toEqual({
      ...newSenderCounters(),
      duplicate: 2,
      normal: 3,
      partBytes: 3 * 4096,
      frameBytes: 3 * 4096,
      ways: [{ method: 'none', level: 0, asItComes: true, rawBytes: 3 * 4096, compressedBytes: 3 * 4096 }],
      wirePlain: 3 * 4096,
    });
  });
});

describe('countPart', () => {
  it('adds what the worker counted', () => {
    const counters = counted({});
    expect(counters).toMatchObject({ ...answer.counts, partBytes: 10_000, frameBytes: 1000, rawBytes: 0 });
  });

  it('keeps what each shard\u2019s cache did apart, and the sum of it', () => {
    const counters = counted({});
    countPart(counters, { shard: 2, pages: 9, frame: Buffer.alloc(9), answer, way });
    const figures = { overflow: 1, lookups: 9, hits: 8, misses: 1, evictions: 6 };
    const none = { overflow: 0, lookups: 0, hits: 0, misses: 0, evictions: 0 };
    expect(counters.shards).toEqual([figures, none, figures]);
    expect(counters).toMatchObject({ overflow: 2, lookups: 18, hits: 16, misses: 2, evictions: 12 });
  });

  it('shares a part\u2019s wire bytes out by what went into it', () => {
    const { wireXbzrle, wireUnchanged, wireNormal, wirePlain } = counted({});
    // 808 bytes of ops for 14 pages: 3 deltas, 9 references, 2 full pages.
    expect(wireXbzrle).toBe(Math.round((wire * (1000 + (808 * 3) / 14)) / 10_000));
    expect(wireUnchanged).toBe(Math.round((wire * ((808 * 9) / 14)) / 10_000));
    expect([wireXbzrle + wireUnchanged + wireNormal, wirePlain]).toEqual([wire, 0]);
  });

  it('calls full pages plain where no method was used', () => {
    const { wireXbzrle, wireUnchanged, wireNormal, wirePlain } = counted({ method: 'none' });
    expect([wireNormal, wireXbzrle + wireUnchanged + wirePlain]).toEqual([0, wire]);
  });

  it('counts a part of references alone as such', () => {
    const counts = { ...answer.counts, normal: 0, xbzrle: 0 };
    const part = counted({ deltaBytes: 0, fullBytes: 0, counts });
    expect(part).toMatchObject({ wireXbzrle: 0, wireUnchanged: wire, wireNormal: 0, wirePlain: 0 });
  });
});

describe('countTable', () => {
  const epoch = { number: 1, rawBytes: 0, digest: 0n, parts: [], plainPages: 0, zeroPages: 9, zeroBytes: 25 };

  it('counts what stands for zero pages, packed as much as the rest of the table', () => {
    const counters = newSenderCounters();
    countTable(counters, { ...epoch, table: Buffer.alloc(100) }, 40);
    expect(counters.wireZero).toBe(10);
  });

  it('counts nothing of an empty table', () => {
    const counters = newSenderCounters();
    countTable(counters, { ...epoch, table: Buffer.alloc(0), zeroBytes: 0 }, 0);
    expect(counters.wireZero).toBe(0);
  });
});
