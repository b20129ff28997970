import { limits, type MigrationSettings } from '../shared/settings';
import type { Bottleneck } from '../shared/snapshot';
import { formatBitRate, formatBytes, formatRate, formatWireBytes } from '../shared/units';
import type { Advice } from '../shared/verdict';
import type { RewriteFigures } from './dispatch/rewrite-sampler';
import type { RatioSample } from './ratio-sampler';

/** The figures of a run that is too slow for something. */
export interface PaceFacts {
  readonly settings: MigrationSettings;
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
  /** What zstd would make of what is sent; known where samples were taken. */
  readonly sample?: RatioSample | undefined;
  /** What deltas would make of pages that are written again; known where samples were taken. */
  readonly rewrites?: RewriteFigures | undefined;
  /** What a link test saw the link itself give, wire bytes a second; absent where it was held back or there was none. */
  readonly linkRate?: number | undefined;
  readonly cache: { readonly size: number; readonly lookups: number; readonly hits: number };
  /** `auto` carries the stream as it comes: nobody looks into the cache, whatever its size. */
  readonly cacheIdle?: boolean;
  /** The largest cache there can be; absent where nobody else has a say in it. */
  readonly mostCacheBytes?: number | undefined;
}

/** What a change is to bring about. */
export interface Goal {
  /** How many times the present pace would do. */
  readonly times: number;
  /** What it would do for, as in "3 times would …". */
  readonly words: string;
  /** Dirty bytes that a round begins with; absent in the first, whose pages were never sent before. */
  readonly roundBytes?: number | undefined;
}

/** A change with what it would bring. */
export interface Candidate extends Advice {
  /** How many times the present pace, by the figures; absent where they do not say. */
  readonly gain?: number;
}

/** A gain that is less is not worth a change. */
const leastGain = 1.2;
/** Threads busier than this have no time left. */
const busyThreads = 0.8;
/** Nobody has so many times the bandwidth for the asking. */
const bandwidthReach = 4;
/** A page that is neither sent nor a delta still has its place in the order, as a share of a page. */
const referenceShare = 0.002;

/** Changes that cost the guest nothing, in the order in which they take effect. */
export function freeChanges(facts: PaceFacts, goal: Goal): readonly Candidate[] {
  const changes = [compress(facts, goal), lighter(facts, goal), moreThreads(facts, goal), largerCache(facts, goal)];
  return changes.filter((each) => each !== undefined && (each.gain ?? leastGain) >= leastGain) as Candidate[];
}

/** Whether the link is what is in the way, or nothing stands out. */
function linkIsFull({ bottleneck }: PaceFacts): boolean {
  return bottleneck === 'link' || bottleneck === undefined;
}

/** Compression where there is none, by the samples taken: what the link then carries, or what threads compress. */
function compress(facts: PaceFacts, goal: Goal): Candidate | undefined {
  const { settings, sample, guestRate, cores } = facts;
  if (settings.method !== 'none' || sample === undefined || !linkIsFull(facts)) return undefined;
  const threads = Math.min(settings.compressThreads, cores);
  const gain = Math.min(1 / Math.max(sample.ratio, 0.001), (sample.pace * threads) / Math.max(guestRate, 1));
  const percent = Math.max(1, Math.round(sample.ratio * 100));
  return {
    words: 'Compress with zstd, level 1',
    effect: `pages pack to ${percent} % of their size in samples: ${carried(gain, goal)}`,
    change: { method: 'zstd', level: 1 },
    gain,
  };
}

/** How many times what it carries now the link would carry, where that is known: then it is what is waited for. */
function linkRoom({ settings, wireRate, linkRate = Infinity }: PaceFacts): number {
  const limit = settings.maxBandwidth > 0 ? settings.maxBandwidth : Infinity;
  return Math.min(limit, linkRate) / Math.max(wireRate, 1);
}

/** A quicker method where the compressor is what is waited for. */
function lighter(facts: PaceFacts, goal: Goal): Candidate | undefined {
  const { settings, bottleneck, compressorShare } = facts;
  const { method, level } = settings;
  const lightest = method === 'none' || method === 'auto' || (method === 'zstd' && level === 1);
  if (bottleneck !== 'compressor' || lightest) return undefined;
  const gain = Math.min(1 / Math.max(1 - compressorShare, 0.1), linkRoom(facts));
  return {
    words: 'Compress with zstd, level 1',
    effect: `the compressor is waited for ${percent(compressorShare)} of the time; without that ${carried(gain, goal)}`,
    change: { method: 'zstd', level: 1 },
    gain,
  };
}

/** As many compress threads as there are processors, where those there are have no time left. */
function moreThreads(facts: PaceFacts, goal: Goal): Candidate | undefined {
  const { settings, bottleneck, compressorShare, threadBusyShare = 0, cores } = facts;
  const { compressThreads: threads } = settings;
  if (bottleneck !== 'compressor' || threads >= cores || threadBusyShare < busyThreads) return undefined;
  const most = Math.min(cores, limits.compressThreads.max);
  // What is waited for the compressor now takes threads/most of that; nothing else gets quicker by it.
  const gain = Math.min(1 / (1 - compressorShare * (1 - threads / most)), linkRoom(facts));
  return {
    words: `${most} compress threads`,
    effect:
      `the ${threads} there ${threads === 1 ? 'is' : 'are'} ${percent(threadBusyShare)} busy and waited for ` +
      `${percent(compressorShare)} of the time, on ${cores} processors: ${carried(gain, goal)}`,
    change: { compressThreads: most },
    gain,
  };
}

