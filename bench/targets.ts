import { readResult, type StoredResult } from './kit/result';
import type { Bench } from './kit/bench';
import { digits, percent } from './kit/table';

type Figures = Readonly<Record<string, number>>;

/** One thing asked of one figure. */
interface Target {
  readonly what: string;
  readonly bench: string;
  readonly figure: string;
  readonly wanted: string;
  readonly holds: (value: number, all: Figures) => boolean;
  /** Whether there is enough behind the figure. */
  readonly measured?: (all: Figures) => boolean;
  readonly show?: (value: number) => string;
}

export type Verdict = 'met' | 'missed' | 'not measured';

const atLeast = (least: number) => ({ wanted: `≥ ${least}`, holds: (value: number) => value >= least });
const atMost = (most: number) => ({ wanted: `≤ ${most}`, holds: (value: number) => value <= most });
const shareAtLeast = (least: number) => ({
  wanted: `≥ ${(100 * least).toFixed(0)} %`,
  holds: (value: number) => value >= least,
  show: percent,
});

/** Guests × sizes of memory: what is said of a part of the matrix is not said of the matrix. */
const cellsALink = 8;

/** What Wherry is meant to reach, figure by figure. */
export const targets: readonly Target[] = [
  {
    what: 'XBZRLE encode, seed pattern, GB/s',
    bench: 'codec',
    figure: 'encodeGigabytesPerSecond.seed',
    ...atLeast(2.5),
  },
  { what: 'XBZRLE encode, seed pattern ÷ memcpy', bench: 'codec', figure: 'encodeToMemcpy.seed', ...atLeast(0.5) },
  {
    what: 'page path in a worker, seed pattern, GB/s',
    bench: 'codec',
    figure: 'pagePathGigabytesPerSecond.seed',
    ...atLeast(1),
  },
  { what: 'part in a worker ÷ bare library, as shipped', bench: 'codec', figure: 'partToLibrary', ...atLeast(0.85) },
  {
    what: 'part in a worker ÷ bare library, all methods',
    bench: 'codec',
    figure: 'partToLibraryAll',
    ...atLeast(0.85),
  },
  { what: 'relay, none, unlimited ÷ QEMU to QEMU', bench: 'relay', figure: 'wherryRatio', ...atLeast(0.5) },
  { what: 'relay, none, unlimited, Gbit/s', bench: 'relay', figure: 'wherryGigabitsPerSecond', ...atLeast(1) },
  ...(
    [
      ['100Mbit', 0.5, 0.9],
      ['1Gbit', 0.8, 1.1],
    ] as const
  ).flatMap(([link, mean, worst]): readonly Target[] => {
    const measured = (all: Figures): boolean => (all[`cells.${link}`] ?? 0) >= cellsALink;
    const from = { bench: 'matrix', measured };
    return [
      { what: `total time ÷ best native, ${link}, mean`, figure: `geometricMean.${link}`, ...from, ...atMost(mean) },
      { what: 'the same, worst cell', figure: `worstRatio.${link}`, ...from, ...atMost(worst) },
      // None of the loads writes more than 52 Mbit/s that is new (bench/kit/loads.ts): every cell can be completed.
      { what: `cells Wherry alone does not complete, ${link}`, figure: `onlyNative.${link}`, ...from, ...atMost(0) },
      { what: `cells nobody completes, ${link}`, figure: `nobody.${link}`, ...from, ...atMost(0) },
    ];
  }),
  {
    what: 'downtime ≤ its limit, share of runs',
    bench: 'matrix',
    figure: 'downtimeWithinLimit',
    ...shareAtLeast(0.95),
  },
  {
    what: "idle guest's downtime beside QEMU's own, ms",
    bench: 'matrix',
    figure: 'idleDowntimeMs.wherry',
    wanted: "≤ QEMU's + 30",
    holds: (value, all) => value <= (all['idleDowntimeMs.none'] ?? NaN) + 30,
  },
  {
    what: 'downtime in its predicted band, share of runs',
    bench: 'matrix',
    figure: 'downtimeInBand',
    ...shareAtLeast(0.8),
  },
  { what: 'limiter: most in any second ÷ limit', bench: 'limiter', figure: 'mostInASecond', ...atMost(1.05) },
  { what: 'limiter: least in any second ÷ limit', bench: 'limiter', figure: 'leastInASecond', ...atLeast(0.95) },
  { what: 'limiter: whole run ÷ limit, most', bench: 'limiter', figure: 'wholeMost', ...atMost(1.02) },
  { what: 'limiter: whole run ÷ limit, least', bench: 'limiter', figure: 'wholeLeast', ...atLeast(0.98) },
  { what: 'main loop lag p99, matrix, ms', bench: 'matrix', figure: 'loopLagP99Ms', ...atMost(50) },
  { what: 'main loop lag p99, scaling, ms', bench: 'scaling', figure: 'loopLagP99Ms', ...atMost(50) },
  {
    what: 'source side PSS − (150 MiB + cache + 40 a worker)',
    bench: 'scaling',
    figure: 'pssOverBudgetMiB',
    ...atMost(0),
  },
  { what: 'first window, ms', bench: 'window', figure: 'firstWindowMs', ...atMost(2000) },
  { what: 'pictures after an hour: frames a second', bench: 'window', figure: 'framesPerSecond', ...atLeast(50) },
  {
    what: "pictures after an hour: renderer's share of a core",
    bench: 'window',
    figure: 'rendererCore',
    ...atMost(0.3),
  },
  { what: "renderer's heap over an hour, growth, MiB", bench: 'window', figure: 'heapGrowthMiB', ...atMost(2) },
  { what: 'command to feedback, p95, ms', bench: 'window', figure: 'feedbackP95Ms', ...atMost(100) },
  { what: '1 → 2 GiB guest: time', bench: 'scaling', figure: 'timeTwiceTheGuest', ...atMost(2) },
  { what: '1 → 2 GiB guest: memory', bench: 'scaling', figure: 'memoryTwiceTheGuest', ...atMost(2) },
  { what: '1 → 2 compress threads: speed', bench: 'scaling', figure: 'speedTwiceTheThreads', ...atLeast(1.5) },
];

