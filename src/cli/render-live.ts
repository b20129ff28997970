import wrapAnsi from 'wrap-ansi';
import { clockText, roundTripText, throughputText, type LinkFigures } from '../shared/link';
import type { CacheCounts, CompressionCounts, Snapshot, WorkerStatus } from '../shared/snapshot';
import { formatBitRate, formatBytes, formatDuration, formatRate, formatWireBytes } from '../shared/units';
import { wayName } from '../shared/way';
import type { Paint } from './paint';

type Mark = keyof Paint | undefined;

/** What the display says under one label, before it is broken into lines. */
interface Row {
  readonly label: string;
  readonly text: string;
  readonly mark?: Mark;
}

const labelWidth = 10;
const barWidth = 24;

/** Fewer columns have no room for labels in one of their own. */
const narrow = 48;

/** What may go where a terminal has too few lines, the first of them first; what is left says what to do. */
const dispensable = ['workers', 'pages', 'cache', 'link', 'method', 'wire', 'guest'];

/**
 * The live display of a run: lines no wider than `width`, long ones broken between words, unknown figures left out.
 * @param height lines there is room for; rows go to keep to it, and at last the ends of the lines that are left
 */
export function renderLive(
  snapshot: Snapshot,
  { width, height }: { readonly width: number; readonly height: number },
  paint: Paint,
): readonly string[] {
  const rows = rowsOf(snapshot, width).map((row) => ({ label: row.label, lines: fitted(row, width, paint) }));
  const fits = (): boolean => rows.reduce((sum, { lines }) => sum + lines.length, 0) <= height;
  for (const label of dispensable) {
    if (fits()) break;
    const at = rows.findIndex((row) => row.label === label);
    if (at >= 0) rows.splice(at, 1);
  }
  return rows.flatMap(({ lines }) => lines).slice(0, Math.max(height, 0));
}

function rowsOf(snapshot: Snapshot, width: number): readonly Row[] {
  const rows: readonly (Row | undefined)[] = [
    { label: 'state', text: headline(snapshot), mark: 'bold' },
    progress(snapshot, width),
    { label: 'guest', text: guest(snapshot) },
    { label: 'wire', text: wire(snapshot) },
    { label: 'link', text: linkText(snapshot.link) },
    { label: 'pages', text: pages(snapshot) },
    { label: 'cache', text: cacheText(snapshot.cache) },
    { label: 'workers', text: workersText(snapshot.workers) },
    { label: 'method', text: chosen(snapshot.compression) },
    downtime(snapshot),
    ...verdict(snapshot),
    snapshot.notice === undefined ? undefined : { label: 'notice', text: snapshot.notice },
  ];
  return rows.filter((row): row is Row => row !== undefined && row.text !== '');
}

/** One line for a log: what matters most, in words. */
export function renderLine(snapshot: Snapshot): string {
  const { remainingBytes, expectedDowntimeMs } = snapshot;
  return listed(
    headline(snapshot),
    remainingBytes === undefined ? '' : `${formatBytes(remainingBytes)} left`,
    labelled('guest', guest(snapshot)),
    labelled('wire', wire(snapshot)),
    expectedDowntimeMs === undefined ? '' : `expected downtime ${band(expectedDowntimeMs)}`,
    ...verdict(snapshot).map(({ text }) => text),
  );
}

function headline({ state, rounds, elapsedMs, reconnecting }: Snapshot): string {
  const round = rounds === 0 ? '' : `, dirty sync ${rounds}`;
  const lost = reconnecting === undefined ? '' : `, reconnecting (${formatDuration(reconnecting.leftMs)} left)`;
  return `${state}${round}, ${formatDuration(elapsedMs)}${lost}`;
}

/**
 * In the bulk round the share of RAM gone through, which only grows; after it what is left to send, which may grow
 * again, drawn as the remainder it is and not as progress.
 */
function progress(snapshot: Snapshot, width: number): Row | undefined {
  const { state, totalBytes, remainingBytes } = snapshot;
  if (totalBytes === undefined || remainingBytes === undefined || totalBytes === 0) return undefined;
  const room = Math.max(0, Math.min(barWidth, width - labelWidth - 30));
  const left = Math.min(1, remainingBytes / totalBytes);
  if (state === 'bulk') {
    const sent = formatBytes(Math.max(0, totalBytes - remainingBytes));
    const share = Math.floor((1 - left) * 100);
    return { label: 'sent', text: `${bar(1 - left, room)}${share} %, ${sent} of ${formatBytes(totalBytes)}` };
  }
  if (state !== 'iterating' && state !== 'switchover') return undefined;
  return { label: 'left', text: `${bar(left, room)}${formatBytes(remainingBytes)} of ${formatBytes(totalBytes)}` };
}

