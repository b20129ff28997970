import type uPlot from 'uplot';
import type { Line } from './pictures';

/** Upright marks nearer to each other are not told apart. */
const leastMarkGap = 4;

/** Thin upright dots where rounds begin, behind the lines. */
export function drawRounds(plot: uPlot, rounds: readonly number[], colour: string): void {
  upright(plot, rounds, colour, devicePixelRatio, [2 * devicePixelRatio, 4 * devicePixelRatio]);
}

/** A whole upright line, with its word. */
export function drawSwitchover(plot: uPlot, time: number, colour: string, font: string): void {
  const { ctx, bbox } = plot;
  const x = upright(plot, [time], colour, 1.5 * devicePixelRatio, []);
  if (x === undefined) return;
  ctx.save();
  write(ctx, colour, font);
  const word = 'switchover ';
  ctx.textAlign = x - bbox.left < ctx.measureText(word).width ? 'left' : 'right';
  ctx.fillText(ctx.textAlign === 'left' ? ` ${word.trim()}` : word, x, bbox.top + 2 * devicePixelRatio);
  ctx.restore();
}

/** Returns where the last line stands, in pixels of the canvas; nothing where none is in sight. */
function upright(plot: uPlot, times: readonly number[], colour: string, width: number, dash: readonly number[]) {
  const { ctx, bbox } = plot;
  let last: number | undefined;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.setLineDash([...dash]);
  ctx.beginPath();
  for (const time of times) {
    const x = plot.valToPos(time, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    if (last !== undefined && x - last < leastMarkGap * devicePixelRatio) continue;
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    last = x;
  }
  ctx.stroke();
  ctx.restore();
  return last;
}

/** The marks of lines that have one, where the lines end. */
export function drawEnds(plot: uPlot, lines: readonly Line[], token: (name: string) => string, font: string): void {
  const { ctx } = plot;
  for (const [index, { mark, colour, right }] of lines.entries()) {
    if (mark === undefined) continue;
    const values = plot.data[index + 1] as unknown as Float64Array;
    let row = values.length - 1;
    while (row >= 0 && Number.isNaN(values[row])) row -= 1;
    if (row < 0) continue;
    ctx.save();
    write(ctx, token(colour), `bold ${font}`);
    ctx.textBaseline = 'bottom';
    const x = plot.valToPos(plot.data[0][row] as number, 'x', true);
    ctx.fillText(mark, x + 3 * devicePixelRatio, plot.valToPos(values[row] as number, right === true ? 'right' : 'left', true)); // prettier-ignore
    ctx.restore();
  }
}

function write(ctx: CanvasRenderingContext2D, colour: string, font: string): void {
  ctx.fillStyle = colour;
  ctx.font = font.replace(/(\d+)px/, (_all, size: string) => `${Number(size) * devicePixelRatio}px`);
  ctx.textBaseline = 'top';
}
