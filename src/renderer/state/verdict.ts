import { overLimit } from '../../shared/run-figures';
import type { Report, Snapshot } from '../../shared/snapshot';
import type { EndState, GuestPlace } from '../../shared/state';
import { formatBytes, formatDuration, formatRate } from '../../shared/units';
import { bandText, percent, placeText, roughly, sentence } from './words';

/** How a sentence is to be taken; on the screen each has an icon and a word beside its colour. */
export type Tone = 'good' | 'wait' | 'bad';

/** The answers to an operator's questions, in this order: will it finish, how long will the guest pause, what helps. */
export interface Verdict {
  readonly tone: Tone;
  readonly finish: string;
  readonly pause?: string;
  readonly help?: string;
}

/** Why a migration does not converge. */
export type Bottleneck = 'bandwidth limit' | 'compressor' | 'cache' | 'link';

/** Below this share of the rate at which it is moved, dirtying leaves room to converge. */
const convergingShare = 0.95;

/** Judges a running migration by its latest snapshot alone. */
export function verdictOf(snapshot: Snapshot): Verdict {
  switch (snapshot.state) {
    case 'idle':
    case 'preparing':
      return { tone: 'wait', finish: 'Preparing: connecting to both sides and setting them up.' };
    case 'bulk':
      return { ...bulk(snapshot), ...pauseOf(snapshot) };
    case 'iterating':
      return iterating(snapshot);
    case 'switchover':
      return { tone: 'good', finish: 'Switching over: the guest is paused, its last pages are on the way.' };
    case 'confirming':
      return { tone: 'good', finish: 'Confirming: everything is across, waiting to see the guest run.' };
    case 'cancelling':
      return { tone: 'wait', finish: 'Cancelling: making sure the guest runs on the source.' };
    default:
      return ended(snapshot.state, snapshot.guestRunningOn, {});
  }
}

/** Judges a finished migration. */
export function verdictOfReport(report: Report): Verdict {
  const { status, guestRunningOn, downtimeMs, downtimeLimitMs, expectedDowntimeMs, error } = report;
  return ended(status, guestRunningOn, {
    ...(overLimit(report) === true && downtimeLimitMs !== undefined && { downtimeLimitMs }),
    ...(downtimeMs !== undefined && { downtimeMs }),
    ...(expectedDowntimeMs !== undefined && { expectedDowntimeMs }),
    ...(error !== undefined && { reason: error.message }),
  });
}

/** Milliseconds until the remaining memory fits the downtime limit, if things go on as they are; absent when never or unknown. */
export function etaMs(snapshot: Snapshot): number | undefined {
  const { remainingBytes, guestRate, dirtyRate = 0, settings } = snapshot;
  if (!remainingBytes || guestRate === undefined || guestRate <= 0) return undefined;
  if (snapshot.state === 'bulk') return (remainingBytes / guestRate) * 1000;
  if (dirtyRate >= guestRate * convergingShare) return undefined;
  const goal = (guestRate * settings.downtimeLimitMs) / 1000;
  return (Math.max(remainingBytes - goal, 0) / (guestRate - dirtyRate)) * 1000;
}

/** What holds a migration back most, by what is used up. */
export function bottleneckOf({ limiterBusyShare, workers, cache, settings }: Snapshot): Bottleneck {
  if (settings.maxBandwidth > 0 && limiterBusyShare > 0.3) return 'bandwidth limit';
  const compressors = workers.filter(({ name }) => name.startsWith('compress'));
  const busy = compressors.reduce((sum, { busyShare }) => sum + busyShare, 0) / Math.max(compressors.length, 1);
  if (busy > 0.85) return 'compressor';
  if (cache.size > 0 && cache.lookups > 0 && cache.hits / cache.lookups < 0.4) return 'cache';
  return 'link';
}

function bulk(snapshot: Snapshot): Verdict {
  const { remainingBytes, totalBytes } = snapshot;
  const eta = etaMs(snapshot);
  const left = eta === undefined ? '' : ` about ${roughly(eta)} left,`;
  if (remainingBytes === undefined || totalBytes === undefined) {
    return { tone: 'wait', finish: 'First pass over the guest’s memory.' };
  }
  const sizes = `${formatBytes(remainingBytes)} of ${formatBytes(totalBytes)} to go`;
  return { tone: 'wait', finish: `First pass over the guest’s memory:${left} ${sizes}.` };
}

