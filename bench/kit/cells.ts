import type { BandMs } from '../../src/shared/snapshot';
import type { Chart } from './chart';
import type { ModeName } from './modes';
import type { Table } from './result';
import { geometricMean, median, shareOf } from './statistics';
import { digits, percent, seconds } from './table';

/** One migration of the matrix. */
export interface MatrixRun {
  /** What tells it from every other one. */
  readonly key: string;
  readonly guest: string;
  readonly link: string;
  readonly memoryMiB: number;
  readonly mode: ModeName;
  readonly run: number;
  readonly version: string;
  readonly date: string;
  /** Load of the machine just before. */
  readonly load: number;
  readonly downtimeLimitMs: number;
  readonly timeoutMs: number;
  readonly status: 'completed' | 'timed out' | 'failed';
  readonly totalMs?: number;
  readonly downtimeMs?: number;
  readonly wireBytes?: number;
  readonly rounds?: number;
  readonly expectedDowntimeMs?: BandMs;
  /** How late the command's main loop was, 99 of 100 times at most. */
  readonly loopLagP99Ms?: number;
  readonly why?: string;
}

/** One guest over one link: Wherry beside the best of QEMU's own modes, medians over the runs that completed. */
export interface Cell {
  readonly label: string;
  readonly link: string;
  readonly memoryMiB: number;
  readonly guest: string;
  readonly wherryMs: number | undefined;
  readonly best: { readonly mode: ModeName; readonly ms: number } | undefined;
  /** Wherry's total time ÷ the best native one; nothing where one of them did not complete. */
  readonly ratio: number | undefined;
  readonly runs: readonly MatrixRun[];
}

/** The cells there are runs for, in the order in which they first appear. */
export function cellsOf(runs: readonly MatrixRun[]): readonly Cell[] {
  const groups = new Map<string, MatrixRun[]>();
  for (const run of runs) {
    const label = `${run.guest}, ${run.memoryMiB} MiB, ${run.link}`;
    groups.set(label, [...(groups.get(label) ?? []), run]);
  }
  return [...groups].flatMap(([label, own]) => {
    const [first] = own;
    if (first === undefined) return [];
    const wherryMs = totalOf(own, 'wherry');
    const natives = [...new Set(own.map(({ mode }) => mode))]
      .filter((mode) => mode !== 'wherry')
      .flatMap((mode) => {
        const ms = totalOf(own, mode);
        return ms === undefined ? [] : [{ mode, ms }];
      });
    const best = natives.sort((a, b) => a.ms - b.ms)[0];
    const ratio = wherryMs === undefined || best === undefined ? undefined : wherryMs / best.ms;
    const { link, memoryMiB, guest } = first;
    return [{ label, link, memoryMiB, guest, wherryMs, best, ratio, runs: own }];
  });
}

/** The median total time of a mode, if more than half of its runs completed. */
function totalOf(runs: readonly MatrixRun[], mode: ModeName): number | undefined {
  const own = runs.filter((run) => run.mode === mode);
  const completed = own.flatMap(({ status, totalMs }) =>
    status === 'completed' && totalMs !== undefined ? [totalMs] : [],
  );
  return completed.length * 2 > own.length ? median(completed) : undefined;
}

