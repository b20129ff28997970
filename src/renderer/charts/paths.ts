import type uPlot from 'uplot';
import { cover, crowded, reachFor } from './reach';
import type { Reach, Rows } from './reach';

/** Where the area under a line ends: at the bottom of the chart, or at another line, by its place among the series. */
export type Below = 'axis' | number;

/** What a canvas fills with. */
export type Paint = CanvasRenderingContext2D['fillStyle'];

/** How a line is drawn by its path alone: what is below it, and the paints of that and of the line itself. */
export interface LineLook {
  readonly below?: Below | undefined;
  readonly area?: ((plot: uPlot) => Paint) | undefined;
  readonly line: (plot: uPlot) => Paint;
}

/**
 * Makes the paths of one plot's lines, with gaps where a value is unknown (NaN): uPlot's own take only null, which typed
 * arrays do not hold. Rows that stand further apart than pixels are joined by strokes; where they crowd, what the line
 * covers of each column of pixels is filled, because a stroke that goes up and down in every column costs the most there
 * is to draw, and shows the same.
 */
export function createPaths(): (look: LineLook) => uPlot.Series.PathBuilder {
  const reaches: Reach[] = [];
  return (look) => (plot, index, first, last) => {
    const rows: Rows = { times: columnOf(plot, 0), values: columnOf(plot, index), first, last };
    const { min = 0, max = 1 } = plot.scales['x'] ?? {};
    const range = { from: min, to: max };
    const columns = Math.max(1, Math.round(plot.bbox.width));
    if (!crowded(rows, range, columns)) return joined(plot, index, rows, look.below);
    const reach = reaches[index]?.least.length === columns ? reaches[index] : reachFor(columns);
    reaches[index] = reach;
    cover(rows, range, reach);
    const filled = new Map<Paint, Path2D>();
    const up = upwards(plot, index);
    if (look.area !== undefined && look.below !== undefined) {
      const floor = typeof look.below === 'number' ? reaches[look.below]?.greatest : undefined;
      const bottom = plot.bbox.top + plot.bbox.height;
      const level = (column: number): number => (floor === undefined ? bottom : up(floor[column] as number));
      filled.set(
        look.area(plot),
        steps(plot, columns, (column) => up(reach.greatest[column] as number), level),
      );
    }
    filled.set(look.line(plot), band(plot, index, reach));
    return { stroke: null, fill: filled as unknown as Path2D, clip: null };
  };
}

function columnOf(plot: uPlot, index: number): Float64Array {
  return plot.data[index] as unknown as Float64Array;
}

/** What a line as wide as it should be covers: what is steep is as wide across as what is level is upright. */
function band(plot: uPlot, index: number, { least, greatest }: Reach): Path2D {
  const up = upwards(plot, index);
  const width = (plot.series[index]?.width ?? 1) * devicePixelRatio;
  const beside = Math.max(0, Math.floor(width) - 1);
  const edge = (side: Float64Array, half: number, further: (one: number, other: number) => number) => (at: number) => {
    let level = up(side[at] as number) + half;
    for (let column = Math.max(0, at - beside); column < at; column += 1) {
      const other = up(side[column] as number);
      if (!Number.isNaN(other)) level = Number.isNaN(level) ? other : further(level, other);
    }
    return level;
  };
  return steps(plot, least.length, edge(greatest, -width / 2, Math.min), edge(least, width / 2, Math.max));
}

/** The area between two edges that are level within each column of pixels; none where the upper one is not known. */
function steps(plot: uPlot, columns: number, upper: (at: number) => number, lower: (at: number) => number): Path2D {
  const path = new Path2D();
  const { left } = plot.bbox;
  let start = -1;
  for (let column = 0; column <= columns; column += 1) {
    const known = column < columns && !Number.isNaN(upper(column));
    if (known && start < 0) start = column;
    if (known || start < 0) continue;
    path.moveTo(left + start, upper(start));
    for (let at = start + 1; at <= column; at += 1)
      corner(path, left + at, upper(at - 1), at < column ? upper(at) : undefined);
    path.lineTo(left + column, lower(column - 1));
    for (let at = column - 1; at >= start; at -= 1)
      corner(path, left + at, lower(at), at > start ? lower(at - 1) : undefined);
    path.closePath();
    start = -1;
  }
  return path;
}

/** From one level to the next, at x; what goes on level has no corner. */
function corner(path: Path2D, x: number, from: number, to: number | undefined): void {
  if (from === to) return;
  path.lineTo(x, from);
  if (to !== undefined) path.lineTo(x, to);
}

function joined(plot: uPlot, index: number, { first, last }: Rows, below: Below | undefined): uPlot.Series.Paths {
  const stroke = new Path2D();
  const fill = below === undefined ? undefined : new Path2D();
  const y = pixels(plot, index);
  const floor = below === undefined || below === 'axis' ? undefined : pixels(plot, below);
  const bottom = plot.bbox.top + plot.bbox.height;
  let start = -1;
  for (let row = first; row <= last + 1; row += 1) {
    const known = row <= last && !Number.isNaN(y.at(row));
    if (known && start < 0) start = row;
    if (known || start < 0) continue;
    trace(stroke, y, start, row - 1);
    if (fill !== undefined) area(fill, y, start, row - 1, floor ?? { ...y, at: () => bottom });
    start = -1;
  }
  return { stroke, fill: fill ?? null, clip: null };
}

/** A series' rows in pixels of the canvas. */
interface Pixels {
  readonly x: (row: number) => number;
  readonly at: (row: number) => number;
}

function pixels(plot: uPlot, index: number): Pixels {
  const { left, width } = plot.bbox;
  const [times, values] = [columnOf(plot, 0), columnOf(plot, index)];
  const { min, max } = plot.scales['x'] as uPlot.Scale;
  const [from, to] = [min as number, max as number];
  const up = upwards(plot, index);
  return {
    x: (row) => left + (((times[row] as number) - from) / (to - from)) * width,
    at: (row) => up(values[row] as number),
  };
}

/** Where a value stands. Computed here and not by `valToPos` for each: there are tens of thousands of points a second. */
function upwards(plot: uPlot, index: number): (value: number) => number {
  const { top, height } = plot.bbox;
  const scale = plot.scales[plot.series[index]?.scale ?? 'left'] as uPlot.Scale;
  const logarithmic = Number(scale.distr) === 3;
  const measure = (value: number): number => (logarithmic ? Math.log10(Math.max(value, scale.min as number)) : value);
  const [low, high] = [measure(scale.min as number), measure(scale.max as number)];
  return (value) => top + height - ((measure(value) - low) / (high - low)) * height;
}

/** A single known value between unknown ones is drawn as a short dash, or it would not be seen. */
function trace(path: Path2D, { x, at }: Pixels, first: number, last: number): void {
  path.moveTo(x(first) - (first === last ? devicePixelRatio : 0), at(first));
  for (let row = first; row <= last; row += 1) path.lineTo(x(row), at(row));
}

function area(path: Path2D, { x, at }: Pixels, first: number, last: number, floor: Pixels): void {
  path.moveTo(x(first), at(first));
  for (let row = first + 1; row <= last; row += 1) path.lineTo(x(row), at(row));
  for (let row = last; row >= first; row -= 1) path.lineTo(x(row), floor.at(row));
  path.closePath();
}
