import { pageBytes } from '../shared/settings';
import type { MigrateInfo } from './qmp/migrate';

/** QEMU works its rate out at dirty syncs, and again only at one that comes this long after the last, ms. */
const syncApartMs = 1000;

/**
 * Bytes dirtied a second, as the source says. A source says 0 until it has worked a rate out
 * (`migration_bitmap_sync`), which is to say that it does not know: so 0 counts only once there has been a rate, or a
 * dirty sync late enough for one.
 */
export class DirtyRate {
  #began: number | undefined;
  #syncs = 0;
  #rate: number | undefined;

  /** Absent as long as nobody knows. */
  get perSecond(): number | undefined {
    return this.#rate;
  }

  /** Takes an answer of the source, in the order they came; `counted` are its dirty syncs where it does not say. */
  take({ ram }: MigrateInfo, counted: number, nowMs: number): void {
    if (ram === undefined) return;
    this.#began ??= nowMs;
    const { 'dirty-pages-rate': pages, 'dirty-sync-count': syncs = counted, 'page-size': size = pageBytes } = ram;
    // The count goes up before the rate is there: one answer of a round may come between the two.
    const late = syncs === this.#syncs && nowMs - this.#began > 2 * syncApartMs;
    this.#syncs = syncs;
    if (pages === undefined || syncs < 2) return;
    if (pages > 0 || this.#rate !== undefined || late) this.#rate = pages * size;
  }
}
