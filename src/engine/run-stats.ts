import { availableParallelism } from 'node:os';
import { linkRate, type LinkFigures } from '../shared/link';
import { pageBytes, type MigrationSettings } from '../shared/settings';
import type {
  BandMs,
  CacheCounts,
  CompressionCounts,
  FlowControl,
  PageCounts,
  Reconnecting,
  RunLoad,
  Snapshot,
  WireClasses,
} from '../shared/snapshot';
import type { GuestPlace, SessionState } from '../shared/state';
import type { RunVerdict } from '../shared/verdict';
import { BottleneckMeter, bottleneckOf, waitShares, type Waits } from './bottleneck';
import { fitBytes } from './advice';
import type { ThreadStatus } from './dispatch/compress-pool';
import { expectedPause, type PauseInputs } from './estimate';
import { roundLeft, timeToSwitchover, type EtaInputs } from './eta';
import { asSet, type ChosenWay } from './method-choice';
import type { MigrateInfo } from './qmp/migrate';
import { RateMeter } from './rate-meter';
import { newSenderCounters, type SenderCounters } from './sender-stats';
import { RoundTrend } from './trend';
import { Judge } from './verdict';

/** Device state of a small guest, stream bytes; replaced by what was seen once the last page is behind. */
const usualDeviceBytes = 128 * 1024;

/** Stream bytes before which no pace means anything. */
const settledBytes = 256 * 1024;

/** The parts of a sender that statistics read. */
export interface SenderView {
  readonly counters: Readonly<SenderCounters>;
  readonly wireBytes: number;
  /** For each channel, where there are channels. */
  readonly channelBytes?: readonly number[];
  readonly inFlightBytes: number;
  readonly unacknowledgedBytes: number;
  readonly waits: Waits;
  /** What zstd would make of pages that are sent as they are, as a share of them. */
  readonly sampledRatio?: number | undefined;
  /** How often the link was lost and came back, and what is done about one that is lost now; absent where it cannot. */
  readonly reconnects?: number;
  readonly reconnecting?: Reconnecting | undefined;
  /** How it compresses now; absent where nothing is compressed. */
  readonly way?: ChosenWay;
  workers(): readonly ThreadStatus[];
}

