import { zoomBy, zoomTo } from '../charts/scale';
import type { Range } from '../charts/scale';

/** What charts on one time axis have in common: the part of the time in sight, and the moment pointed at. */
export class Sight {
  readonly #end: () => number;
  #zoom = $state.raw<Range>();
  #pointed = $state<number>();

  /** @param end how far there is anything to see, seconds */
  constructor(end: () => number) {
    this.#end = end;
  }

  /** The part that was chosen; absent where all is in sight. */
  get chosen(): Range | undefined {
    return this.#zoom;
  }

  /** The moment whose values are read, seconds; absent where they are the latest. */
  get pointed(): number | undefined {
    return this.#pointed;
  }

  /** Shows a part of the time; nothing is all of it. */
  zoom(range: Range | undefined): void {
    this.#zoom = range && zoomTo(range, this.#end());
  }

  /** Wider (above 1) or narrower, around what is pointed at or else the middle. */
  zoomBy(factor: number): void {
    const { from, to } = this.#zoom ?? { from: 0, to: this.#end() };
    this.#zoom = zoomBy({ from, to }, factor, this.#pointed ?? (from + to) / 2, this.#end());
  }

  point(time: number | undefined): void {
    this.#pointed = time === undefined ? undefined : Math.max(0, Math.min(time, this.#end()));
  }
}
