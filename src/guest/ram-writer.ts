import { pageBytes } from '../shared/settings';
import { maxNameBytes, putPageHead, putZero, recordHeadBytes } from '../engine/stream/format';
import type { Block, GuestMemory } from './memory';
import type { StreamOutput } from './stream-output';

/** The longest record this writer makes; there must be as much room in the output before `put`. */
export const maxRecordBytes = recordHeadBytes(new Uint8Array(maxNameBytes)) + pageBytes;

/** Writes page records, naming a block only where it differs from that of the record before. */
export class RamWriter {
  /** Pages sent in full, and pages of which only was said that they are empty; repeats count again. */
  normal = 0;
  duplicate = 0;
  readonly #memory: GuestMemory;
  readonly #output: StreamOutput;
  #block: Block | undefined;
  #name: Buffer | undefined;

  constructor(memory: GuestMemory, output: StreamOutput) {
    this.#memory = memory;
    this.#output = output;
  }

  /** Copies the page as it is now into the output. */
  put(page: number): void {
    const start = page * pageBytes;
    const block = this.#enter(start);
    const { buffer, position } = this.#output;
    const offset = start - block.start;
    if (this.#memory.isZeroPage(page)) {
      this.duplicate += 1;
      this.#output.position = putZero(buffer, position, offset, this.#name, 0);
    } else {
      this.normal += 1;
      const at = putPageHead(buffer, position, offset, this.#name);
      this.#memory.bytes.copy(buffer, at, start, start + pageBytes);
      this.#output.position = at + pageBytes;
    }
    this.#name = undefined;
  }

  /** The block that holds the address; its name is due if the last record was in another. */
  #enter(address: number): Block {
    const last = this.#block;
    if (last !== undefined && address >= last.start && address < last.start + last.bytes) return last;
    const block = this.#memory.blocks.find(({ start, bytes }) => address >= start && address < start + bytes);
    if (block === undefined) throw new RangeError(`Expected an address inside guest memory, got ${address}`);
    this.#block = block;
    this.#name = Buffer.from(block.name);
    return block;
  }
}
