import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { isDue } from './due';
import type { Look } from './due';
import { dashedPaint, paint } from './pattern';
import { createPaths } from './paths';
import type { LineLook, Paint } from './paths';
import { axesOf, grow, limitsAbove, scaleOf } from './axes';
import type { Tops } from './axes';
import { drawAbove, drawEnds, drawRounds, drawSwitchover } from './marks';
import type { Line, Picture } from './pictures';
import { tailOf } from './reach';
import type { Range } from './scale';
import type { Frame } from './series';

/** What is drawn at once: the figures, the part of the time in sight, and where upright marks stand, seconds. */
export interface Shown<Name extends string> {
  readonly frame: Frame<Name>;
  readonly range: Range;
  readonly rounds: readonly number[];
  readonly switchover?: number | undefined;
}

/** What a hand does to a chart. */
export interface Gestures {
  /** A part was dragged over; nothing is the whole again. */
  readonly zoom: (range: Range | undefined) => void;
  /** Where the pointer is, seconds; nothing where it is elsewhere. */
  readonly point: (time: number | undefined) => void;
}

/** A chart on the page. */
export interface Plot<Name extends string> {
  readonly canvas: HTMLCanvasElement;
  /** Shows this; what looks no different from what is there already is not drawn again. */
  draw(shown: Shown<Name>): void;
  /** Puts the upright line at a time, or away. */
  point(time: number | undefined): void;
  destroy(): void;
}

/**
 * Draws a picture into `host`, as wide and high as it is. Tops grow in round steps and never shrink while the same part
 * of the time is in sight, so that a chart stands still while it is read. Colours are read once from the page's style:
 * make a new plot when the theme changes.
 */
export function createPlot<Name extends string>(host: HTMLElement, picture: Picture<Name>, by: Gestures): Plot<Name> {
  const style = getComputedStyle(host);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  const font = `11px ${style.fontFamily}`;
  const tops: Tops = { left: 0, right: 0 };
  let shown: Shown<Name> | undefined;
  let zoomed: Range | undefined;
  let told = false;
  let latest: Look | undefined;
  const size = () => ({ width: Math.max(host.clientWidth, 1), height: Math.max(host.clientHeight, 1) });
  const pathsOf = createPaths();
  const axis: uPlot.Axis = { stroke: token('--ink-soft'), font, gap: 4, ticks: { show: false } };
  const plot = new uPlot(
    {
      ...size(),
      padding: [8, 0, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { size: 7 },
        // No point where a line has no value; without this it stands wherever it was last.
        hover: { skip: [Number.NaN], prox: 0 },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => (by.zoom(undefined), null) },
      },
      scales: {
        x: { time: false, range: () => [shown?.range.from ?? 0, shown?.range.to ?? 10] },
        left: scaleOf(picture.left, () => tops.left),
        right: scaleOf(picture.right ?? picture.left, () => tops.right),
      },
      axes: axesOf(picture, tops, axis, { stroke: token('--grid'), width: 1 }),
      series: [{}, ...picture.lines.map((line) => seriesOf(line, token, pathsOf))],
      hooks: {
        drawClear: [(drawn) => shown !== undefined && drawRounds(drawn, shown.rounds, token('--line-strong'))],
        draw: [
          (drawn) => {
            if (shown === undefined) return;
            if (shown.switchover !== undefined) drawSwitchover(drawn, shown.switchover, token, font);
            drawEnds(drawn, picture.lines, token, font);
            drawAbove(drawn, limitsAbove(picture, tops, drawn.data.slice(1) as unknown as Float64Array[]), token, font);
          },
        ],
        setCursor: [
          (drawn) => {
            if (told) return;
            const { left = -1 } = drawn.cursor;
            by.point(left < 0 ? undefined : drawn.posToVal(left, 'x'));
          },
        ],
        setSelect: [
          (drawn) => {
            const { left, width } = drawn.select;
            if (width < 2) return;
            by.zoom({ from: drawn.posToVal(left, 'x'), to: drawn.posToVal(left + width, 'x') });
            drawn.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    },
    [[], ...picture.lines.map(() => [])],
    host,
  );
  const observer = new ResizeObserver(() => {
    latest = undefined;
    plot.setSize(size());
  });
  observer.observe(host);
  return {
    canvas: plot.ctx.canvas,
    draw: (next) => {
      if (next.range.from !== zoomed?.from || next.range.to < zoomed.to) tops.left = tops.right = 0;
      zoomed = next.range;
      const { frame, range, rounds, switchover } = next;
      const heights = stack(picture, frame);
      grow(tops, picture, heights);
      const rows = { times: frame.time, first: 0, last: frame.time.length - 1 };
      const tails = heights.map((values) => tailOf({ ...rows, values }, range, plot.bbox.width));
      const { buffer: source, length } = frame.time;
      const look: Look = { source, rows: length, range, tops: { ...tops }, rounds, switchover, tails };
      const height = (line: number, value: number): number =>
        plot.valToPos(value, plot.series[line + 1]?.scale ?? 'left', true);
      if (latest !== undefined && !isDue(latest, look, height)) return;
      latest = look;
      shown = next;
      plot.setData([frame.time, ...heights]);
    },
    point: (time) => {
      told = true;
      const left = time === undefined ? -10 : plot.valToPos(time, 'x');
      plot.setCursor({ left, top: time === undefined ? -10 : 1 });
      told = false;
    },
    destroy: () => {
      observer.disconnect();
      plot.destroy();
    },
  };
}

function seriesOf(
  line: Line,
  token: (name: string) => string,
  pathsOf: (look: LineLook) => uPlot.Series.PathBuilder,
): uPlot.Series {
  const { label, width = 2, dash, fill, right } = line;
  const colour = token(line.colour);
  const area = fill && once(({ ctx }) => paint(ctx, colour, fill.pattern));
  const below = typeof fill?.below === 'number' ? fill.below + 1 : fill?.below;
  return {
    label,
    scale: right === true ? 'right' : 'left',
    stroke: colour,
    width,
    points: { show: false },
    paths: pathsOf({
      below,
      area,
      line: dash === undefined ? () => colour : once(({ ctx }) => dashedPaint(ctx, colour, dash)),
    }),
    ...(dash !== undefined && { dash: [...dash] }),
    ...(area !== undefined && { fill: area }),
  };
}

/** A paint that is made when it is first needed, and then kept. */
function once(make: (plot: uPlot) => Paint): (plot: uPlot) => Paint {
  let made: Paint | undefined;
  return (plot) => (made ??= make(plot));
}

/** The columns as they are drawn: each on the one before, where they are stacked. */
function stack<Name extends string>({ lines, stacked }: Picture<Name>, { values }: Frame<Name>): Float64Array[] {
  const heights = lines.map(({ column }) => values[column]);
  if (stacked !== true) return heights;
  let below: Float64Array | undefined;
  return heights.map((column) => {
    const on = below;
    below = on === undefined ? column : column.map((value, row) => value + (on[row] as number));
    return below;
  });
}
