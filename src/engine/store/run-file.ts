import * as v from 'valibot';
import { failureCodes, WherryError } from '../../shared/failure';
import { maxSeriesPoints, seriesColumns } from '../../shared/run-record';
import type { RunRecord, RunSeries, RunSummary, SeriesColumn } from '../../shared/run-record';
import { limits, methods, settingsChangeSchema, timeoutActions, type MigrationSettings } from '../../shared/settings';
import type { Report } from '../../shared/snapshot';
import { endStates } from '../../shared/state';
import { stallReasons } from '../../shared/verdict';
import { checked, documentText, readDocument, storedSettings } from './document';
import type { DocumentKind } from './document';

const oneKind: DocumentKind = { format: 'wherry-run', version: 1 };
const manyKind: DocumentKind = { format: 'wherry-history', version: 1 };

/** A full series of eight columns is a sixth of this. */
export const maxRunBytes = 2 ** 20;

/** A run's id is its start and a random part; it is also its file's name, so it is checked before it becomes one. */
export const runIdPattern = /^\d{8}T\d{9}Z-[0-9a-f]{8}$/;
export const runFilePattern = /^\d{8}T\d{9}Z-[0-9a-f]{8}\.json$/;

const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const cacheFigures = v.looseObject({
  lookups: amount,
  hits: amount,
  misses: amount,
  evictions: amount,
  overflow: amount,
});
const band = v.object({ low: amount, high: amount });
/** How pages are carried. */
const way = { method: v.picklist(methods), level: amount, asItComes: v.exactOptional(v.literal(true)) };
const sentBytes = { rawBytes: amount, compressedBytes: amount };
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const advised = {
  words: v.string(),
  advice: v.exactOptional(
    v.looseObject({ words: v.string(), effect: v.string(), change: v.exactOptional(settingsChangeSchema) }),
  ),
};
const verdictSchema = v.variant('kind', [
  v.looseObject({ kind: v.literal('too early'), words: v.exactOptional(v.string()) }),
  v.looseObject({ kind: v.literal('converging') }),
  v.looseObject({ kind: v.literal('not converging'), reason: v.picklist(stallReasons), ...advised }),
  v.looseObject({ kind: v.literal('too slow'), ...advised }),
]);

/** What later versions add to a report comes through as it is; what is missing or wrong is refused. */
const reportSchema: v.GenericSchema<unknown, Report> = v.looseObject({
  status: v.picklist(endStates),
  totalTimeMs: amount,
  // Between two hosts' clocks, a downtime can come out below 0.
  downtimeMs: v.exactOptional(v.pipe(v.number(), v.finite())),
  downtimeErrorMs: v.exactOptional(amount),
  downtimeLimitMs: v.exactOptional(amount),
  expectedDowntimeMs: v.exactOptional(amount),
  expectedDowntimeBandMs: v.exactOptional(band),
  setupTimeMs: v.exactOptional(amount),
  rounds: amount,
  wireBytes: amount,
  rawBytes: amount,
  totalBytes: v.exactOptional(amount),
  throughputMbps: amount,
  pages: v.looseObject({
    duplicate: amount,
    normal: amount,
    xbzrle: amount,
    unchanged: amount,
    repeated: v.optional(amount, 0),
    overflow: amount,
  }),
  cache: v.looseObject({
    size: amount,
    lookups: amount,
    hits: amount,
    misses: amount,
    evictions: v.optional(amount, 0),
    overflow: v.optional(amount, 0),
    shards: v.optional(v.pipe(v.array(cacheFigures), v.maxLength(limits.compressThreads.max)), []),
  }),
  compression: v.looseObject({
    ...way,
    ...sentBytes,
    reason: v.exactOptional(v.string()),
    ways: v.exactOptional(v.array(v.looseObject({ ...way, ...sentBytes }))),
    busy: v.exactOptional(amount),
  }),
  load: v.exactOptional(
    v.looseObject({
      workerBusyShare: share,
      limiterBusyShare: share,
      waitShares: v.looseObject({ link: share, compressor: share, source: share, destination: share }),
      loopLagP99Ms: v.exactOptional(amount),
    }),
  ),
  link: v.exactOptional(
    v.looseObject({
      roundTripMs: amount,
      roundTripMedianMs: amount,
      throughput: v.exactOptional(amount),
      maxBandwidth: amount,
      channels: amount,
      clockOffsetMs: v.pipe(v.number(), v.finite()),
      clockErrorMs: amount,
      bytes: amount,
    }),
  ),
  reconnects: v.optional(amount, 0),
  guestRunningOn: v.picklist(['source', 'destination', 'none', 'unknown']),
  verdict: v.exactOptional(verdictSchema),
  timedOut: v.exactOptional(v.picklist(timeoutActions)),
  error: v.exactOptional(v.object({ code: v.picklist(failureCodes), message: v.string() })),
});