/** The matrix's figures, by name; those that nothing was measured for are not there. */
export function matrixFigures(runs: readonly MatrixRun[]): Record<string, number> {
  const cells = cellsOf(runs);
  const figures: Record<string, number | undefined> = {};
  for (const link of new Set(cells.map((cell) => cell.link))) {
    const own = cells.filter((cell) => cell.link === link);
    const ratios = own.flatMap(({ ratio }) => (ratio === undefined ? [] : [ratio]));
    figures[`geometricMean.${link}`] = geometricMean(ratios);
    figures[`worstRatio.${link}`] = ratios.length === 0 ? undefined : Math.max(...ratios);
    figures[`cells.${link}`] = own.length;
    figures[`onlyWherry.${link}`] = own.filter(
      ({ best, wherryMs, runs: all }) => hasNative(all) && !best && wherryMs,
    ).length;
    figures[`onlyNative.${link}`] = own.filter(({ best, wherryMs }) => best && !wherryMs).length;
    figures[`nobody.${link}`] = own.filter(({ best, wherryMs }) => !best && !wherryMs).length;
  }
  const done = runs.filter(({ mode, status }) => mode === 'wherry' && status === 'completed');
  const timed = done.filter(({ downtimeMs }) => downtimeMs !== undefined);
  const predicted = timed.filter(({ expectedDowntimeMs }) => expectedDowntimeMs !== undefined);
  figures['wherryRuns'] = done.length;
  figures['downtimeWithinLimit'] = shareOf(
    timed,
    ({ downtimeMs = NaN, downtimeLimitMs }) => downtimeMs <= downtimeLimitMs,
  );
  figures['downtimeInBand'] = shareOf(predicted, isInBand);
  figures['predicted'] = shareOf(timed, ({ expectedDowntimeMs }) => expectedDowntimeMs !== undefined);
  const lags = done.flatMap(({ loopLagP99Ms }) => (loopLagP99Ms === undefined ? [] : [loopLagP99Ms]));
  figures['loopLagP99Ms'] = lags.length === 0 ? undefined : Math.max(...lags);
  const idle = (mine: boolean): number | undefined =>
    median(
      runs
        .filter(
          ({ guest, mode, status }) =>
            guest === 'idle' && status === 'completed' && (mine ? mode === 'wherry' : mode === 'none'),
        )
        .flatMap(({ downtimeMs }) => (downtimeMs === undefined ? [] : [downtimeMs])),
    );
  figures['idleDowntimeMs.wherry'] = idle(true);
  figures['idleDowntimeMs.none'] = idle(false);
  return Object.fromEntries(
    Object.entries(figures).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

const hasNative = (runs: readonly MatrixRun[]): boolean => runs.some(({ mode }) => mode !== 'wherry');

const isInBand = ({ downtimeMs = NaN, expectedDowntimeMs: band }: MatrixRun): boolean =>
  band !== undefined && downtimeMs >= band.low && downtimeMs <= band.high;

/** Total times by cell and mode; the ratios; what each run's pause was. */
export function matrixTables(runs: readonly MatrixRun[], modes: readonly ModeName[]): readonly Table[] {
  const cells = cellsOf(runs);
  const cellText = (own: readonly MatrixRun[], mode: ModeName, of: (run: MatrixRun) => string): string => {
    const all = own.filter((run) => run.mode === mode);
    return all.length === 0 ? '' : all.map((run) => (run.status === 'completed' ? of(run) : run.status)).join(' / ');
  };
  const byMode = (title: string, of: (run: MatrixRun) => string): Table => ({
    title,
    head: ['', ...modes],
    rows: cells.map(({ label, runs: own }) => [label, ...modes.map((mode) => cellText(own, mode, of))]),
  });
  return [
    byMode('Total time, s', ({ totalMs }) => seconds(totalMs)),
    byMode('Downtime, ms', ({ downtimeMs }) => (downtimeMs === undefined ? '–' : downtimeMs.toFixed(0))),
    byMode('On the wire, MB (QEMU 7.2 counts the pages of multifd before compression)', ({ wireBytes }) =>
      digits(wireBytes === undefined ? undefined : wireBytes / 1e6),
    ),
    {
      title: 'Wherry ÷ the best of QEMU’s own modes, total time',
      head: ['', 'wherry, s', 'best native', 's', 'ratio'],
      rows: cells.map(({ label, wherryMs, best, ratio }) => [
        label,
        seconds(wherryMs),
        best?.mode ?? 'none completed',
        seconds(best?.ms),
        digits(ratio),
      ]),
    },
    {
      title: 'In all',
      head: ['', ''],
      rows: Object.entries(matrixFigures(runs)).map(([name, value]) => [
        name,
        name.startsWith('downtime') || name === 'predicted' ? percent(value) : digits(value),
      ]),
    },
  ];
}

/** Total times as bars, a group a cell. */
export function matrixChart(runs: readonly MatrixRun[], modes: readonly ModeName[]): Chart {
  const groups = cellsOf(runs).map(({ label, runs: own }) => ({
    label,
    bars: modes
      .filter((mode) => own.some((run) => run.mode === mode))
      .map((name) => {
        const ms = totalOf(own, name);
        return ms === undefined ? { name, value: undefined, note: 'did not complete' } : { name, value: ms / 1000 };
      }),
  }));
  return { kind: 'bars', title: 'Total time to migrate', unit: 's', groups };
}