/** What the session knows and the sender does not. */
export interface SessionFacts {
  readonly state: SessionState;
  readonly guestRunningOn: GuestPlace;
  readonly setupTimeMs: number | undefined;
  readonly downtimeMs: number | undefined;
  /** How wrong that can be, where two hosts' clocks are in it. */
  readonly downtimeErrorMs?: number | undefined;
  /** What was found out about the link before. */
  readonly link?: LinkFigures | undefined;
  /** The shortest round trip to the destination's host. */
  readonly roundTripMs?: number | undefined;
  readonly rounds: number;
  /** The share of its limit that the source plans its switchover with. */
  readonly plannedShare: number;
  readonly flow: FlowControl | undefined;
  readonly notice: string | undefined;
  readonly loopLagP99Ms: number | undefined;
  /** The source's latest answer to `query-migrate`. */
  readonly info: MigrateInfo;
}

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
  #peakWireRate: number | undefined;
  #lastPause: BandMs | undefined;
  readonly #trend = new RoundTrend();
  readonly #judge = new Judge();
  #info: MigrateInfo | undefined;

  constructor(
    private settings: MigrationSettings,
    private readonly clock: () => number,
  ) {
    this.#started = clock();
  }

  /** Settings in force from now on. */
  use(settings: MigrationSettings): void {
    if (settings === this.settings) return;
    // What the link gave before says nothing about what it gives under another limit.
    if (settings.maxBandwidth !== this.settings.maxBandwidth) this.#peakWireRate = undefined;
    this.settings = settings;
    this.#trend.restart();
    this.#judge.restart();
  }

  get downtimeLimitMs(): number {
    return this.settings.downtimeLimitMs;
  }

  get elapsedMs(): number {
    return Math.round(this.clock() - this.#started);
  }

  /** The band that was last predicted while the guest still ran. */
  get lastPause(): BandMs | undefined {
    return this.#lastPause;
  }

  snapshot(sender: SenderView | undefined, facts: SessionFacts): Snapshot {
    const { state, info } = facts;
    const counters = sender?.counters ?? newSenderCounters();
    const workers = this.#mark(sender, counters, facts.setupTimeMs !== undefined);
    const ram = info.ram;
    this.#look(facts);
    const verdict = this.#verdict(sender, facts, workers);
    const pause = this.#pause(sender, facts, verdict);
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
      ...defined('dirtyRate', dirtyRate(facts)),
      ...defined('waitShares', shares),
      ...defined('bottleneck', shares && bottleneckOf(shares)),
      ...defined('loopLagP99Ms', facts.loopLagP99Ms),
      ...defined('expectedDowntimeMs', pause),
      ...this.#times(facts, pause, verdict, sender?.reconnecting !== undefined),
      ...defined('verdict', verdict),
      ...defined('downtimeMs', facts.downtimeMs),
      ...defined('downtimeErrorMs', facts.downtimeMs === undefined ? undefined : facts.downtimeErrorMs),
      ...defined('link', facts.link),
      ...defined('flow', facts.flow),
      reconnects: sender?.reconnects ?? 0,
      ...defined('reconnecting', sender?.reconnecting),
      ...defined('notice', facts.notice),
    };
  }

  cacheCounts({ lookups, hits, misses, evictions, overflow, shards }: SenderCounters): CacheCounts {
    const figures = { lookups, hits, misses, evictions, overflow };
    return { size: this.settings.xbzrleCacheBytes, ...figures, shards: shards.map((shard) => ({ ...shard })) };
  }

  compressionCounts({ partBytes, frameBytes, busy, ways }: SenderCounters, way?: ChosenWay): CompressionCounts {
    const { method, level, reason } = way ?? asSet(this.settings);
    return {
      method,
      level,
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
    return (sender?.workers() ?? []).map(({ name, busyMs, restarts, stalled }, index) => {
      const meter = (this.#busy[index] ??= new RateMeter());
      meter.mark(busyMs, now);
      return { name, restarts, busyShare: share(meter.rate), ...(stalled === true && { stalled }) };
    });
  }

  /** Takes each answer of the source once. */
  #look({ info, rounds: counted }: SessionFacts): void {
    if (info === this.#info || info.ram === undefined) return;
    this.#info = info;
    const { remaining, 'dirty-sync-count': round = counted } = info.ram;
    this.#trend.take({ atMs: this.clock(), round, remainingBytes: remaining });
  }

  #verdict(sender: SenderView | undefined, facts: SessionFacts, workers: Snapshot['workers']): RunVerdict | undefined {
    if (sender === undefined || facts.info.ram === undefined || !isSending(facts)) return undefined;
    // Figures of a time in which nothing is sent say nothing about the link.
    if (facts.flow === 'paused' || sender.reconnecting !== undefined) return undefined;
    const { shares } = this.#bottleneck;
    const tested = this.#testedRate(facts);
    return this.#judge.judge({
      nowMs: this.clock(),
      round: this.#trend.round,
      roundBytes: this.#trend.roundBytes,
      shrink: this.#trend.shrink,
      settings: this.settings,
      guestRate: this.#guest.rate ?? tested ?? 0,
      wireRate: this.#wire.rate ?? tested ?? 0,
      dirtyRate: dirtyRate(facts),
      bottleneck: shares && bottleneckOf(shares),
      limitedShare: share(this.#limited.rate),
      compressorShare: shares?.compressor ?? 0,
      threadBusyShare: workers.reduce((sum, { busyShare }) => sum + busyShare / workers.length, 0),
      cores: availableParallelism(),
      sampledRatio: sender.sampledRatio,
      cache: { size: this.settings.xbzrleCacheBytes, lookups: sender.counters.lookups, hits: sender.counters.hits },
    });
  }

  /** When, if things go on as they are; nothing while somebody holds the flow or the link is lost, no end where none is in sight. */
  #times(
    facts: SessionFacts,
    pause: BandMs | undefined,
    verdict: RunVerdict | undefined,
    reconnecting: boolean,
  ): Partial<Snapshot> {
    if (!isSending(facts) || facts.flow === 'paused' || reconnecting) return {};
    const { remainingBytes, roundBytes, shrink } = this.#trend;
    const tested = this.#testedRate(facts);
    const drainRate = this.#trend.drainRate ?? tested;
    const fits = fitBytes(this.#guest.rate ?? tested ?? 0, this.settings.downtimeLimitMs);
    const inputs: EtaInputs = { remainingBytes, drainRate, roundBytes, shrink, fitBytes: fits };
    const until = verdict?.kind === 'not converging' ? undefined : timeToSwitchover(inputs);
    const complete = until && pause && { low: until.low + pause.low, high: until.high + pause.high };
    return {
      ...defined('roundLeftMs', roundLeft(inputs)),
      ...defined('switchoverInMs', until),
      ...defined('completeInMs', complete),
    };
  }

  /**
   * While the guest runs: the pause at the switchover, or of one at once where none is in sight. Afterwards: what was
   * predicted last. A switchover that nobody forces is planned by the source and stays within its limit even where it
   * was not in sight: so that is the prediction.
   */
  #pause(sender: SenderView | undefined, facts: SessionFacts, verdict: RunVerdict | undefined): BandMs | undefined {
    if (sender === undefined || !isSending(facts) || !this.#hasPace(sender, facts)) return this.#lastPause;
    const pause = expectedPause(this.#pauseInputs(sender, facts, facts.flow === 'forced'));
    this.#lastPause = pause ?? this.#lastPause;
    return verdict?.kind === 'not converging' ? this.pauseIfStoppedNow(sender, facts) : pause;
  }

  /** What stopping the guest at once would cost; absent as long as nobody can say. */
  pauseIfStoppedNow(sender: SenderView | undefined, facts: SessionFacts): BandMs | undefined {
    if (sender === undefined || !this.#hasPace(sender, facts)) return undefined;
    return expectedPause(this.#pauseInputs(sender, facts, true));
  }

  /** Something can be said: enough was carried, or the link was tested. */
  #hasPace(sender: SenderView, facts: SessionFacts): boolean {
    return sender.counters.rawBytes >= settledBytes || this.#testedRate(facts) !== undefined;
  }

  /** What the link test lets expect, until there are figures of the run's own; a stream byte is taken for a wire byte. */
  #testedRate({ link }: SessionFacts): number | undefined {
    return linkRate(link, this.settings.maxBandwidth);
  }

  #pauseInputs(sender: SenderView, facts: SessionFacts, now: boolean): PauseInputs {
    const tested = this.#testedRate(facts);
    const settled = sender.counters.rawBytes >= settledBytes;
    return {
      remainingBytes: facts.info.ram?.remaining,
      roundBytes: this.#trend.roundBytes,
      downtimeLimitMs: this.settings.downtimeLimitMs,
      heldBytes: sender.unacknowledgedBytes,
      guestRate: (settled ? this.#pace.rate : undefined) ?? tested,
      inFlightBytes: sender.inFlightBytes,
      wireRate: (settled ? this.#peakWireRate : undefined) ?? tested,
      roundTripMs: facts.roundTripMs ?? 0,
      deviceBytes: sender.counters.deviceBytes || usualDeviceBytes,
      lagMs: facts.loopLagP99Ms ?? 0,
      plannedShare: facts.plannedShare,
      now,
    };
  }
}

function isSending({ state }: SessionFacts): boolean {
  return state === 'bulk' || state === 'iterating';
}

/** Bytes dirtied a second; QEMU says 0 until its second dirty sync, which is to say that it does not know. */
function dirtyRate({ info: { ram }, rounds }: SessionFacts): number | undefined {
  const pages = ram?.['dirty-pages-rate'];
  return pages === undefined || rounds < 2 ? undefined : pages * (ram?.['page-size'] ?? pageBytes);
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

/** `{ [name]: value }`, or nothing for an unknown value: unknown is absent, not 0 and not `undefined`. */
export function defined<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in Name]: Value });
}
