import { defaultSettings } from '../../shared/settings';
import type { MigrationSettings } from '../../shared/settings';
import { formatBitRate, formatBytes, formatDuration, settingText } from '../../shared/units';

/** The `wherry` command that runs the same migration; only what differs from the defaults is spelled out. */
export function commandLine(source: string, destination: string, settings: MigrationSettings): string {
  const options: readonly (readonly [flag: string, name: keyof MigrationSettings, text: string])[] = [
    ['--method', 'method', settings.method],
    ['--level', 'level', String(settings.level)],
    ['--compress-threads', 'compressThreads', String(settings.compressThreads)],
    ['--decompress-threads', 'decompressThreads', String(settings.decompressThreads)],
    ['--channels', 'channels', String(settings.channels)],
    ['--xbzrle-cache', 'xbzrleCacheBytes', settingText('bytes', settings.xbzrleCacheBytes)],
    ['--cache-policy', 'cachePolicy', settings.cachePolicy],
    ['--max-bandwidth', 'maxBandwidth', settingText('rate', settings.maxBandwidth)],
    ['--downtime-limit', 'downtimeLimitMs', settingText('duration', settings.downtimeLimitMs)],
    ['--timeout', 'timeoutMs', settingText('duration', settings.timeoutMs)],
    ['--on-timeout', 'onTimeout', settings.onTimeout],
  ];
  const changed = options.filter(([, name]) => settings[name] !== defaultSettings[name]);
  return [
    'wherry migrate',
    `--source ${quote(source)}`,
    `--destination ${quote(destination)}`,
    ...changed.map(([flag, , text]) => `${flag} ${text}`),
    ...(settings.autoConverge ? ['--auto-converge'] : []),
    ...(settings.paused ? ['--paused'] : []),
  ].join(' ');
}

/** The settings as one sentence. */
export function summary(settings: MigrationSettings): string {
  const { method, level, compressThreads, channels, xbzrleCacheBytes, maxBandwidth, downtimeLimitMs, paused } =
    settings;
  const threads = `${compressThreads} ${compressThreads === 1 ? 'thread' : 'threads'}`;
  const cache = xbzrleCacheBytes === 0 ? 'no XBZRLE' : `a ${formatBytes(xbzrleCacheBytes)} XBZRLE cache`;
  const compression = compressionText(method, level, threads);
  const rate = maxBandwidth === 0 ? 'as fast as the link goes' : `at most ${formatBitRate(maxBandwidth)}`;
  const ways = channels === 1 ? '' : ` over ${channels} channels`;
  const end = paused ? '; left paused on the destination' : '';
  return `${compression} with ${cache}, ${rate}${ways}, pause under ${formatDuration(downtimeLimitMs)}${end}.`;
}

function compressionText(method: MigrationSettings['method'], level: number, threads: string): string {
  if (method === 'none') return `No compression, ${threads}`;
  if (method === 'auto') return `Compression by what limits, from zstd ${level} on, on ${threads}`;
  return `${method} ${level} on ${threads}`;
}

/** Quotes a word for a POSIX shell when it needs it. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
