import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../shared/settings';
import { noWaits } from './bottleneck';
import { defined, type SenderView, type SessionFacts } from './run-facts';
import { RunStats } from './run-stats';
import { newSenderCounters, type SenderCounters } from './sender-stats';

const facts: SessionFacts = {
  state: 'iterating',
  guestRunningOn: 'source',
  setupTimeMs: 40,
  downtimeMs: undefined,
  rounds: 3,
  reconnects: 0,
  plannedShare: 1,
  flow: undefined,
  notice: undefined,
  loopLagP99Ms: 1.5,
  info: {
    status: 'active',
    ram: { transferred: 1, remaining: 5_000_000, total: 512 * 2 ** 20, 'dirty-pages-rate': 100, 'page-size': 4096 },
  },
};

function sender(counters: Partial<SenderCounters>, view: Partial<SenderView> = {}): SenderView {
  return {
    counters: { ...newSenderCounters(), ...counters },
    wireBytes: 0,
    inFlightBytes: 0,
    unacknowledgedBytes: 0,
    waits: noWaits,
    workers: () => [],
    ...view,
  };
}

/** Statistics on a clock that the test moves. */
function timed(): { stats: RunStats; at: (ms: number) => void } {
  let now = 1000;
  return { stats: new RunStats(defaultSettings, () => now), at: (ms) => void (now = 1000 + ms) };
}

const unknown = [
  'channelBytes',
  'setupTimeMs',
  'totalBytes',
  'remainingBytes',
  'guestRate',
  'wireRate',
  'dirtyRate',
  'expectedDowntimeMs',
  'downtimeMs',
  'notice',
];

