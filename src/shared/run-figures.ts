import { settingNames, settingOptions } from './command-line';
import type { RunSummary } from './run-record';
import { settingLabels } from './settings';
import type { MigrationSettings } from './settings';
import { bottlenecks } from './snapshot';
import type { Report } from './snapshot';
import { settingText } from './setting-text';
import { formatBytes, formatDuration, formatWireBytes } from './units';
import { troubleOf } from './verdict';
import { wayName } from './way';
import { bandText, count } from './words';

/** What can be known of a run under one name; undefined is unknown. */
export type FigureValue = string | number | boolean | undefined;

/** One thing to say about a run, for lists, exports and comparisons alike. */
export interface RunFigure {
  /** Column name in exports; the unit is part of it. */
  readonly key: string;
  readonly label: string;
  readonly value: (run: RunSummary) => FigureValue;
  /** The value for people. */
  readonly text: (run: RunSummary) => string;
}

/** What stands for a figure that is not known. */
export const unknown = '–';
const asIs = String;
const ratio = (value: number): string => value.toFixed(2);
const share = (value: number): string => `${(value * 100).toFixed(1)} %`;
const mbps = (value: number): string => `${value.toFixed(1)} Mbit/s`;
const signed = (ms: number): string => `${ms < 0 ? '-' : '+'}${formatDuration(Math.abs(ms))}`;

/** Settings as the run was started; a change while it ran is in the text. */
export const settingFigures: readonly RunFigure[] = settingNames.map((name) => ({
  key: name,
  label: settingLabels[name],
  value: ({ settings }) => settings[name],
  text: ({ settings, changedSettings: changed }) => {
    const started = settingValueText(name, settings[name]);
    return changed?.[name] === undefined ? started : `${started} → ${settingValueText(name, changed[name])}`;
  },
}));

/** What was seen of the link before. */
const linkFigures: readonly RunFigure[] = [
  figure('linkRoundTripMs', 'Link: round trip', ({ link }) => link?.roundTripMs, formatDuration),
  figure('linkRoundTripMedianMs', 'Link: round trip, median', ({ link }) => link?.roundTripMedianMs, formatDuration),
  figure('linkThroughputMbps', 'Link: throughput', ({ link }) => link?.throughput && (link.throughput * 8) / 1e6, mbps),
  figure('clockOffsetMs', 'Link: clock there', ({ link }) => link?.clockOffsetMs, signed),
  figure('clockErrorMs', 'Link: clock, give or take', ({ link }) => link?.clockErrorMs, formatDuration),
];

/** Outcome and figures, in the order of a report. */
export const resultFigures: readonly RunFigure[] = [
  figure('status', 'Outcome', (report) => report.status, asIs),
  figure('timedOut', 'The timeout did', (report) => report.timedOut, asIs),
  figure('verdict', 'Last judged', ({ verdict }) => verdict?.kind, asIs),
  figure('advice', 'Advised last', ({ verdict }) => troubleOf(verdict)?.advice?.words, asIs),
  figure('totalTimeMs', 'Total time', (report) => report.totalTimeMs, formatDuration),
  figure('downtimeMs', 'Measured downtime', (report) => report.downtimeMs, formatDuration),
  figure('downtimeErrorMs', 'Measured downtime, give or take', (report) => report.downtimeErrorMs, formatDuration),
  figure('downtimeOverLimit', 'Downtime over its limit', overLimit, (yes) => (yes ? 'yes' : 'no')),
  figure('expectedDowntimeLowMs', 'Predicted downtime, low', ({ expectedDowntimeBandMs: b }) => b?.low, formatDuration),
  figure(
    'expectedDowntimeHighMs',
    'Predicted downtime, high',
    ({ expectedDowntimeBandMs: b }) => b?.high,
    formatDuration,
  ),
  figure('downtimeAsPredicted', 'Downtime as predicted', asPredicted, (yes) => (yes ? 'yes' : 'no')),
  figure('setupTimeMs', 'Setup time', (report) => report.setupTimeMs, formatDuration),
  figure('reconnects', 'Reconnects', (report) => report.reconnects, count),
  figure('rounds', 'Dirty syncs', (report) => report.rounds, count),
  figure('totalBytes', 'Guest memory', (report) => report.totalBytes, formatBytes),
  figure('rawBytes', 'Guest stream', (report) => report.rawBytes, formatWireBytes),
  figure('wireBytes', 'On the wire', (report) => report.wireBytes, formatWireBytes),
  figure('wireRatio', 'Ratio', (report) => over(report.rawBytes, report.wireBytes), ratio),
  figure('throughputMbps', 'Throughput', (report) => report.throughputMbps, mbps),
  ...linkFigures,
  figure('pagesDuplicate', 'Zero pages', ({ pages }) => pages.duplicate, count),
  figure('pagesUnchanged', 'Unchanged pages', ({ pages }) => pages.unchanged, count),
  figure('pagesRepeated', 'Repeated pages', ({ pages }) => pages.repeated, count),
  figure('pagesXbzrle', 'XBZRLE pages', ({ pages }) => pages.xbzrle, count),
  figure('pagesNormal', 'Full pages', ({ pages }) => pages.normal, count),
  figure('pagesOverflow', 'XBZRLE overflows', ({ pages }) => pages.overflow, count),
  figure('cacheHitRate', 'Cache hit rate', ({ cache }) => over(cache.hits, cache.lookups), share),
  figure('compressedBy', 'Compressed by', ({ compression }) => compressedBy(compression), asIs),
  figure('compressionRatio', 'Compression ratio', ({ compression: c }) => over(c.rawBytes, c.compressedBytes), ratio),
  figure('workerBusyShare', 'Workers busy', ({ load }) => load?.workerBusyShare, share),
  figure('limiterBusyShare', 'Limiter busy', ({ load }) => load?.limiterBusyShare, share),
  ...bottlenecks.map((name) =>
    figure(`${name}WaitShare`, `Waited for the ${name}`, ({ load }) => load?.waitShares[name], share),
  ),
  figure('loopLagP99Ms', 'Main loop lag, p99', ({ load }) => load?.loopLagP99Ms, formatDuration),
  figure('guestRunningOn', 'Guest runs on', (report) => report.guestRunningOn, asIs),
  figure('error', 'Error', ({ error }) => error?.message, asIs),
];

