import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bottlenecks } from '../shared/snapshot';
import { BottleneckMeter, bottleneckOf, noWaits, waitShares, type Waits } from './bottleneck';

const nowhere = { link: 0, compressor: 0, source: 0, destination: 0 };

describe('shares of a time', () => {
  it('are of what was waited for, the limiter and the receiver both being the link', () => {
    const waits: Waits = { limitedMs: 100, blockedMs: 200, compressMs: 250, heldMs: 50, sourceMs: 400 };
    expect(waitShares(waits, 1000)).toEqual({ link: 0.3, compressor: 0.25, source: 0.4, destination: 0.05 });
  });

  it('are never more than all of it, nor anything of no time', () => {
    expect(waitShares({ ...noWaits, limitedMs: 9, blockedMs: 9 }, 10)).toEqual({ ...nowhere, link: 1 });
    expect(waitShares(noWaits, 0)).toEqual(nowhere);
  });
});

describe('the bottleneck', () => {
  it.each(bottlenecks)('is the %s where that was waited for most', (name) => {
    expect(bottleneckOf({ link: 0.2, compressor: 0.2, source: 0.2, destination: 0.2, [name]: 0.21 })).toBe(name);
  });

  it('is nothing where all the time went into work', () => {
    expect(bottleneckOf({ link: 0.19, compressor: 0.19, source: 0.19, destination: 0.19 })).toBeUndefined();
  });
});

describe('a bottleneck meter', () => {
  it('does not know before it has watched a while', () => {
    const meter = new BottleneckMeter();
    meter.mark(noWaits, 0);
    meter.mark({ ...noWaits, limitedMs: 99 }, 99);
    expect(meter.shares).toBeUndefined();
  });

  it('forgets what lies before its window', () => {
    const meter = new BottleneckMeter(500);
    meter.mark(noWaits, 0);
    for (let at = 100; at <= 2000; at += 100) meter.mark({ ...noWaits, compressMs: at }, at);
    expect(meter.shares).toEqual({ ...nowhere, compressor: 1 });
    for (let at = 2100; at <= 2600; at += 100) {
      meter.mark({ ...noWaits, compressMs: 2000, sourceMs: 0.8 * (at - 2000) }, at);
    }
    expect(meter.shares?.compressor).toBe(0);
    expect(meter.shares?.source).toBeCloseTo(0.8);
  });

  it('gives shares between 0 and 1 that add up to no more than 1 for waits that do not overlap', () => {
    const part = fc.record({ for: fc.integer({ min: 0, max: 4 }), ms: fc.integer({ min: 1, max: 300 }) });
    fc.assert(
      fc.property(fc.array(part, { minLength: 3, maxLength: 60 }), (parts) => {
        const meter = new BottleneckMeter();
        const waits = { ...noWaits };
        const names = ['limitedMs', 'blockedMs', 'compressMs', 'heldMs', 'sourceMs'] as const;
        let now = 0;
        meter.mark(waits, now);
        for (const { for: index, ms } of parts) {
          now += ms;
          waits[names[index] as (typeof names)[number]] += ms;
          meter.mark(waits, now);
        }
        const shares = meter.shares ?? nowhere;
        const sum = bottlenecks.reduce((total, name) => total + shares[name], 0);
        expect(sum).toBeLessThanOrEqual(1 + 1e-9);
        for (const name of bottlenecks) expect(shares[name]).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
