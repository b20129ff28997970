import wrapAnsi from 'wrap-ansi';

/** What a table gives up where a terminal has too few columns for it. */
export interface Narrowing {
  /** Characters of a line there are. */
  readonly width: number;
  /** The column whose cells are broken into lines, by its place from 0. */
  readonly broken: number;
  /** Columns that are left out, the first one first; the others have narrow cells in letters of one column. */
  readonly spare: readonly number[];
}

/** Between two columns. */
export const gap = '  ';
/** Fewer have no room for a word. */
const narrowest = 12;

/** The rows of a table, its head first, so that they fit: columns are left out before cells are broken to bits. */
export function fit(rows: readonly (readonly string[])[], { width, broken, spare }: Narrowing): string[][] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const least = widths.map((own, column) => (column === broken ? Math.min(own, narrowest) : own) + gap.length);
  let need = least.reduce((sum, own) => sum + own, -gap.length);
  const left = new Set<number>();
  for (const column of spare) {
    if (need <= width) break;
    left.add(column);
    need -= least[column] ?? 0;
  }
  const room = Math.max(narrowest, width - need + (least[broken] ?? 0) - gap.length);
  return rows.map((row) =>
    row.flatMap((cell, column) => {
      if (left.has(column)) return [];
      return column === broken ? wrapAnsi(cell, room, { hard: true }) : cell;
    }),
  );
}
