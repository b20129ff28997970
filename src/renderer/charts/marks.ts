import type uPlot from 'uplot';
import type { limitsAbove } from './axes';
import type { Line } from './pictures';
import { lastKnown } from './series';

/** Upright marks nearer to each other, in pixels of the page, would be a hatch. */
const leastMarkGap = 8;

/**
 * Of places from left to right, those at least `gap` apart, with the last always among them. Which are kept changes only
 * at the right end as more come in, or the marks would flicker.
 */
export function thinned(places: readonly number[], gap: number): readonly number[] {
  const kept: number[] = [];
  for (const place of places) if (place - (kept.at(-1) ?? -Infinity) >= gap) kept.push(place);
  const last = places.at(-1);
  if (last !== undefined && kept.at(-1) !== last) kept.splice(-1, 1, last);
  return kept;
}

/** Thin upright dots where rounds begin, behind the lines. */
export function drawRounds(plot: uPlot, rounds: readonly number[], colour: string): void {
  upright(plot, rounds, colour, devicePixelRatio, [2 * devicePixelRatio, 4 * devicePixelRatio]);
}

/** A whole upright line, with its word. */
export function drawSwitchover(plot: uPlot, time: number, token: (name: string) => string, font: string): void {
  const colour = token('--ink');
  const { ctx, bbox } = plot;
  const x = upright(plot, [time], colour, 1.5 * devicePixelRatio, []);
  if (x === undefined) return;
  ctx.save();
  write(ctx, colour, font);
  const word = 'switchover ';
  ctx.textAlign = x - bbox.left < ctx.measureText(word).width ? 'left' : 'right';
  writeOver(ctx, ctx.textAlign === 'left' ? ` ${word.trim()}` : word, x, bbox.top + 2 * devicePixelRatio, token);
  ctx.restore();
}

/** Returns where the last line stands, in pixels of the canvas; nothing where none is in sight. */
function upright(plot: uPlot, times: readonly number[], colour: string, width: number, dash: readonly number[]) {
  const { ctx, bbox } = plot;
  const places = times
    .map((time) => plot.valToPos(time, 'x', true))
    .filter((x) => x >= bbox.left && x <= bbox.left + bbox.width);
  const kept = thinned(places, leastMarkGap * devicePixelRatio);
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.setLineDash([...dash]);
  ctx.beginPath();
  for (const x of kept) {
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
  }
  ctx.stroke();
  ctx.restore();
  return kept.at(-1);
}

/** The marks of lines that have one, where the lines end. */
export function drawEnds(plot: uPlot, lines: readonly Line[], token: (name: string) => string, font: string): void {
  const { ctx } = plot;
  for (const [index, { mark, colour, right }] of lines.entries()) {
    if (mark === undefined) continue;
    const values = plot.data[index + 1] as unknown as Float64Array;
    const row = lastKnown(values);
    if (row < 0) continue;
    ctx.save();
    write(ctx, token(colour), `bold ${font}`);
    ctx.textBaseline = 'bottom';
    const x = plot.valToPos(plot.data[0][row] as number, 'x', true);
    const y = plot.valToPos(values[row] as number, right === true ? 'right' : 'left', true);
    // At the very top it would be cut off.
    writeOver(ctx, mark, x + 3 * devicePixelRatio, Math.max(y, plot.bbox.top + 6 * devicePixelRatio), token);
    ctx.restore();
  }
}

/** What lies above the top, named at the edge beside an arrow up. */
export function drawAbove(
  plot: uPlot,
  notes: ReturnType<typeof limitsAbove>,
  token: (name: string) => string,
  font: string,
): void {
  const { ctx, bbox } = plot;
  for (const [index, { line, text }] of notes.entries()) {
    ctx.save();
    write(ctx, token(line.colour), font);
    const [x, y, pad] = [
      bbox.left + 6 * devicePixelRatio,
      bbox.top + (2 + index * 15) * devicePixelRatio,
      3 * devicePixelRatio,
    ];
    const words = `▲ ${text}`;
    ctx.fillStyle = token('--panel');
    ctx.fillRect(x - pad, y, ctx.measureText(words).width + 2 * pad, 14 * devicePixelRatio);
    ctx.fillStyle = token(line.colour);
    ctx.fillText(words, x, y + devicePixelRatio);
    ctx.restore();
  }
}

/** A word that what lies below it does not strike through. */
function writeOver(
  ctx: CanvasRenderingContext2D,
  word: string,
  x: number,
  y: number,
  token: (name: string) => string,
): void {
  ctx.strokeStyle = token('--panel');
  ctx.lineWidth = 4 * devicePixelRatio;
  ctx.lineJoin = 'round';
  ctx.strokeText(word, x, y);
  ctx.fillText(word, x, y);
}

function write(ctx: CanvasRenderingContext2D, colour: string, font: string): void {
  ctx.fillStyle = colour;
  ctx.font = font.replace(/(\d+)px/, (_all, size: string) => `${Number(size) * devicePixelRatio}px`);
  ctx.textBaseline = 'top';
}
