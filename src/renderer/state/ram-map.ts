import { ramClassMask, ramClasses, resentBit } from '../../shared/ram-map';
import type { RamBlock, RamClass, RamMapView } from '../../shared/ram-map';
import { formatBytes } from '../../shared/units';
import { percent } from './words';

/** What each class is called, and the custom property with its colour. */
export const ramClassWords = {
  unsent: { name: 'Not yet sent', colour: '--class-unsent' },
  zero: { name: 'Zero', colour: '--class-zero' },
  unchanged: { name: 'Unchanged', colour: '--class-unchanged' },
  xbzrle: { name: 'XBZRLE', colour: '--class-xbzrle' },
  compressed: { name: 'Compressed', colour: '--class-compressed' },
  plain: { name: 'Plain', colour: '--class-plain' },
} as const satisfies Record<RamClass, { readonly name: string; readonly colour: string }>;

/** Blocks that are named beneath the map. */
const namedBlocks = 4;

/** Shares of the map, 0 to 1: of each class, and of what was sent again in the round at hand. */
export interface RamShares {
  readonly classes: Readonly<Record<RamClass, number>>;
  readonly resent: number;
}

export function sharesOf({ cells }: RamMapView): RamShares {
  const counts = new Float64Array(ramClassMask + 1);
  let resent = 0;
  for (const cell of cells) {
    counts[cell & ramClassMask] = (counts[cell & ramClassMask] ?? 0) + 1;
    if ((cell & resentBit) > 0) resent += 1;
  }
  const total = Math.max(cells.length, 1);
  const classes = Object.fromEntries(ramClasses.map((name, i) => [name, (counts[i] ?? 0) / total]));
  return { classes: classes as Record<RamClass, number>, resent: resent / total };
}

/** The map in words, for those who do not see it. */
export function sharesText({ classes, resent }: RamShares): string {
  const parts = ramClasses.map((name) => `${ramClassWords[name].name} ${percent(classes[name])}`);
  return `${parts.join(', ')}; sent again in this round ${percent(resent)}`;
}

/** The guest's blocks in words, the largest first. */
export function blocksText({ layout: { blocks, cellBytes } }: RamMapView): string {
  const largest = [...blocks].sort((a, b) => b.bytes - a.bytes);
  const named = largest.slice(0, namedBlocks).map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`);
  const more = blocks.length > namedBlocks ? ` and ${blocks.length - namedBlocks} more` : '';
  return `${named.join(', ')}${more}; a square is ${formatBytes(cellBytes)}`;
}

/** What a cell is: its block, the addresses in it, and what last happened there. */
export function readCell({ layout, cells }: RamMapView, cell: number): string | undefined {
  const value = cells[cell];
  const block = blockAt(layout.blocks, cell);
  if (value === undefined || block === undefined) return undefined;
  const first = (cell - block.firstCell) * layout.cellBytes;
  const last = Math.min(first + layout.cellBytes, block.bytes) - 1;
  const name = ramClasses[value & ramClassMask];
  const what = name === undefined ? 'unknown' : ramClassWords[name].name.toLowerCase().replace('xbzrle', 'XBZRLE');
  const again = (value & resentBit) > 0 ? ', sent again in this round' : '';
  return `${block.name} ${hex(first)}–${hex(last)}: ${what}${again}`;
}

function blockAt(blocks: readonly RamBlock[], cell: number): RamBlock | undefined {
  return [...blocks].reverse().find(({ firstCell }) => firstCell <= cell);
}

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}

/** How cells are arranged: row by row, each a square of so many pixels. */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly size: number;
}

/** The largest squares with which so many cells fit into this area, at least 2 pixels each. */
export function gridFor(cells: number, width: number, height: number): Grid {
  const most = Math.min(Math.sqrt((width * height) / Math.max(cells, 1)), width, height);
  for (let size = Math.max(2, Math.floor(most)); ; size -= 1) {
    const columns = Math.max(1, Math.floor(width / size));
    const rows = Math.ceil(cells / columns);
    if (rows * size <= height || size <= 2) return { columns, rows, size };
  }
}
