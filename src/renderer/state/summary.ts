import type { MigrationSettings } from '../../shared/settings';
import { formatBitRate, formatBytes, formatDuration } from '../../shared/units';

/** The settings as one sentence. */
export function summary(settings: MigrationSettings): string {
  const { channels, xbzrleCacheBytes, maxBandwidth, downtimeLimitMs } = settings;
  const cache = xbzrleCacheBytes === 0 ? 'no XBZRLE' : `a ${formatBytes(xbzrleCacheBytes)} XBZRLE cache`;
  const rate = maxBandwidth === 0 ? 'as fast as the link goes' : `at most ${formatBitRate(maxBandwidth)}`;
  const ways = channels === 1 ? '' : ` over ${channels} channels`;
  const pause = `pause under ${formatDuration(downtimeLimitMs)}`;
  return `${[`${compressionText(settings)} with ${cache}, ${rate}${ways}, ${pause}`, ...endings(settings)].join('; ')}.`;
}

function compressionText({ method, level, compressThreads }: MigrationSettings): string {
  const threads = `${compressThreads} ${compressThreads === 1 ? 'thread' : 'threads'}`;
  if (method === 'none') return `No compression, ${threads}`;
  if (method === 'auto') return `Compression by what limits, from zstd ${level} on, on ${threads}`;
  return `${method} ${level} on ${threads}`;
}

function endings({ autoConverge, timeoutMs, onTimeout, paused }: MigrationSettings): readonly string[] {
  const then = { cancel: 'cancelled', force: 'forced to switch over' } as const;
  return [
    ...(autoConverge ? ['the guest is slowed down if it writes too fast'] : []),
    ...(timeoutMs > 0 ? [`${then[onTimeout]} after ${formatDuration(timeoutMs)}`] : []),
    ...(paused ? ['left paused on the destination'] : []),
  ];
}
