import { SvelteSet } from 'svelte/reactivity';
import type { ExportFormat } from '../../shared/contract';
import type { RunList, RunSummary } from '../../shared/run-record';
import { call } from './bridge';

/** What a list can be sorted by. */
export const sortKeys = ['startedAt', 'guest', 'status', 'totalTimeMs', 'downtimeMs', 'wireBytes', 'ratio'] as const;
export type SortKey = (typeof sortKeys)[number];

/** A run's value for sorting; unknown sorts last. */
export function sortValue({ startedAt, guest, report }: RunSummary, key: SortKey): string | number | undefined {
  if (key === 'startedAt') return startedAt;
  if (key === 'guest') return guest;
  if (key === 'ratio') return report.wireBytes === 0 ? undefined : report.rawBytes / report.wireBytes;
  return report[key];
}

/** Runs in order, those whose value is not known last whichever way round. */
export function sorted(runs: readonly RunSummary[], key: SortKey, descending: boolean): readonly RunSummary[] {
  const side = descending ? -1 : 1;
  return [...runs].sort((a, b) => {
    const [x, y] = [sortValue(a, key), sortValue(b, key)];
    if (x === y) return 0;
    if (x === undefined) return 1;
    if (y === undefined) return -1;
    return x < y ? -side : side;
  });
}

/** Earlier runs as the history view shows them. */
export class RunHistory {
  #list = $state.raw<RunList>();
  readonly #selected = new SvelteSet<string>();
  filter = $state('');
  sortKey = $state<SortKey>('startedAt');
  descending = $state(true);

  /** Absent until they have been read. */
  get list(): RunList | undefined {
    return this.#list;
  }

  /** Those whose guest, outcome or method has the filter's text in it, in order. */
  readonly shown = $derived.by(() => {
    const text = this.filter.trim().toLowerCase();
    const found = (this.#list?.runs ?? []).filter(({ guest, report, settings }) =>
      `${guest} ${report.status} ${settings.method}`.toLowerCase().includes(text),
    );
    return sorted(found, this.sortKey, this.descending);
  });

  /** The selected runs, in the list's order. */
  readonly chosen = $derived.by(() => this.shown.filter(({ id }) => this.#selected.has(id)));

  isSelected(id: string): boolean {
    return this.#selected.has(id);
  }

  select(id: string, selected: boolean): void {
    if (selected) this.#selected.add(id);
    else this.#selected.delete(id);
  }

  /** Sorts by a column; by the same one again, the other way round. */
  sortBy(key: SortKey): void {
    this.descending = this.sortKey === key ? !this.descending : key !== 'guest' && key !== 'status';
    this.sortKey = key;
  }

  async load(): Promise<void> {
    this.#list = await call('listRuns');
  }

  async deleteChosen(): Promise<void> {
    await call('deleteRuns', { ids: this.chosen.map(({ id }) => id) });
    this.#selected.clear();
    await this.load();
  }

  /** Removes a file that could not be read, by its name. */
  async removeRefused(name: string): Promise<void> {
    await call('removeRefusedRun', { name });
    await this.load();
  }

  /** The file written; absent when the operator thought better of it. */
  exportChosen(format: ExportFormat): Promise<string | undefined> {
    return call('exportRuns', { ids: this.chosen.map(({ id }) => id), format });
  }
}
