function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** A set of page numbers as a bitmap: the guest's dirty log, and the pages a migration still has to send. */
export class PageSet {
  readonly #words: Uint32Array;
  readonly #pages: number;
  #size = 0;

  /** @param pages how many pages there are; members are 0 … pages − 1 */
  constructor(pages: number) {
    this.#pages = pages;
    this.#words = new Uint32Array(Math.ceil(pages / 32));
  }

  /** How many pages are in the set. */
  get size(): number {
    return this.#size;
  }

  add(page: number): void {
    const word = page >>> 5;
    const bit = 1 << (page & 31);
    const old = this.#words[word] ?? 0;
    if ((old & bit) !== 0) return;
    this.#words[word] = old | bit;
    this.#size += 1;
  }

  delete(page: number): void {
    const word = page >>> 5;
    const bit = 1 << (page & 31);
    const old = this.#words[word] ?? 0;
    if ((old & bit) === 0) return;
    this.#words[word] = old & ~bit;
    this.#size -= 1;
  }

  has(page: number): boolean {
    return ((this.#words[page >>> 5] ?? 0) & (1 << (page & 31))) !== 0;
  }

  addAll(): void {
    this.#words.fill(0xffffffff);
    const spare = this.#words.length * 32 - this.#pages;
    if (spare > 0) this.#words[this.#words.length - 1] = 0xffffffff >>> spare;
    this.#size = this.#pages;
  }

  clear(): void {
    this.#words.fill(0);
    this.#size = 0;
  }

  /** The first member that is `from` or larger, or undefined. */
  next(from: number): number | undefined {
    let word = from >>> 5;
    let bits = (this.#words[word] ?? 0) & (0xffffffff << (from & 31));
    while (bits === 0) {
      word += 1;
      if (word >= this.#words.length) return undefined;
      bits = this.#words[word] ?? 0;
    }
    return word * 32 + 31 - Math.clz32(bits & -bits);
  }

  /** Takes over all members of `other`, which is empty afterwards. @returns how many were new here */
  take(other: PageSet): number {
    const before = this.#size;
    if (other.#size === 0) return 0;
    for (let word = 0; word < this.#words.length; word += 1) {
      const theirs = other.#words[word] ?? 0;
      if (theirs === 0) continue;
      const ours = this.#words[word] ?? 0;
      this.#size += bitCount(theirs & ~ours);
      this.#words[word] = ours | theirs;
    }
    other.clear();
    return this.#size - before;
  }
}