/** A cache that holds what a round brings, so that only what changed in it is sent; by samples of what that is. */
function largerCache(facts: PaceFacts, goal: Goal): Candidate | undefined {
  const { settings, cache, cacheIdle, bottleneck, mostCacheBytes = limits.xbzrleCacheBytes.max } = facts;
  const { roundBytes } = goal;
  const hitShare = cache.lookups === 0 ? 0 : cache.hits / cache.lookups;
  if (
    roundBytes === undefined ||
    cacheIdle === true ||
    hitShare > 0.8 ||
    !(linkIsFull(facts) || bottleneck === 'compressor')
  )
    return undefined;
  const size = Math.min(roundUp(roundBytes * 1.25, 2 ** 20), mostCacheBytes, limits.xbzrleCacheBytes.max);
  if (size < roundUp(settings.xbzrleCacheBytes, 4096) * leastGain || size < 4096) return undefined;
  const now = cache.size === 0 ? 'none is found, XBZRLE being off' : `${percent(hitShare)} are found`;
  const gain = cacheGain(facts, Math.min(1, size / roundBytes));
  const hold = `it would hold ${size >= roundBytes ? 'the' : `${formatBytes(size)} of the`} ${formatWireBytes(roundBytes)}`;
  return {
    words: `An XBZRLE cache of ${formatBytes(size)}`,
    effect: `${hold} that are rewritten each round; now ${now}. ${cacheEffect(facts, gain, goal)}`,
    change: { xbzrleCacheBytes: size },
    ...(gain !== undefined && { gain }),
  };
}

function cacheEffect(facts: PaceFacts, gain: number | undefined, goal: Goal): string {
  const share = changedShare(facts);
  if (gain === undefined || share === undefined) return 'How much of them changes is not known: likely not all of it';
  const changed = share < 0.01 ? 'less than 1 %' : percent(share);
  return `Sampled, ${changed} of a page is left to send where it is known: ${carried(gain, goal)}`;
}

/** What of a rewritten page goes to the link where its last content is known. */
function changedShare({ settings, rewrites }: PaceFacts): number | undefined {
  if (rewrites === undefined) return undefined;
  return settings.method === 'none' ? rewrites.deltaShare : rewrites.packedShare;
}

/** With `held` of the rewritten pages in the cache. */
function cacheGain(facts: PaceFacts, held: number): number | undefined {
  const share = changedShare(facts);
  const { bottleneck, compressorShare, guestRate, wireRate, rewrites } = facts;
  if (share === undefined || rewrites === undefined || guestRate === 0) return undefined;
  // Compressing takes as long as what goes into it.
  if (bottleneck === 'compressor') return 1 / Math.max(1 - compressorShare * held * (1 - rewrites.deltaShare), 0.1);
  const now = wireRate / guestRate;
  return now / (held * (share + referenceShare) + (1 - held) * now);
}

/**
 * The bandwidth that would do, where the limit is what holds it back; `far` where nobody knows whether there is so much,
 * and none where the link was seen not to have it.
 */
export function widerLink(
  facts: PaceFacts,
  { times, words }: Goal,
): { readonly far: boolean; readonly advice: Candidate } | undefined {
  const { settings, limitedShare, guestRate, linkRate } = facts;
  if (settings.maxBandwidth === 0 || limitedShare < 0.3 || guestRate === 0) return undefined;
  const gain = times * 1.2;
  const needed = roundUp(facts.wireRate * gain, 1e6 / 8);
  if (needed <= settings.maxBandwidth || needed > limits.maxBandwidth.max) return undefined;
  if (linkRate !== undefined && needed > linkRate) return undefined;
  const given = linkRate === undefined ? 'if the link has it' : `the link test saw ${formatBitRate(linkRate)}`;
  const advice = {
    words: `A bandwidth limit of ${formatBitRate(needed)}`,
    effect: `${given}: ${formatRate(guestRate * gain)} of memory would be carried, which ${words}`,
    change: { maxBandwidth: needed },
    gain,
  };
  return { far: linkRate === undefined && needed > settings.maxBandwidth * bandwidthReach, advice };
}

/** What a gain is worth, beside what is needed. */
function carried(gain: number, { times, words }: Goal): string {
  const enough = gain >= times ? `where ${timesText(times)} ${words}` : `${timesText(times)} ${words}`;
  return `up to ${timesText(gain)} as much memory carried${gain >= times ? ', ' : '; '}${enough}`;
}

function timesText(times: number): string {
  return `${times < 9.95 ? Number(times.toFixed(1)) : Math.round(times)} times`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** To the next multiple of a step. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
