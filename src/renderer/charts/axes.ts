import type uPlot from 'uplot';
import type { Axis, Line, Picture } from './pictures';
import { lastKnown } from './series';
import { clock, roundUp, roundUpBinary, roundUpPower } from './scale';

/** Room for an axis at either side of every chart, so that times stand above each other. */
const sideWidth = { left: 64, right: 58 };
/** Enough for a letter at a line's end. */
const slimWidth = 18;
/** So many times what else there is, a limit is still near it. */
const nearLimit = 2;
/** Seconds between two ticks of time; below one they are told by tenths. */
const timeSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18_000, 36_000];
const memorySteps = Array.from({ length: 50 }, (_, index) => 2 ** index);

/** The sides values are measured at, each with the top it has grown to. */
export interface Tops {
  left: number;
  right: number;
}

/** Time below, and the values at either side; `look` is what all have in common. Nothing is written where nothing is known. */
export function axesOf(
  { left, right, slim }: Picture,
  tops: Tops,
  look: uPlot.Axis,
  grid: uPlot.Axis.Grid,
): uPlot.Axis[] {
  const side = (name: keyof Tops, measure: Axis | undefined): uPlot.Axis => ({
    ...look,
    scale: name,
    side: name === 'left' ? 3 : 1,
    size: name === 'right' && slim === true ? slimWidth : sideWidth[name],
    grid: { ...grid, show: name === 'left' },
    ...ticksOf(measure),
    values: (_plot, ticks) => ticks.map((tick) => (tops[name] > 0 ? textOf(measure, tick) : '')),
  });
  const time: uPlot.Axis = {
    ...look,
    grid,
    size: 24,
    gap: 6,
    space: 44,
    incrs: timeSteps,
    values: (_plot, ticks, _index, _space, step) => ticks.map((tick) => clock(tick, step < 1)),
  };
  return [time, side('left', left), side('right', right)];
}

/** uPlot leaves ticks out by giving null for them. A time of one unit alone is as wide as there is room for. */
function textOf(measure: Axis | undefined, tick: number | null): string {
  if (measure === undefined || tick === null) return '';
  if (measure.scale !== 'time') return measure.text(tick);
  return tick < 1000 ? `${tick} ms` : `${tick / 1000} s`;
}

/** How far a side reaches: from 0 to its top, or as its scale says. */
export function scaleOf({ scale }: Axis, top: () => number): uPlot.Scale {
  if (scale === 'share') return { range: () => [0, 1] };
  if (scale === 'time') return { distr: 3, log: 10, range: () => [1, Math.max(top(), 1000)] };
  return { range: () => [0, Math.max(top(), 1)] };
}

function ticksOf(measure: Axis | undefined): Partial<uPlot.Axis> {
  if (measure === undefined) return {};
  if (measure.scale === 'memory') return { incrs: memorySteps };
  if (measure.scale !== 'time') return {};
  return { splits: (_plot, _axis, low, high) => [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].filter((at) => at >= low && at <= high) }; // prettier-ignore
}

/**
 * Lets the tops grow until the heights fit. A limit stretches its side only as long as it is near what else there is, or
 * what moves would lie flat on the ground.
 */
export function grow(tops: Tops, { lines, left, right }: Picture, heights: readonly Float64Array[]): void {
  const most = { left: -1, right: -1 };
  const reach = (line: Line, index: number, cap: number): void => {
    const side = sideOf(line);
    most[side] = Math.max(most[side], largest(heights[index], cap));
  };
  for (const [index, line] of lines.entries()) if (line.limit !== true) reach(line, index, Infinity);
  for (const [index, line] of lines.entries()) {
    if (line.limit === true) reach(line, index, most[sideOf(line)] * nearLimit);
  }
  if (most.left >= 0) tops.left = Math.max(tops.left, topOf(left, most.left));
  if (most.right >= 0) tops.right = Math.max(tops.right, topOf(right ?? left, most.right));
}

/** The limits whose latest value lies above the top: `limit 125 MB/s`. */
export function limitsAbove(
  { lines, left, right }: Picture,
  tops: Tops,
  heights: readonly Float64Array[],
): readonly { readonly line: Line; readonly text: string }[] {
  return lines.flatMap((line, index) => {
    const column = heights[index];
    const latest = line.limit === true && column !== undefined ? column[lastKnown(column)] : undefined;
    if (latest === undefined || latest <= tops[sideOf(line)]) return [];
    const measure = line.right === true ? (right ?? left) : left;
    return [{ line, text: `${line.label.toLowerCase()} ${measure.text(latest)}` }];
  });
}

function sideOf({ right }: Line): keyof Tops {
  return right === true ? 'right' : 'left';
}

function topOf({ scale }: Axis, value: number): number {
  if (scale === 'memory') return roundUpBinary(value);
  return scale === 'time' ? roundUpPower(value) : roundUp(value);
}

/** The largest known value of those up to `cap`; -1 where there is none. */
function largest(column: Float64Array = new Float64Array(), cap: number): number {
  return column.reduce((known, value) => (value > known && value <= cap ? value : known), -1);
}
