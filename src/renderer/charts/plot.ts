import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { roundUp, spanFor } from './series';

/** A line of the chart; the column of the data it draws is its place in the list, after time. */
export interface Line {
  readonly label: string;
  /** Name of the CSS custom property holding its colour. */
  readonly colour: string;
  readonly width?: number;
  readonly dash?: readonly number[];
  /** Custom property with the colour under the line; without one there is none. */
  readonly fill?: string;
}

/** Seconds between two ticks of time: whole ones, as the clock beside them shows no parts of a second. */
const wholeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

/** A chart on the page. */
export interface Plot {
  /** Draws columns: time in seconds first, then one for each line; `marks` are times with an upright line. */
  draw(columns: readonly Float64Array[], marks: readonly number[]): void;
  destroy(): void;
}

/**
 * Draws lines over time into `host`, as wide and high as it is. The value scale grows in round steps and never shrinks
 * and time grows in whole spans, so that a chart stands still while it is read. Colours are read once from the page's
 * style: make a new plot when the theme changes.
 */
export function createPlot(host: HTMLElement, lines: readonly Line[], format: (value: number) => string): Plot {
  const style = getComputedStyle(host);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: token('--ink-soft'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: token('--grid'), width: 1 },
    ticks: { show: false },
  };
  let span = spanFor(0);
  let top = 1;
  let marks: readonly number[] = [];
  const plot = new uPlot(
    {
      width: Math.max(host.clientWidth, 1),
      height: Math.max(host.clientHeight, 1),
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [0, span] },
        y: { range: () => [0, top] },
      },
      axes: [
        { ...axis, size: 24, incrs: [...wholeSteps], values: (_plot, ticks) => ticks.map(clock) },
        { ...axis, size: 72, values: (_plot, ticks) => ticks.map(format) },
      ],
      series: [{}, ...lines.map((line) => seriesOf(line, token))],
      hooks: { drawClear: [(drawn) => drawMarks(drawn, marks, token('--line-strong'))] },
    },
    [[], ...lines.map(() => [])],
    host,
  );
  const observer = new ResizeObserver(() => {
    plot.setSize({ width: Math.max(host.clientWidth, 1), height: Math.max(host.clientHeight, 1) });
  });
  observer.observe(host);
  return {
    draw: (columns, newMarks) => {
      const [times = new Float64Array(), ...values] = columns;
      marks = newMarks;
      span = spanFor(times.at(-1) ?? 0);
      top = Math.max(top, ...values.map((column) => roundUp(largest(column))));
      plot.setData([...columns] as uPlot.AlignedData);
    },
    destroy: () => {
      observer.disconnect();
      plot.destroy();
    },
  };
}

function seriesOf({ label, colour, width = 2, dash, fill }: Line, token: (name: string) => string): uPlot.Series {
  return {
    label,
    stroke: token(colour),
    width,
    points: { show: false },
    ...(dash !== undefined && { dash: [...dash] }),
    ...(fill !== undefined && { fill: token(fill) }),
  };
}

/** The largest known value; a column with none has 0. */
function largest(column: Float64Array): number {
  return column.reduce((most, value) => (value > most ? value : most), 0);
}

/** Thin upright dashes behind the lines. */
function drawMarks(plot: uPlot, marks: readonly number[], colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  for (const mark of marks) {
    const x = plot.valToPos(mark, 'x', true);
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
  }
  ctx.stroke();
  ctx.restore();
}

/** Seconds as a clock reads: `0:05`, `12:30`. */
function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}