const column = v.pipe(v.array(v.nullable(v.pipe(v.number(), v.finite()))), v.maxLength(maxSeriesPoints));
const columns = Object.fromEntries(seriesColumns.map((name) => [name, column])) as Record<SeriesColumn, typeof column>;

const seriesSchema: v.GenericSchema<unknown, RunSeries> = v.pipe(
  v.object(columns),
  v.check((series) => new Set(Object.values(series).map(({ length }) => length)).size === 1, 'columns of one length'),
);

const recordSchema = v.object({
  id: v.pipe(v.string(), v.regex(runIdPattern)),
  startedAt: v.pipe(v.string(), v.isoTimestamp()),
  guest: v.string(),
  source: v.string(),
  destination: v.string(),
  settings: v.unknown(),
  changedSettings: v.exactOptional(v.record(v.string(), v.unknown())),
  report: reportSchema,
  series: seriesSchema,
});

/**
 * A run as the text of its file.
 * @throws WherryError `store` when it could not be read back: what is kept must be good
 */
export function runText(run: RunRecord): string {
  const text = documentText(oneKind, run);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxRunBytes) throw new WherryError('store', `a run: expected at most ${maxRunBytes} bytes, got ${bytes}`);
  parseRun(text);
  return text;
}

/**
 * Reads a run's file.
 * @throws WherryError `store`, `store-newer`
 */
export function parseRun(text: string): RunRecord {
  const { settings: input, changedSettings, ...rest } = checked(recordSchema, readDocument(oneKind, text));
  // Older runs had no link test, whatever a run has now that does not say.
  const settings = storedSettings(isRecord(input) ? { linkTest: false, ...input } : input);
  if (changedSettings === undefined) return { ...rest, settings };
  return { ...rest, settings, changedSettings: changes(settings, changedSettings) };
}

function isRecord(input: unknown): input is object {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

function changes(settings: MigrationSettings, changed: Record<string, unknown>): Partial<MigrationSettings> {
  const atEnd = storedSettings({ ...settings, ...changed });
  const names = Object.keys(atEnd) as (keyof MigrationSettings)[];
  return Object.fromEntries(names.filter((name) => name in changed).map((name) => [name, atEnd[name]]));
}

/** Runs, series and all, as the text of one file to take elsewhere. */
export function historyJson(runs: readonly RunRecord[]): string {
  return documentText(manyKind, { runs });
}

/** A run without its series. */
export function summaryOf({ series: _series, ...summary }: RunRecord): RunSummary {
  return summary;
}

/**
 * The id that `text` names among `ids`, newest first: `last`, an id or the beginning of just one.
 * @throws WherryError `usage`
 */
export function findId(text: string, ids: readonly string[]): string {
  const [newest] = ids;
  if (newest === undefined) throw new WherryError('usage', 'Run: the history is empty');
  if (text === 'last') return newest;
  const [found, another] = ids.filter((id) => text !== '' && id.startsWith(text));
  if (found === undefined)
    throw new WherryError('usage', `Run: expected an id from the history or last, got "${text}"`);
  if (another === undefined) return found;
  throw new WherryError('usage', `Run: "${text}" is the beginning of more than one id`);
}
