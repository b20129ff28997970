import { clockText, roundTripText, throughputText } from '../shared/link';
import { besidePredicted, compressedBy, overLimit } from '../shared/run-figures';
import { bottlenecks, type Report, type Snapshot } from '../shared/snapshot';
import type { GuestPlace } from '../shared/state';
import { formatDuration } from '../shared/units';
import { wayName } from '../shared/way';

type Row = readonly [name: string, value: string];

/** The end of a run under the names QEMU's `info migrate` uses; what is unknown has no row. */
export function renderReport(report: Report, last?: Snapshot): readonly string[] {
  const rows = [
    ...timeRows(report),
    ...linkRows(report),
    ...ramRows(report, last),
    ...cacheRows(report, last),
    ...compressionRows(report),
    ...loadRows(report),
  ];
  const nameWidth = Math.max(...rows.map(([name]) => name.length)) + 1;
  const valueWidth = Math.max(...rows.map(([, value]) => value.indexOf(' '), 0));
  return rows.map(([name, value]) => {
    const [number = '', ...unit] = value.split(' ');
    return [`${name}:`.padEnd(nameWidth), number.padStart(valueWidth), ...unit].join(' ').trimEnd();
  });
}

/** One sentence on how it ended and where the guest is. */
export function renderOutcome({ status, error, guestRunningOn, timedOut }: Report): string {
  const forced = timedOut === 'force' ? ' (the timeout forced the switchover)' : '';
  const why = error === undefined ? forced : `: ${error.message.replace(/\.$/, '')}`;
  return `Migration ${status}${why}. ${whereabout(status, guestRunningOn)}`;
}

function whereabout(status: Report['status'], place: GuestPlace): string {
  if (status === 'completed' && place === 'unknown') return handedOver;
  const untouched = status === 'failed' || status === 'cancelled';
  return (untouched ? leftAlone[place] : undefined) ?? whereabouts[place];
}

const handedOver = 'The destination has the guest; whether it runs there is for its own monitor to say.';

/** Where the guest is when the destination never had it. */
const leftAlone: Readonly<Partial<Record<GuestPlace, string>>> = {
  none: 'The guest is paused on the source; `cont` there continues it.',
  unknown: 'Neither side was told to start or stop a guest.',
};

const whereabouts: Readonly<Record<GuestPlace, string>> = {
  source: 'The guest runs on the source.',
  destination: 'The guest runs on the destination.',
  none: 'The guest is paused and runs on neither side; `cont` on the destination continues it.',
  unknown: 'Where the guest runs is not known: ask both sides with query-status before starting either.',
};

function timeRows(report: Report): readonly Row[] {
  return [
    ['Migration status', report.status],
    ...milliseconds('total time', report.totalTimeMs),
    ...milliseconds('downtime', report.downtimeMs),
    ...(report.downtimeErrorMs === undefined
      ? []
      : [['give or take', formatDuration(report.downtimeErrorMs)] as const]),
    ...(overLimit(report) === true ? milliseconds('over the downtime limit of', report.downtimeLimitMs) : []),
    ...expectedRows(report),
    ...milliseconds('setup', report.setupTimeMs),
    ...(report.reconnects === 0 ? [] : [['reconnects', String(report.reconnects)] as const]),
  ];
}

const was = { as: 'so it was', 'shorter than': 'it was shorter', 'longer than': 'it was longer' } as const;

/** What was predicted last before the guest stopped, as a band, and how that compares with what was measured. */
function expectedRows(report: Report): readonly Row[] {
  const { expectedDowntimeMs, expectedDowntimeBandMs: band } = report;
  if (band === undefined) return milliseconds('expected downtime', expectedDowntimeMs);
  const [low, high] = [Math.round(band.low), Math.round(band.high)];
  const words = low === high ? `${high} ms` : `${low} to ${high} ms`;
  const beside = besidePredicted(report);
  return [['expected downtime', beside === undefined ? words : `${words}; ${was[beside]}`]];
}

