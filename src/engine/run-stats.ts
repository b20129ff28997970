import type { MigrationSettings } from '../shared/settings';
import type {
  BandMs,
  CacheCounts,
  CompressionCounts,
  PageCounts,
  RunLoad,
  Snapshot,
  WireClasses,
} from '../shared/snapshot';
import type { RunVerdict } from '../shared/verdict';
import { BottleneckMeter, bottleneckOf, waitShares } from './bottleneck';
import { Forecast, type Readings } from './forecast';
import { asSet, type ChosenWay } from './method-choice';
import { RateMeter } from './rate-meter';
import { defined, type SenderView, type SessionFacts } from './run-facts';
import { newSenderCounters, type SenderCounters } from './sender-stats';

/** Turns accumulated counters into snapshots; rates and estimates are made here, at the moment of reading. */
export class RunStats {
  readonly #started: number;
  readonly #guest = new RateMeter();
  /** The pace of the moment, for what happens within the next few hundred milliseconds. */
  readonly #pace = new RateMeter(400);
  readonly #wire = new RateMeter();
  readonly #limited = new RateMeter();
  readonly #bottleneck = new BottleneckMeter();
  readonly #busy: RateMeter[] = [];
  readonly #forecast: Forecast;
  #peakWireRate: number | undefined;
  #threadBusyShare = 0;

  constructor(
    private settings: MigrationSettings,
    private readonly clock: () => number,
  ) {
    this.#started = clock();
    this.#forecast = new Forecast(settings);
  }

  /** Settings in force from now on. */
  use(settings: MigrationSettings): void {
    if (settings === this.settings) return;
    // What the link gave before says nothing about what it gives under another limit.
    if (settings.maxBandwidth !== this.settings.maxBandwidth) this.#peakWireRate = undefined;
    this.settings = settings;
    this.#forecast.use(settings);
  }

  get downtimeLimitMs(): number {
    return this.settings.downtimeLimitMs;
  }