function bar(share: number, width: number): string {
  if (width < 4) return '';
  const full = Math.round(share * width);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}  `;
}

function guest({ guestRate, dirtyRate, rawBytes }: Snapshot): string {
  return listed(
    guestRate === undefined ? '' : `${formatRate(guestRate)} read`,
    dirtyRate === undefined ? '' : `${formatRate(dirtyRate)} dirtied`,
    rawBytes === 0 ? '' : `${formatWireBytes(rawBytes)} so far`,
  );
}

function wire({ wireRate, wireBytes, rawBytes, limiterBusyShare, settings }: Snapshot): string {
  const limit = settings.maxBandwidth;
  const held = limit === 0 ? '' : ` of ${formatBitRate(limit)} (held back ${percent(limiterBusyShare)})`;
  return listed(
    wireRate === undefined ? '' : `${formatBitRate(wireRate)}${held}`,
    wireBytes === 0 || rawBytes === 0 ? '' : `${formatWireBytes(wireBytes)} (${(rawBytes / wireBytes).toFixed(1)} : 1)`,
  );
}

/** What was seen of the link before the start. */
export function linkText(link: LinkFigures | undefined): string {
  if (link === undefined) return '';
  return `throughput ${throughputText(link)}, round trip ${roundTripText(link)}, clock there ${clockText(link)}`;
}

function pages({ pages: { duplicate, normal, xbzrle, unchanged, repeated, overflow } }: Snapshot): string {
  return `zero ${duplicate}, normal ${normal}, xbzrle ${xbzrle}, unchanged ${unchanged}, repeated ${repeated}, overflow ${overflow}`;
}

function cacheText({ size, lookups, hits }: CacheCounts): string {
  if (size === 0) return 'off';
  return lookups === 0
    ? formatBytes(size)
    : `${formatBytes(size)}, ${percent(hits / lookups)} of ${lookups} lookups hit`;
}

/** What `auto` has chosen, and why. */
function chosen(compression: CompressionCounts): string {
  const { reason } = compression;
  return reason === undefined ? '' : `${wayName(compression)}, ${reason}`;
}

/** Workers by kind: `compress-3` is one of `compress`. */
function workersText(workers: readonly WorkerStatus[]): string {
  const kinds = new Map<string, number[]>();
  for (const { name, busyShare } of workers) {
    const kind = name.replace(/-\d+$/, '');
    kinds.set(kind, [...(kinds.get(kind) ?? []), busyShare]);
  }
  return [...kinds]
    .map(
      ([kind, shares]) => `${shares.length} ${kind} ${percent(shares.reduce((a, b) => a + b, 0) / shares.length)} busy`,
    )
    .join(', ');
}

function downtime({ state, expectedDowntimeMs, downtimeMs, settings }: Snapshot): Row | undefined {
  const limit = `limit ${formatDuration(settings.downtimeLimitMs)}`;
  if (downtimeMs !== undefined) return { label: 'downtime', text: `${formatDuration(downtimeMs)}, ${limit}` };
  if (expectedDowntimeMs === undefined) return undefined;
  const { low, high } = expectedDowntimeMs;
  const text = `expected ${band(expectedDowntimeMs)}, ${limit}`;
  if (state !== 'iterating') return { label: 'downtime', text }; // in the bulk round it is large as a matter of course
  if (high <= settings.downtimeLimitMs) return { label: 'downtime', text: `${text}: within it`, mark: 'good' };
  if (low > settings.downtimeLimitMs) return { label: 'downtime', text: `${text}: over it`, mark: 'bad' };
  return { label: 'downtime', text };
}

/** Will it finish, when, and if not what would help. */
function verdict({ verdict, switchoverInMs }: Snapshot): readonly Row[] {
  if (verdict === undefined) return [];
  if (verdict.kind === 'too early') {
    return verdict.words === undefined ? [] : [{ label: 'verdict', text: `too early to say: ${verdict.words}` }];
  }
  if (verdict.kind === 'converging') {
    const when = switchoverInMs === undefined ? '' : `, switchover in ${band(switchoverInMs)}`;
    return [{ label: 'verdict', text: `converging${when}`, mark: 'good' }];
  }
  const { kind, words, advice } = verdict;
  const why: Row = { label: 'verdict', text: `${kind}: ${words}`, mark: 'bad' };
  return advice === undefined ? [why] : [why, { label: 'advice', text: `${advice.words}: ${advice.effect}` }];
}

function band({ low, high }: { readonly low: number; readonly high: number }): string {
  const [from, to] = [formatDuration(low), formatDuration(high)];
  return from === to ? to : `${from} to ${to}`;
}

function listed(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}

function labelled(label: string, text: string): string {
  return text === '' ? '' : `${label} ${text}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** A row's lines; those after the first are set in, so that labels stand out. */
function fitted({ label, text, mark }: Row, width: number, paint: Paint): readonly string[] {
  const printable = text.replace(/\p{Cc}/gu, ' ');
  const painted = (line: string): string => (mark === undefined ? line : paint[mark](line));
  const margin = width < narrow ? 2 : labelWidth;
  const broken = (words: string): string[] => wrapAnsi(words, Math.max(width - margin, 1), { hard: true }).split('\n');
  const set = (lines: readonly string[]): string[] => lines.map((line) => `${' '.repeat(margin)}${painted(line)}`);
  if (width < narrow) {
    const [first = '', ...rest] = broken(`${label}: ${printable}`);
    return [painted(first), ...set(rest)];
  }
  const [first = '', ...rest] = broken(printable);
  return [`${paint.dim(label.padEnd(labelWidth))}${painted(first)}`, ...set(rest)];
}
