import { limits } from '../shared/settings';
import { formatDuration, formatRate, formatWireBytes } from '../shared/units';
import type { Advice, StallReason } from '../shared/verdict';
import { freeChanges, roundUp, widerLink, type Candidate, type Goal, type PaceFacts } from './changes';
import { downtimeLimitFor, sourceDowntimeLimit } from './estimate';

/** The figures of a run that does not converge. */
export interface StallFacts extends PaceFacts {
  /** Dirty bytes a round begins with, again and again. */
  readonly roundBytes: number;
  /** The share of its limit that the source plans with of late, see `StopShare`. */
  readonly plannedShare: number;
}

/** What QEMU takes off a guest's processors in turn, per cent: its defaults, 20 and then 10 more each round. */
const throttleSteps = [20, 30, 40, 50, 60, 70, 80, 90, 99] as const;
/** Dirtied at this share of the pace, rounds shrink quickly enough. */
const calmShare = 0.8;
/** A longer pause than this many times the limit is none to be advised while there is something else. */
const nearPause = 2;

/** Why it does not converge, by what is waited for most. */
export function stallReason({ bottleneck, cache, cacheIdle }: StallFacts): StallReason {
  if (bottleneck === undefined) return 'dirty rate';
  const missing = cacheIdle !== true && cache.size > 0 && cache.lookups > 0 && cache.hits / cache.lookups < 0.5;
  return bottleneck === 'link' && missing ? 'cache' : bottleneck;
}

/** The reason as a sentence, with the figures. */
export function stallWords(facts: StallFacts, reason: StallReason): string {
  const { roundBytes, guestRate, dirtyRate } = facts;
  const dirties = dirtyRate === undefined ? '' : `the guest dirties ${formatRate(dirtyRate)}, `;
  return (
    `${dirties}${formatRate(guestRate)} of memory is carried and ${reasonTexts[reason]}: ` +
    `each round begins with ${formatWireBytes(roundBytes)}, ${formatWireBytes(fitNow(facts))} would fit the downtime limit`
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

function fitNow({ guestRate, settings, plannedShare }: StallFacts): number {
  return fitBytes(guestRate, settings.downtimeLimitMs) * plannedShare;
}

/**
 * The change that helps most. What costs the guest nothing comes first where by the figures it would do; then a pause
 * that is not much longer, which is sure; then what costs nothing and gets nearer, or may; then bandwidth as far as it
 * is likely to be there. A long pause is the last resort, told with what else there would be.
 */
export function adviceFor(facts: StallFacts): Advice | undefined {
  const goal: Goal = {
    times: facts.roundBytes / Math.max(fitNow(facts), 1),
    words: 'would fit the downtime limit',
    roundBytes: facts.roundBytes,
  };
  const free = freeChanges(facts, goal);
  const pause = longerPause(facts);
  const wider = widerLink(facts, goal);
  const slower = slowerGuest(facts);
  const chosen =
    enough(free, goal) ??
    (pause !== undefined && pause.near ? pause.advice : undefined) ??
    most(free) ??
    (wider?.far === false ? wider.advice : undefined) ??
    (pause && withOthers(pause.advice, slower, wider?.advice)) ??
    slower ??
    wider?.advice;
  return chosen && plain(chosen);
}

/**
 * The change that would help most to be done in time, for a run that is too slow for its timeout; nothing else than a
 * longer one where no change would do by the figures.
 */
export function hasteAdvice(facts: PaceFacts, goal: Goal, timeoutMs: number): Advice | undefined {
  const free = freeChanges(facts, goal);
  const wider = widerLink(facts, goal);
  const chosen = enough(free, goal) ?? (wider?.far === false ? wider.advice : undefined) ?? most(free);
  return chosen === undefined ? longerTimeout(timeoutMs) : plain(chosen);
}

/** The timeout that would do; none where it would be longer than one can be. */
export function longerTimeout(timeoutMs: number): Advice | undefined {
  if (timeoutMs > limits.timeoutMs.max) return undefined;
  return {
    words: `A timeout of ${formatDuration(timeoutMs)}, when it is started again`,
    effect: 'a timeout cannot be changed while it runs; so much would do at this pace',
  };
}

/** The first that would do, by the figures; where one would do with ease, that one. */
function enough(free: readonly Candidate[], { times }: Goal): Candidate | undefined {
  return free.find(({ gain = 0 }) => gain >= 2 * times) ?? free.find(({ gain = 0 }) => gain >= times);
}

/** What brings the most; what nobody knows the worth of comes last. */
function most(free: readonly Candidate[]): Candidate | undefined {
  return [...free].sort((a, b) => (b.gain ?? 0) - (a.gain ?? 0))[0];
}

function plain({ gain: _gain, ...advice }: Candidate): Advice {
  return advice;
}

/** What else there would be, beside what is advised. */
function withOthers(chosen: Candidate, ...others: readonly (Candidate | undefined)[]): Candidate {
  const texts = others.filter((each) => each !== undefined).map((each) => otherText(each));
  return { ...chosen, effect: [chosen.effect, ...texts].join('; or ') };
}

function otherText({ words, effect, change }: Candidate): string {
  return change === undefined
    ? effect
    : `${words.charAt(0).toLowerCase()}${words.slice(1)}, ${effect.replace(/:.*/s, '')}`;
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
  };
}

/** The downtime limit with which what a round begins with fits as things are. */
function longerPause(facts: StallFacts): { readonly near: boolean; readonly advice: Candidate } | undefined {
  const { settings, guestRate, roundBytes, plannedShare } = facts;
  const now = settings.downtimeLimitMs;
  const needed = downtimeLimitFor((roundBytes * 1.3 * 1000) / Math.max(guestRate * plannedShare, 1));
  const limitMs = roundUp(needed, needed < 1000 ? 50 : 100);
  if (limitMs > limits.downtimeLimitMs.max || limitMs <= now) return undefined;
  const advice = {
    words: `A downtime limit of ${formatDuration(limitMs)}`,
    effect: `the ${formatWireBytes(roundBytes)} that a round begins with would fit: it would switch over now`,
    change: { downtimeLimitMs: limitMs },
  };
  return { near: limitMs <= nearPause * now, advice };
}