describe('a snapshot', () => {
  it('leaves out what is not known yet', () => {
    const { stats } = timed();
    const bare = { ...facts, state: 'preparing', setupTimeMs: undefined, rounds: 0, info: {} } as const;
    const snapshot = stats.snapshot(undefined, bare);
    for (const name of unknown) expect(snapshot).not.toHaveProperty(name);
    expect(snapshot).toMatchObject({ state: 'preparing', elapsedMs: 0, rawBytes: 0, wireBytes: 0, workers: [] });
  });

  it('derives rates from what accumulates', () => {
    const { stats, at } = timed();
    const worker = (busyMs: number, restarts: number) => [{ name: 'compress-0', busyMs, restarts }];
    stats.snapshot(sender({}, { workers: () => worker(0, 0) }), facts);
    at(1000);
    const view = sender(
      { rawBytes: 40_000_000, partBytes: 30, frameBytes: 10, lookups: 9, hits: 4, misses: 5 },
      {
        wireBytes: 10_000_000,
        unacknowledgedBytes: 77,
        waits: { ...noWaits, limitedMs: 250, blockedMs: 350, sourceMs: 300 },
        workers: () => worker(750, 2),
      },
    );
    expect(stats.snapshot(view, facts)).toMatchObject({
      elapsedMs: 1000,
      guestRate: 40_000_000,
      wireRate: 10_000_000,
      dirtyRate: 409_600,
      limiterBusyShare: 0.25,
      waitShares: { link: 0.6, compressor: 0, source: 0.3, destination: 0 },
      bottleneck: 'link',
      loopLagP99Ms: 1.5,
      workers: [{ name: 'compress-0', busyShare: 0.75, restarts: 2 }],
      inFlightBytes: 77,
      remainingBytes: 5_000_000,
      totalBytes: 512 * 2 ** 20,
      cache: { size: defaultSettings.xbzrleCacheBytes, lookups: 9, hits: 4, misses: 5 },
      compression: { method: 'zstd', level: 1, rawBytes: 30, compressedBytes: 10 },
      setupTimeMs: 40,
      rounds: 3,
    });
  });

  it('has the bytes of each channel where there are several', () => {
    const { stats } = timed();
    expect(stats.snapshot(sender({}, { channelBytes: [3, 4] }), facts)).toMatchObject({ channelBytes: [3, 4] });
    expect(stats.snapshot(sender({}, { channelBytes: [7] }), facts)).not.toHaveProperty('channelBytes');
  });

  it('has classes that add up to the wire bytes', () => {
    const { stats } = timed();
    const view = sender(
      { wireZero: 1, wireUnchanged: 2, wireXbzrle: 10, wireNormal: 20, wirePlain: 30 },
      { wireBytes: 100 },
    );
    expect(stats.snapshot(view, facts).wireClasses).toEqual({
      zero: 1,
      unchanged: 2,
      xbzrle: 10,
      normal: 20,
      plain: 30,
      other: 37,
    });
  });

  it('does not take QEMU\u2019s 0 before the second dirty sync for a rate', () => {
    const { stats } = timed();
    expect(stats.snapshot(undefined, { ...facts, rounds: 1 })).not.toHaveProperty('dirtyRate');
  });

  it('has no verdict while the operator holds the flow', () => {
    const judged = (flow: SessionFacts['flow']) =>
      timed().stats.snapshot(sender({ rawBytes: 1000 }), { ...facts, flow }).verdict;
    expect(judged(undefined)).toEqual({ kind: 'too early' });
    expect(judged('paused')).toBeUndefined();
  });

  it('rests on the link test until it has figures of its own', () => {
    const link = {
      ...{ roundTripMs: 40, roundTripMedianMs: 45, throughput: 10_000_000, maxBandwidth: 0, channels: 1 },
      ...{ clockOffsetMs: 0, clockErrorMs: 20, bytes: 1 },
    };
    const bulk = { ...facts, state: 'bulk', rounds: 1 } as const;
    const first = (more: Partial<SessionFacts>, bytes = 0) =>
      timed().stats.snapshot(sender({ rawBytes: bytes }), { ...bulk, ...more });
    expect(first({})).not.toHaveProperty('expectedDowntimeMs');
    expect(first({})).not.toHaveProperty('roundLeftMs');
    const tested = first({ link, roundTripMs: 40 });
    expect(tested).toMatchObject({ link, roundLeftMs: 500 });
    // What is dirty is 5 MB and the threshold 1.8 MB, at 10 MB/s, and 40 ms are between the hosts.
    expect(tested.expectedDowntimeMs?.high).toBeGreaterThan(180 + 2.5 * 40);
    expect(tested.expectedDowntimeMs?.high).toBeLessThan(400);
    const { throughput: _, ...dark } = link;
    expect(first({ link: dark })).not.toHaveProperty('expectedDowntimeMs');

    const { stats, at } = timed();
    const limited = { ...defaultSettings, maxBandwidth: 1_000_000 };
    stats.use(limited);
    expect(stats.snapshot(sender({}), { ...bulk, link })).toMatchObject({ roundLeftMs: 5000 });
    stats.use(defaultSettings);
    at(500);
    const measured = { ...bulk, link, info: { ram: { ...facts.info.ram, remaining: 1_000_000 } as never } };
    const later = stats.snapshot(sender({ rawBytes: 20_000_000 }, { wireBytes: 20_000_000 }), measured);
    expect(later.guestRate).toBe(40_000_000);
    expect(later.roundLeftMs).toBeLessThan(1000); // the pace seen, 8 MB/s, and no more the one tested
    expect(later.roundLeftMs).not.toBe(100);
  });

  it('says how wrong a downtime between two clocks can be', () => {
    const { stats } = timed();
    const known = { ...facts, state: 'confirming', downtimeMs: 90, downtimeErrorMs: 0.3 } as const;
    expect(stats.snapshot(undefined, known)).toMatchObject({ downtimeMs: 90, downtimeErrorMs: 0.3 });
    const unknownYet = { ...known, downtimeMs: undefined };
    expect(stats.snapshot(undefined, unknownYet)).not.toHaveProperty('downtimeErrorMs');
  });

  it('keeps the last prediction once the guest has stopped', () => {
    const { stats, at } = timed();
    stats.snapshot(sender({}), facts);
    at(500);
    const view = sender({ rawBytes: 20_000_000 }, { wireBytes: 5_000_000 });
    const predicted = stats.snapshot(view, facts).expectedDowntimeMs;
    expect(predicted?.high).toBeGreaterThan(predicted?.low ?? Infinity);
    at(900);
    const stopped = stats.snapshot(view, { ...facts, state: 'switchover', info: {} });
    expect(stopped.expectedDowntimeMs).toEqual(predicted);
    expect(stats.predictedPause(true)).toEqual(predicted);
  });

  it('says that nothing remains when all is done', () => {
    const { stats } = timed();
    const done = { ...facts, state: 'completed', downtimeMs: 0 } as const;
    expect(stats.snapshot(undefined, done)).toMatchObject({ remainingBytes: 0, downtimeMs: 0 });
  });
});

describe('defined', () => {
  it('keeps 0 and false, and leaves out only what is undefined', () => {
    expect({ ...defined('a', 0), ...defined('b', false), ...defined('c', undefined) }).toEqual({ a: 0, b: false });
  });
});
