import Table from 'cli-table3';
import type { RefusedFile } from '../shared/profile';
import { fit, gap, type Narrowing } from './fit';
import { sizeOf, writeLine, type Streams, type TextStream } from './streams';

const noLines = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '',
  bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: gap,
}; // prettier-ignore

/**
 * Writes columns under their names, without lines.
 * @param narrowing what gives way on a terminal that is too narrow; whatever reads a file or a pipe is given everything
 */
export function writeTable(
  stream: TextStream,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  narrowing?: Omit<Narrowing, 'width'>,
): void {
  const all = [head, ...rows.map((row) => row.map(printable))];
  const seen = narrowing !== undefined && stream.isTTY === true;
  const [names = [], ...cells] = seen ? fit(all, { ...narrowing, width: sizeOf(stream).columns }) : all;
  const table = new Table({
    head: [...names],
    chars: noLines,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...cells.map((row) => [...row]));
  for (const line of table.toString().split('\n')) writeLine(stream, line.trimEnd());
}

/** Stored text on one line and without what a terminal would obey: some of it comes from other hosts. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** Names the files that could not be read, and why. */
export function writeRefused({ err }: Streams, refused: readonly RefusedFile[]): void {
  for (const { file, reason } of refused) writeLine(err, printable(`not read: ${file}: ${reason}`));
}
