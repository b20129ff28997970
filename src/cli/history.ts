import { Option, type Command } from 'commander';
import { runsCsv, seriesCsv } from '../engine/store/csv';
import type { History } from '../engine/store/history';
import { historyJson } from '../engine/store/run-file';
import { WherryError } from '../shared/failure';
import { compareRuns, predictedText, resultFigures, settingFigures, unknown } from '../shared/run-figures';
import type { ComparedFigure, RunFigure } from '../shared/run-figures';
import type { RunRecord, RunSummary } from '../shared/run-record';
import { formatDuration, formatWireBytes } from '../shared/units';
import { writeExport } from './output-file';
import { writeLine, type Streams } from './streams';
import { writeRefused, writeTable } from './table';

interface Surroundings {
  readonly streams: Streams;
  readonly history: History;
}

interface JsonOption {
  readonly json?: true;
}

interface ExportOptions {
  readonly format: 'json' | 'csv';
  readonly series?: true;
  readonly output?: string;
}

/** On a narrow terminal the guest's name takes lines; settings, bytes and the prediction are in `show`, and in `--json`. */
const narrow = { broken: 1, spare: [7, 6, 5] } as const;

/** Runs that fit side by side. */
const comparable = { min: 2, max: 4 } as const;

/** Adds `wherry history`: what earlier runs were asked for, and what came of them. */
export function registerHistory(program: Command, { streams, history }: Surroundings): void {
  const command = program.command('history').description('earlier runs; RUN is an id, the beginning of one, or last');

  command
    .command('list')
    .description('earlier runs, newest first')
    .option('--json', 'one JSON object')
    .action(({ json }: JsonOption) => list(history, streams, json === true));

  command
    .command('show <run>')
    .description('settings and figures of a run')
    .option('--json', 'one JSON object, figures over time included')
    .action(async (text: string, { json }: JsonOption) => {
      const run = await history.get(text);
      if (json === true) writeLine(streams.out, JSON.stringify(run));
      else show(run, streams);
    });

  command
    .command('compare <runs...>')
    .description('two to four runs side by side, differences marked')
    .option('--json', 'one JSON object')
    .action(async (texts: readonly string[], { json }: JsonOption) =>
      compare(await comparing(history, texts), streams, json === true),
    );

  command
    .command('export [runs...]')
    .description('write runs to a file; all of them when none is named')
    .addOption(
      new Option('--format <format>', 'json, or csv with a line a run').choices(['json', 'csv']).default('json'),
    )
    .option('--series', 'csv: figures over time instead, a line a point')
    .option('--output <file>', 'where to; standard output when absent')
    .action(async (texts: readonly string[], options: ExportOptions) => {
      const runs = texts.length === 0 ? await history.all() : await found(history, texts);
      await writeExport(streams, exported(runs, options), options.output);
    });

  command
    .command('delete <runs...>')
    .description('delete runs')
    .action(async (texts: readonly string[]) => {
      for (const id of await history.delete(texts)) writeLine(streams.err, `deleted ${id}`);
    });
}

async function list(history: History, streams: Streams, json: boolean): Promise<void> {
  const { runs, refused } = await history.list();
  if (json) return writeLine(streams.out, JSON.stringify({ runs, refused }));
  const head = ['id', 'guest', 'outcome', 'total time', 'downtime', 'predicted', 'on the wire', 'settings'];
  if (runs.length === 0) writeLine(streams.err, 'no runs yet');
  else writeTable(streams.out, head, runs.map(row), narrow);
  writeRefused(streams, refused);
}

function row(run: RunSummary): readonly string[] {
  const { id, guest, report, settings } = run;
  const { status, totalTimeMs, downtimeMs, wireBytes } = report;
  const downtime = downtimeMs === undefined ? '–' : formatDuration(downtimeMs);
  const total = formatDuration(totalTimeMs);
  const method = `${settings.method} ${settings.level}`;
  return [id, guest, status, total, downtime, predictedText(run), formatWireBytes(wireBytes), method];
}

function show(run: RunRecord, { out }: Streams): void {
  // What is not known of this run, and what concerns other kinds, is left out.
  const known = (figures: readonly RunFigure[]): readonly (readonly string[])[] =>
    figures.map(({ label, text }) => [label, text(run)]).filter(([, text]) => text !== unknown);
  writeTable(out, ['run', run.id], [
    ['Started', run.startedAt],
    ['Guest', run.guest],
    ['Source', run.source],
    ['Destination', run.destination],
    ['', ''],
    ...known(settingFigures),
    ['', ''],
    ...known(resultFigures),
    ['', ''],
    ['Points over time', String(run.series.elapsedMs.length)],
  ]); // prettier-ignore
}

function compare(runs: readonly RunRecord[], { out }: Streams, json: boolean): void {
  const compared = compareRuns(runs);
  if (json) return writeLine(out, JSON.stringify({ runs: runs.map(({ id }) => id), ...compared }));
  const line = ({ label, texts, differs }: ComparedFigure): readonly string[] => [differs ? '≠' : '', label, ...texts];
  const blank = ['', '', ...runs.map(() => '')];
  const guests = ['', 'Guest', ...runs.map(({ guest }) => guest)];
  const rows = [guests, blank, ...compared.settings.map(line), blank, ...compared.figures.map(line)];
  writeTable(out, ['', 'run', ...runs.map(({ id }) => id)], rows);
}

async function comparing(history: History, texts: readonly string[]): Promise<readonly RunRecord[]> {
  const { min, max } = comparable;
  if (texts.length >= min && texts.length <= max) return found(history, texts);
  throw new WherryError('usage', `compare: expected ${min} to ${max} runs, got ${texts.length}`);
}

async function found(history: History, texts: readonly string[]): Promise<readonly RunRecord[]> {
  return Promise.all(texts.map(async (text) => history.get(text)));
}

function exported(runs: readonly RunRecord[], { format, series }: ExportOptions): string {
  if (format === 'csv') return series === true ? seriesCsv(runs) : runsCsv(runs);
  if (series === true)
    throw new WherryError('usage', 'export: --series is for --format csv; json has the series in it');
  return historyJson(runs);
}
