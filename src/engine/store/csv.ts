import { resultFigures, settingFigures } from '../../shared/run-figures';
import type { FigureValue } from '../../shared/run-figures';
import { seriesColumns } from '../../shared/run-record';
import type { RunRecord, RunSummary } from '../../shared/run-record';

/** Runs as a table: a line each, settings and figures in the units of their columns' names; unknown is empty. */
export function runsCsv(runs: readonly RunSummary[]): string {
  const figures = [...settingFigures, ...resultFigures];
  const header = ['id', 'startedAt', 'guest', 'source', 'destination', ...figures.map(({ key }) => key)];
  const rows = runs.map((run) => {
    const { id, startedAt, guest, source, destination } = run;
    return [id, startedAt, guest, source, destination, ...figures.map((figure) => figure.value(run))];
  });
  return csv([header, ...rows]);
}

/** Runs' figures over time: a line a point. */
export function seriesCsv(runs: readonly RunRecord[]): string {
  const rows = runs.flatMap(({ id, series }) =>
    series.elapsedMs.map((_, point) => [id, ...seriesColumns.map((name) => series[name][point] ?? undefined)]),
  );
  return csv([['id', ...seriesColumns], ...rows]);
}

/** RFC 4180. */
function csv(rows: readonly (readonly FigureValue[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** Text that a spreadsheet would take for a formula gets an apostrophe before it: some of it comes from other hosts. */
function cell(value: FigureValue): string {
  if (typeof value !== 'string') return String(value ?? '');
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