function iterating(snapshot: Snapshot): Verdict {
  const { guestRate, dirtyRate, remainingBytes } = snapshot;
  // Between two rounds nothing remains until the source has counted what was dirtied: nothing to judge by yet.
  if (guestRate === undefined || dirtyRate === undefined || !remainingBytes) {
    return { tone: 'wait', finish: 'Sending what the guest wrote meanwhile.', ...pauseOf(snapshot) };
  }
  const eta = etaMs(snapshot);
  if (eta === undefined) return notConverging(snapshot, guestRate, dirtyRate);
  const when = eta < 1500 ? 'any moment' : `in about ${roughly(eta)}`;
  return { tone: 'good', finish: `Converging: switchover ${when}.`, ...pauseOf(snapshot) };
}

function notConverging(snapshot: Snapshot, guestRate: number, dirtyRate: number): Verdict {
  return {
    tone: 'bad',
    finish: `Not converging: the guest dirties ${formatRate(dirtyRate)}, only ${formatRate(guestRate)} of memory is being moved.`,
    ...pauseOf(snapshot),
    help: adviceFor(bottleneckOf(snapshot), snapshot),
  };
}

function adviceFor(bottleneck: Bottleneck, { cache, settings }: Snapshot): string {
  switch (bottleneck) {
    case 'bandwidth limit':
      return `What would help: the bandwidth limit of ${formatRate(settings.maxBandwidth)} holds it back; raise it.`;
    case 'compressor':
      return settings.method === 'none'
        ? 'What would help: the workers are busy throughout; give it more compress threads.'
        : `What would help: compression (${settings.method} ${settings.level}) is busy throughout; take a lower level or more threads.`;
    case 'cache':
      return `What would help: only ${percent(cache.hits / cache.lookups)} of rewritten pages are found in the XBZRLE cache; a larger one than ${formatBytes(cache.size)} would send more of them as deltas.`;
    case 'link':
      return settings.xbzrleCacheBytes === 0
        ? 'What would help: the link is full; XBZRLE would send small changes as deltas.'
        : 'What would help: the link is full; a higher compression level, or a longer downtime limit.';
  }
}

function pauseOf({ expectedDowntimeMs, settings }: Snapshot): { readonly pause?: string } {
  if (expectedDowntimeMs === undefined) return {};
  const limit = formatDuration(settings.downtimeLimitMs);
  return { pause: `The guest would pause ${bandText(expectedDowntimeMs)} (limit ${limit}).` };
}

interface EndFacts {
  readonly downtimeMs?: number;
  /** Where it was exceeded. */
  readonly downtimeLimitMs?: number;
  readonly expectedDowntimeMs?: number;
  readonly reason?: string;
}

function ended(state: EndState, place: GuestPlace, facts: EndFacts): Verdict {
  const { downtimeMs, downtimeLimitMs: limit, expectedDowntimeMs, reason } = facts;
  const help = reason === undefined ? {} : { help: sentence(reason) };
  switch (state) {
    case 'completed': {
      const predicted =
        expectedDowntimeMs === undefined ? '' : ` (predicted at most ${formatDuration(expectedDowntimeMs)})`;
      const over = limit === undefined ? '' : `, over the limit of ${formatDuration(limit)}`;
      const pause =
        downtimeMs === undefined ? {} : { pause: `It paused for ${formatDuration(downtimeMs)}${over}${predicted}.` };
      return { tone: limit === undefined ? 'good' : 'wait', finish: `Completed: ${placeText(place)}.`, ...pause };
    }
    case 'cancelled':
      return { tone: 'wait', finish: `Cancelled: ${placeText(place)}.`, ...help };
    case 'failed':
      return { tone: 'bad', finish: `Failed: ${placeText(place)}.`, ...help };
    case 'uncertain':
      return {
        tone: 'bad',
        finish: 'Uncertain: contact was lost during the handover. Nothing was started, so that no two copies run.',
        pause: 'Check the destination with query-status before anything else; start the guest on one side only.',
        ...help,
      };
  }
}
