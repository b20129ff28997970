import { clockText, roundTripText, throughputText, type LinkFigures } from '../../shared/link';
import { overLimit } from '../../shared/run-figures';
import type { RunSummary } from '../../shared/run-record';
import type { PageCounts, Report, Snapshot } from '../../shared/snapshot';
import { compressedBy } from '../../shared/run-figures';
import type { GuestPlace } from '../../shared/state';
import { formatBytes, formatDuration, formatRate, formatWireBytes } from '../../shared/units';
import { wayName } from '../../shared/way';
import { bandText, count, percent } from './words';

/** What stands where a figure is not known. */
export const unknown = '—';

/** The names of the figures; other tools rely on them. */
export const figureNames = [
  'Expected downtime',
  'Measured downtime',
  'Total time',
  'Remaining',
  'Dirty rate',
  'Throughput',
  'Round',
  'Transferred',
  'Cache hit rate',
] as const;
export type FigureName = (typeof figureNames)[number];

/** The latest figures as text, with their units. */
export function figuresOf(snapshot: Snapshot, report?: Report): Readonly<Record<FigureName, string>> {
  const band = report?.expectedDowntimeBandMs ?? snapshot.expectedDowntimeMs;
  const wireRate = report === undefined ? snapshot.wireRate : (report.throughputMbps * 1e6) / 8;
  return {
    'Expected downtime': band === undefined ? unknown : bandText(band),
    'Measured downtime': or(formatDuration, report?.downtimeMs ?? snapshot.downtimeMs),
    'Total time': formatDuration(report?.totalTimeMs ?? snapshot.elapsedMs),
    Remaining: or(formatBytes, snapshot.remainingBytes),
    'Dirty rate': or(formatRate, snapshot.dirtyRate),
    Throughput: or(formatRate, wireRate),
    Round: String(report?.rounds ?? snapshot.rounds),
    Transferred: formatWireBytes(report?.wireBytes ?? snapshot.wireBytes),
    'Cache hit rate': hitRate(report?.cache ?? snapshot.cache),
  };
}

/** What helps to read some of the figures: what they are to be held against. */
export function figureNotes(snapshot: Snapshot, report?: Report): Readonly<Partial<Record<FigureName, string>>> {
  const { settings, totalBytes, cache } = snapshot;
  const setup = report?.setupTimeMs ?? snapshot.setupTimeMs;
  const limit = report?.downtimeLimitMs ?? settings.downtimeLimitMs;
  return {
    'Expected downtime': `limit ${formatDuration(limit)}`,
    ...(setup !== undefined && { 'Total time': `setup ${formatDuration(setup)}` }),
    ...(totalBytes !== undefined && { Remaining: `of ${formatBytes(totalBytes)}` }),
    ...(settings.maxBandwidth > 0 && { Throughput: `limit ${formatRate(settings.maxBandwidth)}` }),
    ...(cache.lookups > 0 && { 'Cache hit rate': `of ${count(cache.lookups)}` }),
  };
}

/** Share of cache lookups that found the page; a cache that is off, or was not asked yet, has none. */
export function hitRate({ size, lookups, hits }: Snapshot['cache']): string {
  if (size === 0) return 'off';
  return lookups === 0 ? unknown : percent(hits / lookups);
}

/** A class of pages, how many there were and what they took on the wire. */
export interface PageClass {
  readonly name: string;
  /** Custom property with its colour. */
  readonly colour: string;
  readonly pages: number;
  /** Of all pages sent, 0 to 1. */
  readonly share: number;
  /** Absent where nothing is counted for it alone. */
  readonly wireBytes?: number;
  readonly note?: string;
}

/** Pages by class, as `info migrate` counts them. */
export function pageClasses(pages: PageCounts, wire?: Snapshot['wireClasses']): readonly PageClass[] {
  const referred = pages.unchanged + pages.repeated;
  const total = Math.max(pages.duplicate + referred + pages.xbzrle + pages.normal, 1);
  const row = (name: string, colour: string, sent: number, wireBytes?: number, note?: string): PageClass => ({
    name,
    colour,
    pages: sent,
    share: sent / total,
    ...(wireBytes !== undefined && { wireBytes }),
    ...(note !== undefined && { note }),
  });
  const overflow = pages.overflow === 0 ? undefined : `${count(pages.overflow)} of them overflow`;
  const repeated = pages.repeated === 0 ? undefined : `${count(pages.repeated)} of them equal to another page`;
  return [
    row('Zero', '--class-zero', pages.duplicate, wire?.zero),
    row('Unchanged', '--class-unchanged', referred, wire?.unchanged, repeated),
    row('XBZRLE', '--class-xbzrle', pages.xbzrle, wire?.xbzrle),
    row('Full', '--class-full', pages.normal, wire && wire.normal + wire.plain, overflow),
  ];
}

