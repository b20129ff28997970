/**
 * What is left of several values when two have to stand for them: the least and the greatest in the order they came in,
 * so that no spike is lost; or the means of the two halves, so that shares still add up to their sum.
 */
export type Kept = 'extremes' | 'mean';

/** Columns of numbers against time in seconds; unknown is NaN. */
export interface Frame<Name extends string> {
  readonly time: Float64Array;
  readonly values: Readonly<Record<Name, Float64Array>>;
}

/** One moment's values; absent is unknown. */
export type Row<Name extends string> = Readonly<Partial<Record<Name, number | undefined>>>;

/** Rows of a frame and of the store: twice as many as a chart has pixels, and half an hour at ten a second. */
const frameRows = 1200;
const storeRows = 16_384;

/** How a column is made coarser; `first` is for time. */
type Way = Kept | 'first';

/**
 * A run's figures over time in typed arrays made once. When they are full, each four rows become two (`Kept`), and from
 * then on twice as many samples make two rows: memory and the cost of drawing stay bounded however long a run takes.
 */
export class Series<Name extends string> {
  readonly #names: readonly Name[];
  readonly #ways: readonly Way[];
  readonly #columns: readonly Float64Array[];
  readonly #frame: readonly Float64Array[];
  /** Samples on their way into the next two rows: as many of each column as make them. */
  #waiting: readonly Float64Array[];
  #waits = 0;
  #length = 0;
  /** The newest sample, time first. */
  readonly #latest: Float64Array;
  #end: number | undefined;

  /**
   * @param kept the columns beside time, and how each is made coarser
   * @param capacity rows, a multiple of 4
   */
  constructor(
    kept: Readonly<Record<Name, Kept>>,
    private readonly capacity = storeRows,
  ) {
    this.#names = Object.keys(kept) as Name[];
    this.#ways = ['first', ...this.#names.map((name) => kept[name])];
    this.#columns = this.#ways.map(() => new Float64Array(capacity));
    this.#frame = this.#ways.map(() => new Float64Array(frameRows + 4));
    this.#waiting = this.#ways.map(() => new Float64Array(2));
    this.#latest = new Float64Array(this.#ways.length);
  }

  /** Rows kept. */
  get length(): number {
    return this.#length;
  }

  /** When the newest sample was taken, seconds; absent before the first. */
  get end(): number | undefined {
    return this.#end;
  }

  /** The newest sample's value; absent where it is not known. */
  latest(name: Name): number | undefined {
    const value = this.#end === undefined ? undefined : this.#latest[this.#names.indexOf(name) + 1];
    return Number.isNaN(value) ? undefined : value;
  }