function figure<Value extends string | number | boolean>(
  key: string,
  label: string,
  of: (report: Report) => Value | undefined,
  write: (value: Value) => string,
): RunFigure {
  return {
    key,
    label,
    value: ({ report }) => of(report),
    text: ({ report }) => {
      const value = of(report);
      return value === undefined ? unknown : write(value);
    },
  };
}

/** The ways that pages went, with their shares: `zstd 3 61 %, none 39 %`; absent before there was a choice. */
export function compressedBy({ ways, rawBytes }: Report['compression']): string | undefined {
  if (ways === undefined) return undefined;
  return ways.map((way) => `${wayName(way)} ${Math.round((100 * way.rawBytes) / Math.max(1, rawBytes))} %`).join(', ');
}

/** The downtime's prediction as one text: `60 ms–110 ms`. */
export function predictedText({ report: { expectedDowntimeBandMs: band } }: RunSummary): string {
  return band === undefined ? unknown : bandText(band);
}

/** Whether the guest was paused for longer than it should have been; unknown where either is. */
export function overLimit({ downtimeMs, downtimeLimitMs: limit }: Report): boolean | undefined {
  return downtimeMs === undefined || limit === undefined ? undefined : downtimeMs > limit;
}

/** What the measured downtime is beside the band last predicted; unknown where either is. */
export function besidePredicted({
  downtimeMs,
  expectedDowntimeBandMs: band,
}: Report): 'as' | 'shorter than' | 'longer than' | undefined {
  if (downtimeMs === undefined || band === undefined) return undefined;
  return downtimeMs < band.low ? 'shorter than' : downtimeMs > band.high ? 'longer than' : 'as';
}

/** Whether the measured downtime lies in the band last predicted. */
function asPredicted(report: Report): boolean | undefined {
  const beside = besidePredicted(report);
  return beside === undefined ? undefined : beside === 'as';
}

function over(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}

/** A setting's value as it is typed: `64MiB`, `100Mbit`, `zstd`. */
export function settingValueText(name: keyof MigrationSettings, value: FigureValue): string {
  const { kind } = settingOptions[name];
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number' && (kind === 'bytes' || kind === 'rate' || kind === 'duration')) {
    return settingText(kind, value);
  }
  return String(value ?? unknown);
}

/** One line of a comparison: the same thing of every run, in the runs' order. */
export interface ComparedFigure {
  readonly key: string;
  readonly label: string;
  readonly texts: readonly string[];
  readonly values: readonly (string | number | boolean | null)[];
  readonly differs: boolean;
}

/** Runs side by side, figure by figure. */
export interface Comparison {
  readonly settings: readonly ComparedFigure[];
  readonly figures: readonly ComparedFigure[];
}

/** Runs side by side, differences marked; what was changed while a run lasted is a difference too. */
export function compareRuns(runs: readonly RunSummary[]): Comparison {
  const compared = ({ key, label, value, text }: RunFigure): ComparedFigure => {
    const values = runs.map((run) => value(run) ?? null);
    const texts = runs.map(text);
    return { key, label, values, texts, differs: new Set(values).size > 1 || new Set(texts).size > 1 };
  };
  return { settings: settingFigures.map(compared), figures: resultFigures.map(compared) };
}
