import { pageBytes } from '../../shared/settings';

/** More blocks than any machine has; a longer list is not one that QEMU wrote. */
export const maxBlocks = 4096;

/** Longest block whose pages can be numbered (36 bits, `codec/job`'s page keys); more than processors address. */
export const maxBlockBytes = 2 ** 36 * pageBytes;

/** The RAM blocks of the START list, by index in stream order. */
export class BlockTable {
  readonly #used: number[] = [];
  readonly #byName = new Map<string, number>();

  /** Adds a block and returns its index; -1 if the name is empty or taken, the block too long, or the table full. */
  add(name: Uint8Array, usedBytes: number): number {
    const key = latin1(name);
    const index = this.#used.length;
    if (key === '' || this.#byName.has(key) || index === maxBlocks || usedBytes > maxBlockBytes) return -1;
    this.#byName.set(key, index);
    this.#used.push(usedBytes);
    return index;
  }

  /** The index of the block of that name, -1 if there is none. */
  find(name: Uint8Array): number {
    return this.#byName.get(latin1(name)) ?? -1;
  }

  usedBytes(index: number): number {
    return this.#used[index] ?? 0;
  }
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
