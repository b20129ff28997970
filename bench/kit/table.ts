import CliTable from 'cli-table3';
import type { Table } from './result';

const numeric = /^[\d.,<>≥≤–-]+( ?[%a-zA-Z×/]+)?$/;

/** A table for the terminal, its numbers to the right. */
export function tableText({ title, head, rows }: Table): string {
  const colAligns = head.map((_, column) => {
    const cells = rows.map((row) => row[column] ?? '').filter((cell) => cell !== '');
    return column > 0 && cells.every((cell) => numeric.test(cell)) ? ('right' as const) : ('left' as const);
  });
  const table = new CliTable({ head: [...head], colAligns, style: { head: [], border: [], compact: true } });
  table.push(...rows.map((row) => [...row]));
  return `${title}\n${table.toString()}`;
}

/** A number with three digits, or a dash. */
export function digits(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

/** Milliseconds as seconds. */
export const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : (ms / 1000).toFixed(1));

/** A share as per cent. */
export const percent = (share: number | undefined): string =>
  share === undefined ? '–' : `${(100 * share).toFixed(1)} %`;
