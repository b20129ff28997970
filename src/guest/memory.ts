import { WherryError } from '../shared/failure';
import { builtinMemory } from '../shared/guest';
import { pageBytes } from '../shared/settings';
import { PageSet } from './page-set';

/** A RAM block: a named run of the guest's physical memory. */
export interface Block {
  readonly name: string;
  /** Physical address of its first byte. */
  readonly start: number;
  readonly bytes: number;
}

/** Bytes of the small read-only block behind RAM, so that a migration never has one block only. */
export const romBytes = 64 * 1024;

const noBytes = Buffer.alloc(pageBytes);

/**
 * A guest's physical memory: RAM from address 0 on, then a ROM. Every write of the running guest goes through the
 * methods here, which keep the dirty log: the set of pages written since somebody last took it.
 */
export class GuestMemory {
  /** Everything there is; for reading, and for writing while no guest runs (boot, incoming migration). */
  readonly bytes: Buffer;
  readonly ramBytes: number;
  readonly blocks: readonly Block[];
  readonly dirty: PageSet;
  readonly #words: Uint32Array;

  constructor(ramBytes: number) {
    const { min, max } = builtinMemory;
    if (!Number.isInteger(ramBytes / pageBytes) || ramBytes < min || ramBytes > max) {
      throw new WherryError('usage', `Memory: expected whole pages from ${min} to ${max} bytes, got ${ramBytes}`);
    }
    const memory = new ArrayBuffer(ramBytes + romBytes);
    this.bytes = Buffer.from(memory);
    this.#words = new Uint32Array(memory);
    this.ramBytes = ramBytes;
    this.blocks = [
      { name: 'pc.ram', start: 0, bytes: ramBytes },
      { name: 'guest.rom', start: ramBytes, bytes: romBytes },
    ];
    this.dirty = new PageSet(this.pages);
  }

  /** Pages of all blocks together; page numbers count through them in order. */
  get pages(): number {
    return this.bytes.length / pageBytes;
  }

  /** Adds one to the byte at `at`, as the guest. */
  incrementByte(at: number): void {
    this.dirty.add(Math.floor(at / pageBytes));
    this.bytes[at] = (this.bytes[at] ?? 0) + 1;
  }

  /** Adds one to the 32-bit word at `at` (a multiple of 4), as the guest. */
  incrementWord(at: number): void {
    this.dirty.add(Math.floor(at / pageBytes));
    const word = at / 4;
    this.#words[word] = (this.#words[word] ?? 0) + 1;
  }

  /** Overwrites a whole page with what `next` gives, 32 bits at a time, as the guest. */
  fillPage(page: number, next: () => number): void {
    this.dirty.add(page);
    const first = (page * pageBytes) / 4;
    for (let word = first; word < first + pageBytes / 4; word += 1) this.#words[word] = next();
  }

  isZeroPage(page: number): boolean {
    const first = page * pageBytes;
    // Most pages that hold anything hold it early; comparing all 4096 bytes is for those that look empty.
    if (this.#words[first / 4] !== 0 || this.#words[first / 4 + 64] !== 0) return false;
    return this.bytes.compare(noBytes, 0, pageBytes, first, first + pageBytes) === 0;
  }
}
