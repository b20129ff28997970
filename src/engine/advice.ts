import { limits, type MigrationSettings } from '../shared/settings';
import type { Bottleneck } from '../shared/snapshot';
import { formatBitRate, formatBytes, formatDuration, formatRate, formatWireBytes } from '../shared/units';
import type { Advice, StallReason } from '../shared/verdict';
import { downtimeLimitFor, sourceDowntimeLimit } from './estimate';

/** The figures of a run that does not converge. */
export interface StallFacts {
  readonly settings: MigrationSettings;
  /** Dirty bytes a round begins with, again and again. */
  readonly roundBytes: number;
  /** Stream bytes a second that get through. */
  readonly guestRate: number;
  /** Wire bytes a second. */
  readonly wireRate: number;
  readonly dirtyRate: number | undefined;
  readonly bottleneck: Bottleneck | undefined;
  /** Shares of the last second, 0 to 1, in which the limiter and the compressor were waited for. */
  readonly limitedShare: number;
  readonly compressorShare: number;
  /** How busy the compress threads were in the last second, on average, 0 to 1; absent where there are none. */
  readonly threadBusyShare?: number | undefined;
  /** Processors of this machine. */
  readonly cores: number;
  /** What zstd would make of the pages being sent, as a share of them; known where samples were taken. */
  readonly sampledRatio: number | undefined;
  readonly cache: { readonly size: number; readonly lookups: number; readonly hits: number };
}

/** A change with the pace it would bring and whether a round would then fit the downtime limit. */
interface Candidate extends Advice {
  readonly finishes: boolean;
}

/** The pace that a change may promise for sure: what the source and the destination can do is not known before. */
const surePace = 8;

/** Threads busier than this have no time left. */
const busyThreads = 0.8;
/** What QEMU takes off a guest's processors in turn, per cent: its defaults, 20 and then 10 more each round. */
const throttleSteps = [20, 30, 40, 50, 60, 70, 80, 90, 99] as const;
/** Dirtied at this share of the pace, rounds shrink quickly enough. */
const calmShare = 0.8;

/** Why it does not converge, by what is waited for most. */
export function stallReason({ bottleneck, cache }: StallFacts): StallReason {
  if (bottleneck === undefined) return 'dirty rate';
  const missing = cache.size > 0 && cache.lookups > 0 && cache.hits / cache.lookups < 0.5;
  return bottleneck === 'link' && missing ? 'cache' : bottleneck;
}

/** The reason as a sentence, with the figures. */
export function stallWords(facts: StallFacts, reason: StallReason): string {
  const { roundBytes, guestRate, dirtyRate, settings } = facts;
  const dirties = dirtyRate === undefined ? '' : `the guest dirties ${formatRate(dirtyRate)}, `;
  const fits = formatWireBytes(fitBytes(guestRate, settings.downtimeLimitMs));
  return (
    `${dirties}${formatRate(guestRate)} of memory is carried and ${reasonTexts[reason]}: ` +
    `each round begins with ${formatWireBytes(roundBytes)}, ${fits} would fit the downtime limit`
  );
}

const reasonTexts: Readonly<Record<StallReason, string>> = {
  link: 'the link gives no more',
  compressor: 'the compressor gives no more',
  cache: 'the link gives no more, with most rewritten pages missing from the XBZRLE cache',
  destination: 'the destination takes no more',
  source: 'the source gives no more',
  'dirty rate': 'nothing else is in the way',
};

/** Dirty bytes with which the source stops the guest at this pace. */
export function fitBytes(guestRate: number, downtimeLimitMs: number): number {
  return (guestRate * sourceDowntimeLimit(downtimeLimitMs)) / 1000;
}

/**
 * The change that helps most: the first that is sure to let a round fit, those that cost the guest nothing first; else
 * the first there is. A longer pause is always sure, and the last resort.
 */
export function adviceFor(facts: StallFacts): Advice | undefined {
  const near = longerPause(facts);
  const far = near.limitMs > 2 * facts.settings.downtimeLimitMs;
  const free = [compress(facts), lighter(facts), moreThreads(facts), largerCache(facts)];
  const slower = slowerGuest(facts);
  const last =
    near.advice && slower ? { ...near.advice, effect: `${near.advice.effect}; or ${slower.effect}` } : near.advice;
  const others = [far ? undefined : near.advice, widerLink(facts), last, slower];
  const candidates = [...free, ...others].filter((each) => each !== undefined);
  const chosen = candidates.find(({ finishes, change }) => finishes && change !== undefined) ?? candidates[0];
  if (chosen === undefined) return undefined;
  const { finishes: _finishes, ...advice } = chosen;
  return advice;
}

/** Compression where there is none, by the ratio of samples taken. */
function compress({ settings, guestRate, roundBytes, sampledRatio }: StallFacts): Candidate | undefined {
  if (settings.method !== 'none' || sampledRatio === undefined || sampledRatio > 0.8) return undefined;
  const pace = guestRate * Math.min(surePace, 1 / Math.max(sampledRatio, 0.001));
  const percent = Math.max(1, Math.round(sampledRatio * 100));
  return {
    words: 'Compress with zstd, level 1',
    effect: `pages pack to ${percent} % of their size in samples; ${movedThen(pace, roundBytes, settings)}`,
    change: { method: 'zstd', level: 1 },
    finishes: roundBytes <= fitBytes(pace, settings.downtimeLimitMs),
  };
}

