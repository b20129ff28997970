/** More blocks than any machine has; a longer list is not one that QEMU wrote. */
export const maxBlocks = 4096;

/** The RAM blocks of the START list, by index in stream order. */
export class BlockTable {
  readonly #used: number[] = [];
  readonly #byName = new Map<string, number>();

  /** Adds a block and returns its index; -1 if the name is empty or taken, or the table is full. */
  add(name: Uint8Array, usedBytes: number): number {
    const key = latin1(name);
    const index = this.#used.length;
    if (key === '' || this.#byName.has(key) || index === maxBlocks) return -1;
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
