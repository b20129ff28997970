import type { Column } from '../charts/columns';
import type { Shown } from '../charts/plot';
import { spanFor, zoomBy, zoomTo } from '../charts/scale';
import type { Range } from '../charts/scale';
import { nearest } from '../charts/series';
import type { Run } from './run.svelte';

/** The pictures are drawn no oftener. */
const drawIntervalMs = 100;

/** What all pictures of a run have in common: the part of the time in sight, the moment pointed at, and their pause. */
export class Pictures {
  readonly run: Run;
  #zoom = $state.raw<Range>();
  #pointed = $state<number>();
  /** How far the run had come when the picture was paused, seconds. */
  #pausedAt = $state<number>();
  #turn = $state(0);
  #waiting = false;
  #drawnAt = -Infinity;

  /** What is to be drawn now. */
  readonly shown: Shown<Column> = $derived.by(() => {
    void this.#turn;
    const { series, rounds, switchover } = this.run;
    const end = this.#end();
    const range = this.#zoom ?? { from: 0, to: spanFor(end) };
    return { frame: series.view(range.from, Math.min(range.to, end)), range, rounds, switchover };
  });

  constructor(run: Run) {
    this.run = run;
  }

  get zoomed(): boolean {
    return this.#zoom !== undefined;
  }

  /** Whether the picture stands still; the run goes on. */
  get paused(): boolean {
    return this.#pausedAt !== undefined;
  }

  /** The moment whose values are read, seconds; absent where they are the latest. */
  get pointed(): number | undefined {
    return this.#pointed;
  }

  /** There is more to draw: soon, and with the screen. Nothing is drawn while nobody can see it. */
  wake(): void {
    if (this.#waiting || this.paused) return;
    this.#waiting = true;
    const wait = Math.max(0, this.#drawnAt + drawIntervalMs - performance.now());
    setTimeout(() => {
      requestAnimationFrame(() => {
        this.#waiting = false;
        this.#drawnAt = performance.now();
        if (!this.paused) this.#turn += 1;
      });
    }, wait);
  }

  setPaused(paused: boolean): void {
    this.#pausedAt = paused ? this.#end() : undefined;
    if (!paused) this.#turn += 1;
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

  /** A column's value at the moment pointed at, or else the latest; absent where it is not known. */
  value(column: Column): number | undefined {
    void this.run.shown; // the latest are read as often as the other figures are shown
    if (this.#pointed === undefined) return this.run.series.latest(column);
    const { frame } = this.shown;
    const value = frame.values[column][nearest(frame.time, this.#pointed)];
    return Number.isNaN(value) ? undefined : value;
  }

  #end(): number {
    return this.#pausedAt ?? this.run.series.end ?? 0;
  }
}