/** Met, missed, or not measured: nothing is made up for a figure that is not there. */
export function judge({ figure, holds, measured }: Target, result: StoredResult | undefined): Verdict {
  const value = result?.figures[figure];
  if (result === undefined || value === undefined || measured?.(result.figures) === false) return 'not measured';
  return holds(value, result.figures) ? 'met' : 'missed';
}

/** The targets beside the last results of the other benches; measures nothing itself. */
export const targetsBench: Bench = {
  name: 'targets',
  summary: 'the targets beside the last results: met, missed or not measured',
  run(_options, { results }) {
    const last = new Map(
      [...new Set(targets.map(({ bench }) => bench))].map((bench) => [bench, readResult(results, bench)]),
    );
    const rows = targets.map((target) => {
      const result = last.get(target.bench);
      const value = result?.figures[target.figure];
      return { target: target.what, wanted: target.wanted, value, verdict: judge(target, result), from: result };
    });
    const count = (verdict: Verdict): number => rows.filter((row) => row.verdict === verdict).length;
    return Promise.resolve({
      parameters: { results },
      figures: { met: count('met'), missed: count('missed'), notMeasured: count('not measured') },
      rows: rows.map(({ from, ...row }) => ({ ...row, ...(from && { date: from.date, version: from.version }) })),
      tables: [
        {
          title: 'Targets, and the last results',
          head: ['', 'wanted', 'found', '', 'bench', 'date', 'version'],
          rows: rows.map(({ target, wanted, value, verdict, from }, i) => [
            target,
            wanted,
            value === undefined ? '–' : (targets[i]?.show ?? digits)(value),
            verdict,
            targets[i]?.bench ?? '',
            from?.date.slice(0, 16) ?? '',
            from?.version ?? '',
          ]),
        },
      ],
      charts: [],
    });
  },
};