  get elapsedMs(): number {
    return Math.round(this.clock() - this.#started);
  }

  /** The pause that was predicted last: of the switchover where it came to one, else what was shown. */
  predictedPause(completed: boolean): BandMs | undefined {
    return completed ? this.#forecast.lastPause : this.#forecast.shownPause;
  }

  /** The last verdict while pages were sent. */
  get lastVerdict(): RunVerdict | undefined {
    return this.#forecast.lastVerdict;
  }

  /** What stopping the guest at once would cost; absent as long as nobody can say. */
  pauseIfStoppedNow(sender: SenderView | undefined, facts: SessionFacts): BandMs | undefined {
    return this.#forecast.pauseIfStoppedNow(this.#readings, sender, facts);
  }

  snapshot(sender: SenderView | undefined, facts: SessionFacts): Snapshot {
    const { state, info } = facts;
    const counters = sender?.counters ?? newSenderCounters();
    const workers = this.#mark(sender, counters, facts.setupTimeMs !== undefined);
    const ram = info.ram;
    const ahead = this.#forecast.ahead(this.#readings, sender, facts);
    const { shares } = this.#bottleneck;
    return {
      state,
      elapsedMs: this.elapsedMs,
      rounds: facts.rounds,
      rawBytes: counters.rawBytes,
      wireBytes: sender?.wireBytes ?? 0,
      pages: pageCounts(counters),
      cache: this.cacheCounts(counters),
      compression: this.compressionCounts(counters, sender?.way),
      wireClasses: wireClasses(counters, sender?.wireBytes ?? 0),
      inFlightBytes: sender?.unacknowledgedBytes ?? 0,
      limiterBusyShare: share(this.#limited.rate),
      workers,
      guestRunningOn: facts.guestRunningOn,
      settings: this.settings,
      ...defined('channelBytes', manyChannels(sender)),
      ...defined('setupTimeMs', facts.setupTimeMs),
      ...defined('totalBytes', ram?.total),
      ...defined('remainingBytes', state === 'completed' ? 0 : ram?.remaining),
      ...defined('guestRate', this.#guest.rate),
      ...defined('wireRate', this.#wire.rate),
      ...defined('waitShares', shares),
      ...defined('bottleneck', shares && bottleneckOf(shares)),
      ...defined('loopLagP99Ms', facts.loopLagP99Ms),
      ...ahead,
      ...defined('downtimeMs', facts.downtimeMs),
      ...defined('downtimeErrorMs', facts.downtimeMs === undefined ? undefined : facts.downtimeErrorMs),
      ...defined('link', facts.link),
      ...defined('flow', facts.flow),
      reconnects: facts.reconnects,
      ...defined('reconnecting', sender?.reconnecting ?? facts.reconnecting),
      ...defined('notice', facts.notice),
    };
  }

  cacheCounts({ lookups, hits, misses, evictions, overflow, shards }: SenderCounters): CacheCounts {
    const figures = { lookups, hits, misses, evictions, overflow };
    return { size: this.settings.xbzrleCacheBytes, ...figures, shards: shards.map((shard) => ({ ...shard })) };
  }

  compressionCounts({ partBytes, frameBytes, busy, ways }: SenderCounters, way?: ChosenWay): CompressionCounts {
    const { reason, ...inForce } = way ?? asSet(this.settings);
    return {
      ...inForce,
      rawBytes: partBytes,
      compressedBytes: frameBytes,
      ...(!this.settings.waitForThread && { busy }),
      ...defined('reason', reason),
      ...(ways.length > 0 && { ways: ways.map((counts) => ({ ...counts })).sort((a, b) => b.rawBytes - a.rawBytes) }),
    };
  }

  /** How busy the whole run was; absent before it could send. */
  load(sender: SenderView | undefined, { setupTimeMs, loopLagP99Ms }: SessionFacts): RunLoad | undefined {
    if (sender === undefined || setupTimeMs === undefined) return undefined;
    const spentMs = Math.max(1, this.elapsedMs - setupTimeMs);
    const workers = sender.workers();
    const busyMs = workers.reduce((sum, worker) => sum + worker.busyMs, 0);
    return {
      workerBusyShare: share((1000 * busyMs) / Math.max(1, workers.length) / spentMs),
      limiterBusyShare: share((1000 * sender.waits.limitedMs) / spentMs),
      waitShares: waitShares(sender.waits, spentMs),
      ...defined('loopLagP99Ms', loopLagP99Ms),
    };
  }

  #mark(sender: SenderView | undefined, counters: SenderCounters, sending: boolean): Snapshot['workers'] {
    // A rate over time in which nothing could be sent would be no rate.
    if (!sending) return [];
    const now = this.clock();
    this.#guest.mark(counters.rawBytes, now);
    this.#pace.mark(counters.rawBytes, now);
    this.#wire.mark(sender?.wireBytes ?? 0, now);
    if (sender !== undefined) this.#bottleneck.mark(sender.waits, now);
    this.#limited.mark(sender?.waits.limitedMs ?? 0, now);
    const rate = this.#wire.rate;
    if (rate !== undefined) this.#peakWireRate = Math.max(this.#peakWireRate ?? 0, rate);
    const workers = (sender?.workers() ?? []).map(({ name, busyMs, restarts, stalled }, index) => {
      const meter = (this.#busy[index] ??= new RateMeter());
      meter.mark(busyMs, now);
      return { name, restarts, busyShare: share(meter.rate), ...(stalled === true && { stalled }) };
    });
    this.#threadBusyShare = workers.reduce((sum, { busyShare }) => sum + busyShare / workers.length, 0);
    return workers;
  }

  get #readings(): Readings {
    return {
      nowMs: this.clock(),
      elapsedMs: this.elapsedMs,
      guestRate: this.#guest.rate,
      wireRate: this.#wire.rate,
      paceRate: this.#pace.rate,
      peakWireRate: this.#peakWireRate,
      limitedShare: share(this.#limited.rate),
      shares: this.#bottleneck.shares,
      threadBusyShare: this.#threadBusyShare,
    };
  }
}

export function pageCounts({ duplicate, normal, xbzrle, unchanged, repeated, overflow }: SenderCounters): PageCounts {
  return { duplicate, normal, xbzrle, unchanged, repeated, overflow };
}

function wireClasses(counters: SenderCounters, wireBytes: number): WireClasses {
  const known = {
    zero: counters.wireZero,
    unchanged: counters.wireUnchanged,
    xbzrle: counters.wireXbzrle,
    normal: counters.wireNormal,
    plain: counters.wirePlain,
  };
  const sum = Object.values(known).reduce((a, b) => a + b, 0);
  // Parts are counted when encoded, the wire when written: an encoded part may still be waiting.
  return { ...known, other: Math.max(0, wireBytes - sum) };
}

/** One channel's bytes are all there are. */
function manyChannels(sender: SenderView | undefined): readonly number[] | undefined {
  return (sender?.channelBytes?.length ?? 0) > 1 ? sender?.channelBytes : undefined;
}

/** Milliseconds a second as a share of the time, 0 to 1. */
function share(msPerSecond: number | undefined): number {
  return Math.min(1, Math.max(0, (msPerSecond ?? 0) / 1000));
}