/** What was seen of the link before it. */
function linkRows({ link }: Report): readonly Row[] {
  if (link === undefined) return [];
  return [
    ['link round trip', roundTripText(link)],
    ['link throughput', throughputText(link)],
    ['clock there', clockText(link)],
  ];
}

function ramRows({ wireBytes, rawBytes, totalBytes, pages, ...report }: Report, last?: Snapshot): readonly Row[] {
  return [
    ['transferred ram', kbytes(wireBytes)],
    ['guest stream', kbytes(rawBytes)],
    ['throughput', `${report.throughputMbps.toFixed(2)} mbps`],
    ...(last?.remainingBytes === undefined ? [] : [['remaining ram', kbytes(last.remainingBytes)] as const]),
    ...(totalBytes === undefined ? [] : [['total ram', kbytes(totalBytes)] as const]),
    ['duplicate', `${pages.duplicate} pages`],
    ['normal', `${pages.normal} pages`],
    ['unchanged', `${pages.unchanged} pages`],
    ['repeated', `${pages.repeated} pages`],
    // Only the source counts them, and a relay does not ask it.
    ...(report.rounds === 0 ? [] : [['dirty sync count', String(report.rounds)] as const]),
  ];
}

function cacheRows({ cache, pages }: Report, last?: Snapshot): readonly Row[] {
  if (cache.size === 0 && cache.lookups === 0) return [];
  const transferred = last === undefined ? [] : [['xbzrle transferred', kbytes(last.wireClasses.xbzrle)] as const];
  const rate =
    cache.lookups === 0 ? [] : [['xbzrle cache miss rate', (cache.misses / cache.lookups).toFixed(2)] as const];
  return [
    ['xbzrle cache size', `${cache.size} bytes`],
    ...transferred,
    ['xbzrle pages', `${pages.xbzrle} pages`],
    ['xbzrle cache hit', `${cache.hits} pages`],
    ['xbzrle cache miss', `${cache.misses} pages`],
    ...rate,
    ['xbzrle overflow', `${pages.overflow} pages`],
    ['xbzrle evictions', `${cache.evictions} pages`],
    ...shardRows(cache),
  ];
}

/** How evenly the shards are used; one has nothing to be compared with. */
function shardRows({ shards }: Report['cache']): readonly Row[] {
  const rates = shards.filter(({ lookups }) => lookups > 0).map(({ hits, lookups }) => (hits / lookups).toFixed(2));
  return rates.length < 2 ? [] : [['xbzrle shard hit rate', `${rates.sort()[0]} to ${rates.at(-1)}`]];
}

function compressionRows({ compression }: Report): readonly Row[] {
  const { method, level, asItComes, rawBytes, compressedBytes, reason, busy } = compression;
  if (method === 'none' && reason === undefined) return [];
  const rate = compressedBytes === 0 ? [] : [['compression rate', (rawBytes / compressedBytes).toFixed(2)] as const];
  return [
    [
      'compression method',
      `${asItComes === true ? wayName(compression) : `${method}, level ${level}`}${reason === undefined ? '' : `, chosen: ${reason}`}`,
    ],
    ...(reason === undefined ? [] : [['compressed by', compressedBy(compression) ?? ''] as const]),
    ['compression input', kbytes(rawBytes)],
    ['compressed size', kbytes(compressedBytes)],
    ...(busy === undefined ? [] : [['busy pages, sent uncompressed', String(busy)] as const]),
    ...rate,
  ];
}

function loadRows({ load }: Report): readonly Row[] {
  if (load === undefined) return [];
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  return [
    ['workers busy', percent(load.workerBusyShare)],
    ['limiter busy', percent(load.limiterBusyShare)],
    ...bottlenecks.map((name): Row => [`${name} wait`, percent(load.waitShares[name])]),
    ...milliseconds('main loop lag p99', load.loopLagP99Ms),
  ];
}

function milliseconds(name: string, value: number | undefined): readonly Row[] {
  return value === undefined ? [] : [[name, `${Math.round(value)} ms`]];
}

/** QEMU's kbytes are 1024 bytes. */
function kbytes(bytes: number): string {
  return `${Math.round(bytes / 1024)} kbytes`;
}
