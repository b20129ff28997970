/** Rows kept at most; when they are full, every second one is dropped and the rest of the run is kept as coarsely. */
const capacity = 4096;

/**
 * Columns of numbers against time, kept in typed arrays as the chart reads them. Unknown is NaN, which draws as a gap.
 * Memory is bounded however long a run takes: detail halves each time the columns fill.
 */
export class Series {
  readonly #columns: readonly Float64Array[];
  #length = 0;
  #stride = 1;
  #skipped = 0;

  /** @param columns how many, the first being time. */
  constructor(columns: number) {
    this.#columns = Array.from({ length: columns }, () => new Float64Array(capacity));
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a row, or after halving every `stride`-th; absent values are unknown. */
  push(row: readonly (number | undefined)[]): void {
    this.#skipped += 1;
    if (this.#skipped < this.#stride) return;
    this.#skipped = 0;
    if (this.#length === capacity) this.#halve();
    for (const [index, column] of this.#columns.entries()) column[this.#length] = row[index] ?? Number.NaN;
    this.#length += 1;
  }

  /** The filled part of each column: views, valid until the next `push`. */
  columns(): readonly Float64Array[] {
    return this.#columns.map((column) => column.subarray(0, this.#length));
  }

  #halve(): void {
    const kept = Math.ceil(this.#length / 2);
    for (const column of this.#columns)
      for (let row = 0; row < kept; row += 1) column[row] = column[row * 2] ?? Number.NaN;
    this.#length = kept;
    this.#stride *= 2;
  }
}

/** The next round number at or above: 1, 2 or 5 times a power of ten; charts grow to these and never shrink. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}

/** Time spans a chart shows, seconds: it steps from one to the next, so that nothing creeps while it is read. */
const spans = [10, 20, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600];

/** The span for a run this many seconds old. */
export function spanFor(seconds: number): number {
  return spans.find((span) => span >= seconds) ?? Math.ceil(seconds / 3600) * 3600;
}