/** A finished run as `info migrate` would print it, one row a fact. */
export function reportRows(report: Report): readonly (readonly [name: string, value: string])[] {
  const { pages, cache, compression } = report;
  const ratio =
    compression.compressedBytes === 0
      ? unknown
      : `${(compression.rawBytes / compression.compressedBytes).toFixed(2)} : 1`;
  return [
    ['Migration status', report.status],
    ...(report.timedOut === undefined ? [] : [['Timeout', timeoutTexts[report.timedOut]] as const]),
    ['Guest runs on', placeName(report.guestRunningOn)],
    ['total time', formatDuration(report.totalTimeMs)],
    ['downtime', downtimeText(report)],
    ['downtime limit', or(formatDuration, report.downtimeLimitMs)],
    ['expected downtime', or(bandText, report.expectedDowntimeBandMs)],
    ['setup', or(formatDuration, report.setupTimeMs)],
    ...(report.link === undefined ? [] : linkRows(report.link).map(([name, text]) => [`link ${name}`, text] as const)),
    ['transferred ram', formatWireBytes(report.wireBytes)],
    ['guest stream', formatWireBytes(report.rawBytes)],
    ['throughput', `${report.throughputMbps.toFixed(1)} Mbit/s`],
    ['total ram', or(formatBytes, report.totalBytes)],
    ['reconnects', count(report.reconnects)],
    ['dirty sync count', report.rounds === 0 ? unknown : count(report.rounds)],
    ['duplicate', `${count(pages.duplicate)} pages`],
    ['normal', `${count(pages.normal)} pages`],
    ['xbzrle', `${count(pages.xbzrle)} pages`],
    ['unchanged', `${count(pages.unchanged)} pages`],
    ['repeated', `${count(pages.repeated)} pages`],
    ['xbzrle overflow', count(pages.overflow)],
    ['xbzrle evictions', count(cache.evictions)],
    ['xbzrle cache size', cache.size === 0 ? 'off' : formatBytes(cache.size)],
    ['xbzrle cache lookups', count(cache.lookups)],
    ['xbzrle cache hits', count(cache.hits)],
    ['xbzrle cache hit rate', hitRate(cache)],
    [
      'compression',
      compression.method === 'none' ? wayName(compression) : `${compression.method} level ${compression.level}`,
    ],
    ...(compression.reason === undefined ? [] : [['chosen because', compression.reason] as const]),
    ...(compression.reason === undefined ? [] : [['compressed by', compressedBy(compression) ?? unknown] as const]),
    ['compression ratio', ratio],
  ];
}

/** What was seen of a link, a row a figure. */
export function linkRows(link: LinkFigures): readonly (readonly [name: string, value: string])[] {
  return [
    ['round trip', roundTripText(link)],
    ['throughput', throughputText(link)],
    ['clock there', clockText(link)],
  ];
}

/** Between two hosts it is as exact as what is known of the other's clock. */
function downtimeText(report: Report): string {
  const { downtimeMs, downtimeErrorMs } = report;
  const error = downtimeMs === undefined || downtimeErrorMs === undefined ? '' : ` ±${formatDuration(downtimeErrorMs)}`;
  return `${or(formatDuration, downtimeMs)}${error}${overLimit(report) === true ? ' (over the limit)' : ''}`;
}

const timeoutTexts = { cancel: 'cancelled it', force: 'forced the switchover' } as const;

/** When a run was started, in the system's own notation. */
export function startedText({ startedAt }: Pick<RunSummary, 'startedAt'>): string {
  return new Date(startedAt).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'medium' });
}

function placeName(place: GuestPlace): string {
  return place === 'none' ? 'neither side (paused)' : place === 'unknown' ? 'not known' : `the ${place}`;
}

function or<Value>(format: (value: Value) => string, value: Value | undefined): string {
  return value === undefined ? unknown : format(value);
}
