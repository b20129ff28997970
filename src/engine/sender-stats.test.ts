import { describe, expect, it } from 'vitest';
import type { Encoded } from '../codec/job';
import { countEpoch, countPart, newSenderCounters } from './sender-stats';
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
    });
    expect(counters).toEqual({
      ...newSenderCounters(),
      duplicate: 2,
      normal: 3,
      partBytes: 3 * 4096,
      frameBytes: 3 * 4096,
      ways: [{ method: 'none', level: 0, rawBytes: 3 * 4096, compressedBytes: 3 * 4096 }],
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
    const { wireXbzrle, wireNormal, wirePlain } = counted({});
    expect(wireXbzrle).toBe(Math.round((wire * 1000) / 9192));
    expect([wireXbzrle + wireNormal, wirePlain]).toEqual([wire, 0]);
  });

  it('calls full pages plain where no method was used', () => {
    expect(counted({ method: 'none', deltaBytes: 0 })).toMatchObject({ wireXbzrle: 0, wireNormal: 0, wirePlain: wire });
  });

  it('leaves a part of references alone to the rest', () => {
    const { wireXbzrle, wireNormal, wirePlain } = counted({ deltaBytes: 0, fullBytes: 0 });
    expect([wireXbzrle, wireNormal, wirePlain]).toEqual([0, 0, 0]);
  });
});
