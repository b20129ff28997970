import { availableParallelism } from 'node:os';
import { linkRate } from '../shared/link';
import type { MigrationSettings } from '../shared/settings';
import type { BandMs, Snapshot, WaitShares } from '../shared/snapshot';
import type { RunVerdict } from '../shared/verdict';
import { fitBytes } from './advice';
import { bottleneckOf } from './bottleneck';
import type { PaceFacts } from './changes';
import { DirtyRate } from './dirty-rate';
import { expectedPause, type PauseInputs } from './estimate';
import { roundLeft, roundLeftBand, timeToSwitchover, type EtaInputs } from './eta';
import { firstPassWords, Haste } from './haste';
import type { MigrateInfo } from './qmp/migrate';
import { defined, isSending, type SenderView, type SessionFacts } from './run-facts';
import { RoundTrend } from './trend';
import { Judge } from './verdict';

/** Device state of a small guest, stream bytes; replaced by what was seen once the last page is behind. */
const usualDeviceBytes = 128 * 1024;
/** Stream bytes before which no pace means anything. */
const settledBytes = 256 * 1024;
/** Over how long the source's plan for the switchover is averaged, ms. */
const planMs = 1500;

/** What was measured until this moment; bytes a second, shares of the last second; unknown is absent. */
export interface Readings {
  readonly nowMs: number;
  readonly elapsedMs: number;
  readonly guestRate: number | undefined;
  readonly wireRate: number | undefined;
  /** Of the last moments, for what happens within the next few hundred milliseconds. */
  readonly paceRate: number | undefined;
  readonly peakWireRate: number | undefined;
  readonly limitedShare: number;
  readonly shares: WaitShares | undefined;
  readonly threadBusyShare: number;
}

/** What lies ahead of a run: whether it will finish, when, and how long the guest will pause. */
export class Forecast {
  readonly #trend = new RoundTrend();
  readonly #judge = new Judge();
  readonly #haste = new Haste();
  readonly #dirty = new DirtyRate();
  #info: MigrateInfo | undefined;
  #lookedAt: number | undefined;
  #plannedShare = 1;
  #lastPause: BandMs | undefined;
  #shownPause: BandMs | undefined;
  #lastVerdict: RunVerdict | undefined;

  constructor(private settings: MigrationSettings) {}

  /** Settings in force from now on: what was seen under others says nothing about what comes. */
  use(settings: MigrationSettings): void {
    this.settings = settings;
    this.#trend.restart();
    this.#judge.restart();
    this.#haste.restart();
  }

  /** The band that was last predicted while the guest still ran. */
  get lastPause(): BandMs | undefined {
    return this.#lastPause;
  }

  /** What was last shown instead, where no switchover was in sight: what stopping at once would have cost. */
  get shownPause(): BandMs | undefined {
    return this.#shownPause;
  }

  /** The last verdict there was. */
  get lastVerdict(): RunVerdict | undefined {
    return this.#lastVerdict;
  }