/** A quicker method where the compressor is what is waited for. */
function lighter(facts: StallFacts): Candidate | undefined {
  const { settings, bottleneck, compressorShare, guestRate, roundBytes } = facts;
  const { method, level } = settings;
  const lightest = method === 'none' || method === 'auto' || (method === 'zstd' && level === 1);
  if (bottleneck !== 'compressor' || lightest) return undefined;
  const pace = guestRate / Math.max(1 - compressorShare, 0.1);
  return {
    words: 'Compress with zstd, level 1',
    effect: `the compressor is waited for ${Math.round(compressorShare * 100)} % of the time; without that ${movedThen(pace, roundBytes, settings)}`,
    change: { method: 'zstd', level: 1 },
    finishes: roundBytes <= fitBytes(pace, settings.downtimeLimitMs),
  };
}

/** As many compress threads as there are processors, where those there are have no time left. */
function moreThreads(facts: StallFacts): Candidate | undefined {
  const { settings, bottleneck, compressorShare, threadBusyShare = 0, cores, guestRate, roundBytes } = facts;
  const { compressThreads: threads } = settings;
  if (bottleneck !== 'compressor' || threads >= cores || threadBusyShare < busyThreads) return undefined;
  const most = Math.min(cores, limits.compressThreads.max);
  // What is waited for the compressor now takes threads/most of that; nothing else gets quicker by it.
  const pace = guestRate / (1 - compressorShare * (1 - threads / most));
  return {
    words: `${most} compress threads`,
    effect:
      `the ${threads} there ${threads === 1 ? 'is' : 'are'} ${Math.round(threadBusyShare * 100)} % busy and waited for ` +
      `${Math.round(compressorShare * 100)} % of the time, on ${cores} processors; at most ${movedThen(pace, roundBytes, settings)}`,
    change: { compressThreads: most },
    finishes: roundBytes <= fitBytes(pace, settings.downtimeLimitMs),
  };
}

/**
 * Auto-converge, where the guest dirties as fast as is carried; QEMU takes it only before a migration begins. Pages
 * written over and over count once a round, so what the guest writes is that much at least.
 */
function slowerGuest({ settings, dirtyRate, guestRate }: StallFacts): Candidate | undefined {
  if (settings.autoConverge || dirtyRate === undefined || dirtyRate < guestRate * 0.9) return undefined;
  const percent = throttleSteps.find((step) => dirtyRate * (1 - step / 100) <= guestRate * calmShare);
  if (percent === undefined) return undefined;
  const left = formatRate(dirtyRate * (1 - percent / 100));
  return {
    words: 'Auto-converge, when it is started again',
    effect:
      `with auto-converge from the start: ${percent} % off the guest's processors, or more, leave ${left} dirtied ` +
      `where ${formatRate(guestRate)} are carried, so that rounds shrink`,
    finishes: true,
  };
}

/** A cache that holds all that a round brings; what a delta costs then is known only once there are some. */
function largerCache({ settings, roundBytes, cache }: StallFacts): Candidate | undefined {
  const size = Math.min(roundUp(roundBytes * 1.25, 2 ** 20), limits.xbzrleCacheBytes.max);
  const hitShare = cache.lookups === 0 ? 0 : cache.hits / cache.lookups;
  if (size <= settings.xbzrleCacheBytes || hitShare > 0.8) return undefined;
  const now = cache.size === 0 ? 'none is found, XBZRLE being off' : `${Math.round(hitShare * 100)} % are`;
  return {
    words: `An XBZRLE cache of ${formatBytes(size)}`,
    effect: `it would hold the ${formatWireBytes(roundBytes)} that are rewritten each round, to send what changed in them; now ${now}`,
    ...(cache.size > 0 && { change: { xbzrleCacheBytes: size } }),
    finishes: false,
  };
}

/** The bandwidth with which a round fits, where the limit is what holds it back. */
function widerLink({ settings, limitedShare, guestRate, wireRate, roundBytes }: StallFacts): Candidate | undefined {
  if (settings.maxBandwidth === 0 || limitedShare < 0.3 || guestRate === 0) return undefined;
  const pace = (roundBytes * 1.2 * 1000) / sourceDowntimeLimit(settings.downtimeLimitMs);
  const needed = roundUp((pace * wireRate) / guestRate, 1e6 / 8);
  if (needed <= settings.maxBandwidth || needed > limits.maxBandwidth.max) return undefined;
  const sure = pace <= guestRate * surePace;
  return {
    words: `A bandwidth limit of ${formatBitRate(needed)}`,
    effect: `if the link has it${sure ? '' : ' and both sides keep up'}: ${movedThen(pace, roundBytes, settings)}`,
    change: { maxBandwidth: needed },
    finishes: true,
  };
}

/** The downtime limit with which what a round begins with fits as things are. */
function longerPause({ settings, guestRate, roundBytes }: StallFacts): { limitMs: number; advice?: Candidate } {
  const needed = downtimeLimitFor((roundBytes * 1.3 * 1000) / Math.max(guestRate, 1));
  const limitMs = roundUp(needed, needed < 1000 ? 50 : 100);
  if (limitMs > limits.downtimeLimitMs.max || limitMs <= settings.downtimeLimitMs) return { limitMs };
  const advice = {
    words: `A downtime limit of ${formatDuration(limitMs)}`,
    effect: `the ${formatWireBytes(roundBytes)} that a round begins with would fit: it would switch over now`,
    change: { downtimeLimitMs: limitMs },
    finishes: true,
  };
  return { limitMs, advice };
}

function movedThen(pace: number, roundBytes: number, { downtimeLimitMs }: MigrationSettings): string {
  const round = formatDuration((roundBytes * 1000) / Math.max(pace, 1));
  const fits = roundBytes <= fitBytes(pace, downtimeLimitMs) ? ', which fits the downtime limit' : '';
  return `${formatRate(pace)} of memory would be carried, a round in ${round}${fits}`;
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
