import { keyBlockPages, keyBytes } from '../../codec/job';
import { op } from '../../codec/part-format';
import { maxRamCells, ramClassNumber, resentBit, type RamClass, type RamLayout } from '../../shared/ram-map';
import { pageBytes, type Method } from '../../shared/settings';

const noLayout: RamLayout = { blocks: [], cellBytes: pageBytes, cells: 0 };

/** Opcodes as an answer's `ops` has them. */
const digit = Object.fromEntries(Object.entries(op).map(([name, code]) => [name, 48 + code])) as Record<
  keyof typeof op,
  number
>;

/**
 * What last happened to each region of guest memory: a byte for each of at most 4096, however large the guest. A cell
 * holds as few pages as that allows, a power of two of them; the last page sent decides.
 */
export class RamMap {
  readonly #cells = new Uint8Array(maxRamCells);
  readonly #blocks: { readonly name: string; readonly pages: number; firstCell: number }[] = [];
  #cellPages = 1;
  #cellCount = 0;
  /** 0 in the first round, the bit afterwards. */
  #resent = 0;
  #layout: RamLayout | undefined = noLayout;
  /** Counts what was marked; another number is another picture. */
  changes = 0;

  /** The next block of the guest's list, as the stream names it. */
  block(name: Uint8Array, usedBytes: number): void {
    const pages = Math.max(1, Math.ceil(usedBytes / pageBytes));
    this.#blocks.push({ name: String.fromCharCode(...name), pages, firstCell: this.#cellCount });
    this.#cellCount += Math.ceil(pages / this.#cellPages);
    while (this.#cellCount > maxRamCells) this.#coarsen();
    this.#layout = undefined;
  }

  /** Something happened to a page. */
  mark(block: number, page: number, what: RamClass): void {
    this.#put(block, page, ramClassNumber[what] | this.#resent);
  }

  /** Pages by their keys (float64, little-endian), with the opcodes by which they went, as their answer has them. */
  markPart(keys: Uint8Array, ops: string, method: Method): void {
    const view = new DataView(keys.buffer, keys.byteOffset, keys.length);
    const full = (method === 'none' ? ramClassNumber.plain : ramClassNumber.compressed) | this.#resent;
    const delta = ramClassNumber.xbzrle | this.#resent;
    const reference = ramClassNumber.unchanged | this.#resent;
    const pages = Math.min(ops.length, keys.length / keyBytes);
    for (let i = 0; i < pages; i++) {
      const key = view.getFloat64(i * keyBytes, true);
      const block = Math.floor(key / keyBlockPages);
      const code = ops.charCodeAt(i);
      const cell = code === digit.delta ? delta : code === digit.unchanged || code === digit.copy ? reference : full;
      this.#put(block, key - block * keyBlockPages, cell);
    }
  }

  /** Another round begins: nothing has been sent again in it yet. */
  nextRound(): void {
    this.#resent = resentBit;
    for (let cell = 0; cell < this.#cellCount; cell++) this.#cells[cell] = (this.#cells[cell] ?? 0) & ~resentBit;
    this.changes++;
  }

  /** The same object until there is another block. */
  get layout(): RamLayout {
    return (this.#layout ??= {
      blocks: this.#blocks.map(({ name, pages, firstCell }) => ({ name, bytes: pages * pageBytes, firstCell })),
      cellBytes: this.#cellPages * pageBytes,
      cells: this.#cellCount,
    });
  }

  /** A copy of the cells as they are now. */
  cells(): Uint8Array {
    return this.#cells.slice(0, this.#cellCount);
  }

  #put(block: number, page: number, cell: number): void {
    const known = this.#blocks[block];
    if (known === undefined || page >= known.pages) return;
    this.#cells[known.firstCell + Math.floor(page / this.#cellPages)] = cell;
    this.changes++;
  }

  /** Twice as many pages a cell. Blocks come before pages, so there is nothing on the map yet that could be moved. */
  #coarsen(): void {
    this.#cellPages *= 2;
    this.#cellCount = 0;
    for (const block of this.#blocks) {
      block.firstCell = this.#cellCount;
      this.#cellCount += Math.ceil(block.pages / this.#cellPages);
    }
    this.#cells.fill(0);
  }
}
