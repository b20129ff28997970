/** How an area is told from its neighbours beside its colour. */
export const patterns = ['plain', 'rising', 'falling', 'dots', 'level'] as const;
export type Pattern = (typeof patterns)[number];

/** Side of a tile, CSS pixels. */
const side = 8;

/** An area's paint: its colour, thinned, under a pattern in the full one. */
export function paint(context: CanvasRenderingContext2D, colour: string, pattern: Pattern): CanvasPattern | string {
  const ratio = devicePixelRatio;
  const tile = document.createElement('canvas');
  tile.width = tile.height = Math.round(side * ratio);
  const drawing = tile.getContext('2d');
  if (drawing === null) return colour;
  drawing.scale(tile.width / side, tile.height / side);
  drawing.globalAlpha = pattern === 'plain' ? 0.18 : 0.24;
  drawing.fillStyle = drawing.strokeStyle = colour;
  drawing.fillRect(0, 0, side, side);
  drawing.globalAlpha = 0.9;
  drawing.lineWidth = 1.5;
  strokes[pattern](drawing);
  return context.createPattern(tile, 'repeat') ?? colour;
}

/** How faint the gaps of a dashed line are where it crowds: what happens to lie in one is seen all the same. */
const gapAlpha = 0.3;

/**
 * A dashed line's paint where it is filled instead of stroked: its dashes and gaps, CSS pixels in turns, run along a
 * level line and slant across a steep one.
 */
export function dashedPaint(
  context: CanvasRenderingContext2D,
  colour: string,
  dash: readonly number[],
): CanvasPattern | string {
  const lengths = dash.map((length) => Math.max(1, Math.round(length * devicePixelRatio)));
  const period = lengths.reduce((all, length) => all + length, 0);
  const tile = document.createElement('canvas');
  tile.width = tile.height = period;
  const drawing = tile.getContext('2d');
  if (drawing === null) return colour;
  drawing.fillStyle = colour;
  const ends = lengths.map((_, index) => lengths.slice(0, index + 1).reduce((all, length) => all + length, 0));
  for (let x = 0; x < period; x += 1) {
    for (let y = 0; y < period; y += 1) {
      const place = (x + y) % period;
      drawing.globalAlpha = ends.findIndex((end) => place < end) % 2 === 0 ? 1 : gapAlpha;
      drawing.fillRect(x, y, 1, 1);
    }
  }
  return context.createPattern(tile, 'repeat') ?? colour;
}

/** Diagonals go on in the neighbouring tiles: their corners are drawn thrice. */
const strokes: Readonly<Record<Pattern, (drawing: CanvasRenderingContext2D) => void>> = {
  plain: () => undefined,
  rising: (drawing) => diagonals(drawing, (x) => [x, side, x + side, 0]),
  falling: (drawing) => diagonals(drawing, (x) => [x, 0, x + side, side]),
  dots: (drawing) => {
    drawing.fillRect(1, 1, 2, 2);
    drawing.fillRect(5, 5, 2, 2);
  },
  level: (drawing) => line(drawing, [0, side / 2, side, side / 2]),
};

type Segment = readonly [x1: number, y1: number, x2: number, y2: number];

function diagonals(drawing: CanvasRenderingContext2D, at: (x: number) => Segment): void {
  for (const x of [-side, 0, side]) line(drawing, at(x));
}

function line(drawing: CanvasRenderingContext2D, [x1, y1, x2, y2]: Segment): void {
  drawing.beginPath();
  drawing.moveTo(x1, y1);
  drawing.lineTo(x2, y2);
  drawing.stroke();
}
