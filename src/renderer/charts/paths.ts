import type uPlot from 'uplot';

/** Where the area under a line ends: at the bottom of the chart, or at another line, by its place among the series. */
export type Below = 'axis' | number;

/**
 * Draws a line with gaps where a value is unknown (NaN), and the area below it, piece by piece. uPlot's own paths take
 * only null for unknown, which typed arrays do not hold.
 */
export function pathsWithGaps(below?: Below): uPlot.Series.PathBuilder {
  return (plot, index, first, last) => {
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
  };
}

/** A series' rows in pixels of the canvas. */
interface Pixels {
  readonly x: (row: number) => number;
  readonly at: (row: number) => number;
}

/** Computed here and not by `valToPos` for each: there are tens of thousands of points a second. */
function pixels(plot: uPlot, index: number): Pixels {
  const { left, top, width, height } = plot.bbox;
  const times = plot.data[0] as unknown as Float64Array;
  const values = plot.data[index] as unknown as Float64Array;
  const across = plot.scales['x'] as uPlot.Scale;
  const name = plot.series[index]?.scale ?? 'left';
  const up = plot.scales[name] as uPlot.Scale;
  const logarithmic = Number(up.distr) === 3;
  const measure = (value: number): number => (logarithmic ? Math.log10(Math.max(value, up.min as number)) : value);
  const [low, high] = [measure(up.min as number), measure(up.max as number)];
  const [from, to] = [across.min as number, across.max as number];
  return {
    x: (row) => left + (((times[row] as number) - from) / (to - from)) * width,
    at: (row) => top + height - ((measure(values[row] as number) - low) / (high - low)) * height,
  };
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
