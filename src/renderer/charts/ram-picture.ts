import { ramClassMask, ramClasses, resentBit } from '../../shared/ram-map';
import type { RamLayout, RamMapView } from '../../shared/ram-map';
import { gridFor, ramClassWords } from '../state/ram-map';
import type { Grid } from '../state/ram-map';

/** Largest height of the map, CSS pixels. */
const maxHeight = 190;
/** Squares from this size on, device pixels, have a gap between them. */
const gapFrom = 5;

/** The map on the page. */
export interface RamPicture {
  draw(map: RamMapView): void;
  /** Whether a map that is laid out like this is there: its size and its cells are then right, if not their colours. */
  holds(layout: RamLayout): boolean;
  /** The cell at a point of the canvas, CSS pixels; undefined beside them all. */
  cellAt(x: number, y: number): number | undefined;
  destroy(): void;
}

/**
 * Draws guest memory into a canvas as wide as it is laid out, a square a cell; only what has changed is drawn. Colours
 * are read once from the page's style: make a new one when the theme changes.
 */
export function createRamPicture(canvas: HTMLCanvasElement): RamPicture {
  const style = getComputedStyle(canvas);
  const ground = pixelOf(style.getPropertyValue('--panel'));
  const mark = pixelOf(style.getPropertyValue('--class-mark'));
  const edge = pixelOf(style.getPropertyValue('--ink'));
  const colours = ramClasses.map((name) => pixelOf(style.getPropertyValue(ramClassWords[name].colour)));
  const context = canvas.getContext('2d');
  let latest: RamMapView | undefined;
  let drawn: { readonly grid: Grid; readonly map: RamMapView; readonly image: ImageData } | undefined;

  /** A picture of this many cells as wide as there is room; nothing on it yet. */
  function fresh(map: RamMapView): { readonly grid: Grid; readonly image: ImageData } {
    const width = Math.max(1, Math.floor(canvas.clientWidth * devicePixelRatio));
    const grid = gridFor(map.layout.cells, width, maxHeight * devicePixelRatio);
    canvas.width = width;
    canvas.height = Math.max(1, grid.rows * grid.size);
    canvas.style.height = `${canvas.height / devicePixelRatio}px`;
    const image = new ImageData(canvas.width, canvas.height);
    new Uint32Array(image.data.buffer).fill(ground);
    return { grid, image };
  }

  function draw(map: RamMapView): void {
    latest = map;
    if (map.layout.cells === 0 || context === null) return;
    const kept = drawn?.map.layout === map.layout ? drawn : undefined;
    const { grid, image } = kept ?? fresh(map);
    const firsts = new Set(map.layout.blocks.slice(1).map(({ firstCell }) => firstCell));
    const pixels = new Uint32Array(image.data.buffer);
    for (let cell = 0; cell < map.cells.length; cell += 1) {
      const value = map.cells[cell] ?? 0;
      if (kept?.map.cells[cell] === value) continue;
      const colour = colours[value & ramClassMask] ?? ground;
      const at = (cell % grid.columns) * grid.size + Math.floor(cell / grid.columns) * grid.size * image.width;
      const inner = grid.size >= gapFrom * devicePixelRatio ? grid.size - Math.round(devicePixelRatio) : grid.size;
      square(pixels, image.width, at, inner, inner, colour);
      if ((value & resentBit) > 0) dot(pixels, image.width, at, inner, mark);
      if (firsts.has(cell)) square(pixels, image.width, at, 1, inner, edge);
    }
    context.putImageData(image, 0, 0);
    drawn = { grid, map, image };
  }

  const observer = new ResizeObserver(() => {
    if (drawn !== undefined && Math.floor(canvas.clientWidth * devicePixelRatio) === drawn.image.width) return;
    drawn = undefined;
    if (latest !== undefined) draw(latest);
  });
  observer.observe(canvas);

  return {
    draw,
    holds: (layout) => drawn?.map.layout === layout,
    cellAt: (x, y) => {
      if (drawn === undefined) return undefined;
      const { columns, size } = drawn.grid;
      const column = Math.floor((x * devicePixelRatio) / size);
      const cell = Math.floor((y * devicePixelRatio) / size) * columns + column;
      return column < columns && cell < drawn.map.layout.cells ? cell : undefined;
    },
    destroy: () => observer.disconnect(),
  };
}

function square(pixels: Uint32Array, stride: number, at: number, width: number, height: number, colour: number): void {
  for (let row = 0; row < height; row += 1) pixels.fill(colour, at + row * stride, at + row * stride + width);
}

/** A mark in the middle of a square. */
function dot(pixels: Uint32Array, stride: number, at: number, size: number, colour: number): void {
  const width = Math.max(1, Math.round(size / 3));
  const from = Math.floor((size - width) / 2);
  square(pixels, stride, at + from * stride + from, width, width, colour);
}

/** A colour written `#rrggbb` as a pixel of a canvas on a little-endian machine. */
function pixelOf(colour: string): number {
  const number = Number.parseInt(colour.trim().slice(1), 16);
  const [red, green, blue] = [(number >> 16) & 255, (number >> 8) & 255, number & 255];
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
