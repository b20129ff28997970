import type { Report } from '../shared/snapshot';
import type { Ending } from './endings';
import { defined, type SenderView, type SessionFacts } from './run-facts';
import { pageCounts, type RunStats } from './run-stats';
import { newSenderCounters } from './sender-stats';

/** A run's report, from how it ended and what was counted on the way. */
export function sessionReport(
  { end, place, error, timedOut }: Ending,
  stats: RunStats,
  sender: SenderView | undefined,
  facts: SessionFacts,
): Report {
  const counters = sender?.counters ?? newSenderCounters();
  const wireBytes = sender?.wireBytes ?? 0;
  const totalTimeMs = stats.elapsedMs;
  const completed = end === 'completed';
  const pause = stats.predictedPause(completed || end === 'uncertain');
  const verdict = completed && facts.flow !== 'forced' ? undefined : stats.lastVerdict;
  return {
    status: end,
    totalTimeMs,
    rounds: facts.rounds,
    wireBytes,
    rawBytes: counters.rawBytes,
    throughputMbps: totalTimeMs === 0 ? 0 : (wireBytes * 8) / totalTimeMs / 1000,
    pages: pageCounts(counters),
    cache: stats.cacheCounts(counters),
    compression: stats.compressionCounts(counters, sender?.way),
    ...defined('load', stats.load(sender, facts)),
    ...defined('link', facts.link),
    reconnects: facts.reconnects,
    guestRunningOn: place,
    ...defined('downtimeMs', facts.downtimeMs),
    ...defined('downtimeErrorMs', facts.downtimeMs === undefined ? undefined : facts.downtimeErrorMs),
    downtimeLimitMs: stats.downtimeLimitMs,
    ...defined('expectedDowntimeMs', pause?.high),
    ...defined('expectedDowntimeBandMs', pause),
    ...defined('setupTimeMs', facts.setupTimeMs),
    ...defined('totalBytes', facts.info.ram?.total),
    ...defined('verdict', verdict?.kind === 'too early' ? undefined : verdict),
    ...defined('timedOut', timedOut),
    ...defined('error', error?.toJSON()),
  };
}
