/** What last happened to a region of guest memory; a cell's lowest three bits are its class's place in this list. */
export const ramClasses = ['unsent', 'zero', 'unchanged', 'xbzrle', 'compressed', 'plain'] as const;
export type RamClass = (typeof ramClasses)[number];

/** Numbers of the classes, as cells hold them. */
export const ramClassNumber = Object.fromEntries(ramClasses.map((name, number) => [name, number])) as Readonly<
  Record<RamClass, number>
>;

/** The bits of a cell that are its class. */
export const ramClassMask = 7;

/** The bit of a cell that has been sent in the round at hand, where that is not the first. */
export const resentBit = 8;

/** Cells a map has at most, whatever the guest's size. */
export const maxRamCells = 4096;

/** A RAM block on the map: `pc.ram`, `vga.vram`, a ROM. Blocks lie one after another, in the stream's order. */
export interface RamBlock {
  readonly name: string;
  readonly bytes: number;
  readonly firstCell: number;
}

/** How guest memory is laid out on the map. A cell never holds memory of two blocks. */
export interface RamLayout {
  readonly blocks: readonly RamBlock[];
  /** Guest memory of one cell; a power of two, the last of a block may hold less. */
  readonly cellBytes: number;
  readonly cells: number;
}

/** The map at one moment; a byte a cell. */
export interface RamMapView {
  readonly layout: RamLayout;
  readonly cells: Uint8Array;
}

/** The map's cells; the layout comes first and whenever it is another. */
export interface RamMapUpdate {
  readonly layout?: RamLayout;
  readonly cells: Uint8Array;
}
