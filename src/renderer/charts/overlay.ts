import type { RunSeries, SeriesColumn } from '../../shared/run-record';
import { formatBytes, formatDuration, formatRate } from '../../shared/units';
import type { Axis, Line, Picture } from './pictures';
import type { Frame } from './series';

/** Runs that are drawn over each other, by the letter each has. */
export const runLetters = ['A', 'B', 'C', 'D'] as const;
export type RunLetter = (typeof runLetters)[number];

const rate: Axis = { scale: 'amount', text: formatRate };

/** What is drawn of the runs, a chart each. */
export const overlays: readonly { readonly name: string; readonly column: SeriesColumn; readonly left: Axis }[] = [
  { name: 'Wire rate', column: 'wireRate', left: rate },
  { name: 'Guest rate', column: 'guestRate', left: rate },
  { name: 'Remaining', column: 'remainingBytes', left: { scale: 'memory', text: formatBytes } },
  { name: 'Dirty rate', column: 'dirtyRate', left: rate },
  {
    name: 'Expected downtime, at most',
    column: 'expectedDowntimeHighMs',
    left: { scale: 'time', text: formatDuration },
  },
];

/** How a run's line is told from the others: colour, dashes, and its letter at the end. */
export const runLooks = {
  A: { colour: '--run-a' },
  B: { colour: '--run-b', dash: [8, 4] },
  C: { colour: '--run-c', dash: [2, 3] },
  D: { colour: '--run-d', dash: [10, 3, 2, 3] },
} as const satisfies Record<RunLetter, { readonly colour: string; readonly dash?: readonly number[] }>;

/** A line for each of so many runs, the same in every chart. */
export function runLines(runs: number): readonly Line<RunLetter>[] {
  const letters = runLetters.slice(0, runs);
  return letters.map((letter) => ({ label: letter, column: letter, mark: letter, width: 2, ...runLooks[letter] }));
}

/** The chart of one figure of so many runs. */
export function overlayPicture({ name, left }: (typeof overlays)[number], runs: number): Picture<RunLetter> {
  return { name, left, lines: runLines(runs), slim: true };
}

/**
 * One figure of several runs against the time since each began. A chart has one column of times: it has all of them,
 * and between a run's own points, both known, its value is on the line from one to the other.
 */
export function overlay(runs: readonly RunSeries[], column: SeriesColumn): Frame<RunLetter> {
  const times = runs.map(({ elapsedMs }) => elapsedMs.map((ms) => (ms ?? 0) / 1000));
  const time = Float64Array.from(new Set(times.flat())).sort();
  const of = (index: number): Float64Array => along(time, times[index] ?? [], runs[index]?.[column] ?? []);
  return { time, values: { A: of(0), B: of(1), C: of(2), D: of(3) } };
}

function along(time: Float64Array, times: readonly number[], values: readonly (number | null)[]): Float64Array {
  let next = 0;
  return time.map((moment) => {
    while (next < times.length && (times[next] as number) < moment) next += 1;
    const [from, to] = [times[next - 1], times[next]];
    const [one, other] = [values[next - 1], values[next]];
    if (to === moment) return other ?? Number.NaN;
    if (from === undefined || to === undefined || one == null || other == null) return Number.NaN;
    return one + ((other - one) * (moment - from)) / (to - from);
  });
}