  /** Adds a sample; time never goes back. */
  push(time: number, row: Row<Name>): void {
    const at = this.#waits;
    for (const [index, column] of this.#waiting.entries()) {
      const name = this.#names[index - 1];
      column[at] = this.#latest[index] = name === undefined ? time : (row[name] ?? Number.NaN);
    }
    this.#end = time;
    this.#waits += 1;
    if (this.#waits < (this.#waiting[0]?.length ?? 0)) return;
    for (const [index, column] of this.#columns.entries()) {
      merge(this.#ways[index] as Way, this.#waiting[index] as Float64Array, 0, this.#waits, column, this.#length);
    }
    this.#waits = 0;
    this.#length += 2;
    if (this.#length === this.capacity) this.#halve();
  }

  /**
   * What there is from one time to another, with a row more at either side, and no finer than can be drawn. Rows are
   * put together at places that stay as more come in, or the picture would shimmer. Valid until the next call.
   */
  view(from: number, to: number): Frame<Name> {
    const [time = new Float64Array()] = this.#columns;
    const low = Math.max(0, firstAfter(time, this.#length, from) - 1);
    const high = Math.min(this.#length, firstAfter(time, this.#length, to) + 1);
    let pair = 2;
    while ((high - low) / pair > frameRows / 2 - 1) pair *= 2;
    let rows = 0;
    for (let start = low - (low % pair); start < high; start += pair) {
      const end = Math.min(start + pair, this.#length);
      for (const [index, column] of this.#columns.entries()) {
        merge(this.#ways[index] as Way, column, start, end, this.#frame[index] as Float64Array, rows);
      }
      rows += 2;
    }
    // The newest is always in the picture, though the rows it goes into may not be complete.
    const newest = this.#end !== undefined && (high === 0 || (time[high - 1] as number) < this.#end);
    if (newest && high === this.#length) {
      for (const [index, column] of this.#frame.entries()) column[rows] = this.#latest[index] as number;
      rows += 1;
    }
    return this.#named(this.#frame.map((column) => column.subarray(0, rows)));
  }

  #named([time, ...columns]: readonly Float64Array[]): Frame<Name> {
    const values = Object.fromEntries(this.#names.map((name, index) => [name, columns[index]]));
    return { time: time as Float64Array, values: values as Record<Name, Float64Array> };
  }

  #halve(): void {
    for (const [index, column] of this.#columns.entries()) {
      for (let row = 0; row < this.#length; row += 4) {
        merge(this.#ways[index] as Way, column, row, row + 4, column, row / 2);
      }
    }
    this.#length /= 2;
    const samples = (this.#waiting[0]?.length ?? 1) * 2;
    this.#waiting = this.#ways.map(() => new Float64Array(samples));
  }
}

/** Puts two values for those from `start` to `end` into `target`, which may be the source itself, further ahead. */
function merge(way: Way, source: Float64Array, start: number, end: number, target: Float64Array, at: number): void {
  const half = Math.ceil((start + end) / 2);
  if (way === 'first') {
    const second = source[Math.min(half, end - 1)] as number;
    target[at] = source[start] as number;
    target[at + 1] = second;
    return;
  }
  const [one, other] = way === 'mean' ? means(source, start, half, end) : extremes(source, start, end);
  target[at] = one;
  target[at + 1] = other;
}

function means(source: Float64Array, start: number, half: number, end: number): readonly [number, number] {
  const first = mean(source, start, half);
  return [first, half === end ? first : mean(source, half, end)];
}

function mean(source: Float64Array, start: number, end: number): number {
  let sum = 0;
  let known = 0;
  for (let row = start; row < end; row += 1) {
    const value = source[row] as number;
    if (Number.isNaN(value)) continue;
    sum += value;
    known += 1;
  }
  return known === 0 ? Number.NaN : sum / known;
}

function extremes(source: Float64Array, start: number, end: number): readonly [number, number] {
  let [least, greatest] = [-1, -1];
  for (let row = start; row < end; row += 1) {
    const value = source[row] as number;
    if (Number.isNaN(value)) continue;
    if (least < 0 || value < (source[least] as number)) least = row;
    if (greatest < 0 || value >= (source[greatest] as number)) greatest = row;
  }
  if (least < 0) return [Number.NaN, Number.NaN];
  const [one, other] = least < greatest ? [least, greatest] : [greatest, least];
  return [source[one] as number, source[other] as number];
}

/** The first of `length` rising values that is greater than this one. */
function firstAfter(column: Float64Array, length: number, value: number): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((column[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The row of a column's last known value; -1 where none is known. */
export function lastKnown(column: Float64Array): number {
  let row = column.length - 1;
  while (row >= 0 && Number.isNaN(column[row])) row -= 1;
  return row;
}

/** A column's value at the time nearest to a moment; absent where it is not known. */
export function valueAt<Name extends string>(frame: Frame<Name>, name: Name, moment: number): number | undefined {
  const { time } = frame;
  const after = firstAfter(time, time.length, moment);
  const [before, next] = [time[after - 1], time[after]];
  const row = next === undefined || (before !== undefined && moment - before <= next - moment) ? after - 1 : after;
  const value = frame.values[name][row];
  return Number.isNaN(value) ? undefined : value;
}
