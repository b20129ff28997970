import type { Range } from './scale';

/** A line's rows: those from `first` to `last` are drawn; an unknown value is NaN. */
export interface Rows {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly first: number;
  readonly last: number;
}

/** From where to where a line goes in each column of pixels; NaN where it is not known. */
export interface Reach {
  readonly least: Float64Array;
  readonly greatest: Float64Array;
}

/** Nothing known yet, for so many columns. */
export function reachFor(columns: number): Reach {
  return { least: new Float64Array(columns), greatest: new Float64Array(columns) };
}

/** Whether rows stand closer than every other column of pixels: then the columns tell all there is to see of them. */
export function crowded({ times, first, last }: Rows, { from, to }: Range, columns: number): boolean {
  const span = (times[last] as number) - (times[first] as number);
  return 2 * (last - first) > (span / (to - from)) * columns;
}

/**
 * Writes into `reach` what a line covers of each column: of the columns which part the time in sight evenly, the exact
 * extent of the line from value to value. A line of any number of rows is then drawn for the cost of its columns.
 */
export function cover({ times, values, first, last }: Rows, { from, to }: Range, reach: Reach): void {
  const { least, greatest } = reach;
  const columns = least.length;
  least.fill(Number.NaN);
  greatest.fill(Number.NaN);
  const widen = (column: number, value: number): void => {
    if (column < 0 || column >= columns) return;
    if (!((least[column] as number) <= value)) least[column] = value;
    if (!((greatest[column] as number) >= value)) greatest[column] = value;
  };
  let [value, place, known] = [0, 0, false];
  for (let row = first; row <= last; row += 1) {
    const next = values[row] as number;
    if (Number.isNaN(next)) {
      known = false;
      continue;
    }
    const at = (((times[row] as number) - from) / (to - from)) * columns;
    // Both sides of an edge between two columns have the point in which the line crosses it.
    const edges = known ? Math.min(Math.floor(at), columns) : -1;
    for (let edge = Math.max(Math.floor(place) + 1, 0); edge <= edges; edge += 1) {
      const crossing = value + ((next - value) * (edge - place)) / (at - place);
      widen(edge - 1, crossing);
      widen(edge, crossing);
    }
    widen(Math.floor(at), next);
    [value, place, known] = [next, at, true];
  }
}

/** Where the newest of a line's rows are: their column of pixels, and how far they reach in it. */
export interface Tail {
  readonly column: number;
  readonly least: number;
  readonly greatest: number;
}

/** The tail of a line, all of whose rows come from `range`; its values are NaN where none is known there. */
export function tailOf({ times, values, first, last }: Rows, { from, to }: Range, columns: number): Tail {
  const columnOf = (row: number): number => Math.floor((((times[row] as number) - from) / (to - from)) * columns);
  const column = columnOf(last);
  let [least, greatest] = [Number.NaN, Number.NaN];
  for (let row = last; row >= first && columnOf(row) === column; row -= 1) {
    const value = values[row] as number;
    if (!(least <= value) && !Number.isNaN(value)) least = value;
    if (!(greatest >= value) && !Number.isNaN(value)) greatest = value;
  }
  return { column, least, greatest };
}