  /** Everything a snapshot says of what is to come. */
  ahead(readings: Readings, sender: SenderView | undefined, facts: SessionFacts): Partial<Snapshot> {
    this.#look(readings.nowMs, facts);
    const times = this.#etaInputs(readings, facts);
    const verdict = this.#verdict(readings, sender, facts, times);
    const pause = this.#pause(readings, sender, facts, verdict);
    return {
      ...defined('dirtyRate', this.#dirty.perSecond),
      ...defined('expectedDowntimeMs', pause),
      ...(isMoving(sender, facts) && this.#times(times, pause, verdict)),
      ...defined('verdict', verdict),
    };
  }

  /** What stopping the guest at once would cost; absent as long as nobody can say. */
  pauseIfStoppedNow(readings: Readings, sender: SenderView | undefined, facts: SessionFacts): BandMs | undefined {
    if (sender === undefined || !this.#hasPace(sender, facts)) return undefined;
    return expectedPause(this.#pauseInputs(readings, sender, facts, true));
  }

  /** Takes each answer of the source once. */
  #look(nowMs: number, { info, rounds: counted, plannedShare }: SessionFacts): void {
    if (info === this.#info || info.ram === undefined) return;
    this.#info = info;
    const { remaining, 'dirty-sync-count': round = counted } = info.ram;
    this.#trend.take({ atMs: nowMs, round, remainingBytes: remaining });
    this.#dirty.take(info, counted, nowMs);
    if (round >= 2) {
      const weight = 1 - Math.exp(-(nowMs - (this.#lookedAt ?? nowMs)) / planMs);
      this.#plannedShare += weight * (plannedShare - this.#plannedShare);
    }
    this.#lookedAt = nowMs;
  }

  #verdict(
    readings: Readings,
    sender: SenderView | undefined,
    facts: SessionFacts,
    times: EtaInputs,
  ): RunVerdict | undefined {
    // Figures of a time in which nothing is sent say nothing about the link.
    if (sender === undefined || facts.info.ram === undefined || !isMoving(sender, facts)) return undefined;
    const { nowMs, elapsedMs } = readings;
    const { round, roundBytes, shrink, firstShrink } = this.#trend;
    const pace = this.#paceFacts(readings, sender, facts);
    const judged = this.#judge.judge({
      ...pace,
      ...{ nowMs, round, roundBytes, shrink, firstShrink, plannedShare: this.#plannedShare },
    });
    const firstPass = roundBytes === undefined;
    const aheadMs = firstPass ? roundLeftBand(times) : timeToSwitchover(times);
    const { drainRate } = times;
    const late = this.#haste.judge({ ...pace, nowMs, elapsedMs, aheadMs, firstPass, roundBytes, drainRate });
    const early =
      judged.kind === 'too early' && firstPass && aheadMs !== undefined
        ? { kind: 'too early' as const, words: firstPassWords(aheadMs, drainRate) }
        : judged;
    this.#lastVerdict = judged.kind === 'not converging' ? judged : (late ?? early);
    return this.#lastVerdict;
  }

  #paceFacts(readings: Readings, sender: SenderView, facts: SessionFacts): PaceFacts {
    const { guestRate, wireRate, limitedShare, shares, threadBusyShare } = readings;
    const tested = this.#testedRate(facts);
    const { sample, rewrites, mostCacheBytes, counters } = sender;
    return {
      settings: this.settings,
      guestRate: guestRate ?? tested ?? 0,
      wireRate: wireRate ?? tested ?? 0,
      dirtyRate: this.#dirty.perSecond,
      bottleneck: shares && bottleneckOf(shares),
      limitedShare,
      compressorShare: shares?.compressor ?? 0,
      threadBusyShare,
      cores: availableParallelism(),
      sample,
      rewrites,
      linkRate: linksOwnRate(facts),
      cache: { size: this.settings.xbzrleCacheBytes, lookups: counters.lookups, hits: counters.hits },
      cacheIdle: this.settings.method === 'auto' && sender.way?.asItComes === true,
      mostCacheBytes,
    };
  }

  #etaInputs({ guestRate }: Readings, facts: SessionFacts): EtaInputs {
    const { remainingBytes, roundBytes, shrink, roundDrainRate } = this.#trend;
    const tested = this.#testedRate(facts);
    const fits = fitBytes(guestRate ?? tested ?? 0, this.settings.downtimeLimitMs) * this.#plannedShare;
    const drainRate = this.#trend.drainRate ?? tested;
    return { remainingBytes, drainRate, roundDrainRate, roundBytes, shrink, fitBytes: fits };
  }

  /** When, if things go on as they are; no end where none is in sight. */
  #times(times: EtaInputs, pause: BandMs | undefined, verdict: RunVerdict | undefined): Partial<Snapshot> {
    const until = verdict?.kind === 'not converging' ? undefined : timeToSwitchover(times);
    const complete = until && pause && { low: until.low + pause.low, high: until.high + pause.high };
    return {
      ...defined('roundLeftMs', roundLeft(times)),
      ...defined('roundLeftBandMs', roundLeftBand(times)),
      ...defined('switchoverInMs', until),
      ...defined('completeInMs', complete),
    };
  }

  /**
   * While the guest runs: the pause at the switchover, or of one at once where none is in sight. Afterwards: what was
   * predicted last. A switchover that nobody forces is planned by the source and stays within its limit even where it
   * was not in sight: so that is the prediction. Where it does not come to one, what was shown stays.
   */
  #pause(
    readings: Readings,
    sender: SenderView | undefined,
    facts: SessionFacts,
    verdict: RunVerdict | undefined,
  ): BandMs | undefined {
    if (!isSending(facts)) return calledOff(facts) ? this.#shownPause : this.#lastPause;
    if (sender === undefined || !this.#hasPace(sender, facts)) return this.#lastPause;
    const pause = expectedPause(this.#pauseInputs(readings, sender, facts, facts.flow === 'forced'));
    this.#lastPause = pause ?? this.#lastPause;
    const stuck = verdict?.kind === 'not converging';
    const shown = stuck ? this.pauseIfStoppedNow(readings, sender, facts) : pause;
    this.#shownPause = shown ?? this.#shownPause;
    return shown;
  }

  /** Something can be said: enough was carried, or the link was tested. */
  #hasPace(sender: SenderView, facts: SessionFacts): boolean {
    return sender.counters.rawBytes >= settledBytes || this.#testedRate(facts) !== undefined;
  }

  /** What the link test lets expect, until there are figures of the run's own; a stream byte is taken for a wire byte. */
  #testedRate({ link }: SessionFacts): number | undefined {
    return linkRate(link, this.settings.maxBandwidth);
  }

  #pauseInputs(readings: Readings, sender: SenderView, facts: SessionFacts, now: boolean): PauseInputs {
    const tested = this.#testedRate(facts);
    const settled = sender.counters.rawBytes >= settledBytes;
    return {
      remainingBytes: facts.info.ram?.remaining,
      roundBytes: this.#trend.roundBytes,
      downtimeLimitMs: this.settings.downtimeLimitMs,
      heldBytes: sender.unacknowledgedBytes,
      guestRate: (settled ? readings.paceRate : undefined) ?? tested,
      inFlightBytes: sender.inFlightBytes,
      wireRate: (settled ? readings.peakWireRate : undefined) ?? tested,
      roundTripMs: facts.roundTripMs ?? 0,
      deviceBytes: sender.counters.deviceBytes || usualDeviceBytes,
      lagMs: facts.loopLagP99Ms ?? 0,
      plannedShare: facts.plannedShare,
      now,
    };
  }
}

/** Pages are being sent, and nobody and nothing holds them. */
function isMoving(sender: SenderView | undefined, facts: SessionFacts): boolean {
  return isSending(facts) && facts.flow !== 'paused' && sender?.reconnecting === undefined;
}

/** The guest stays where it is. */
function calledOff({ state }: SessionFacts): boolean {
  return state === 'cancelling' || state === 'cancelled' || state === 'failed';
}

/** The link's own rate, where a test saw it: neither held by a limit then, nor unknown. */
function linksOwnRate({ link }: SessionFacts): number | undefined {
  if (link?.throughput === undefined) return undefined;
  const held = link.maxBandwidth > 0 && link.throughput > 0.9 * link.maxBandwidth;
  return held ? undefined : link.throughput;
}
