import type { Column } from '../charts/columns';
import type { Shown } from '../charts/plot';
import { spanFor } from '../charts/scale';
import { valueAt } from '../charts/series';
import type { Run } from './run.svelte';
import { Sight } from './sight.svelte';

/** The pictures are drawn no oftener: a frame of the screen less than samples are apart, or some would wait for the next. */
const drawIntervalMs = 80;

/** What the pictures of a run show, and whether they stand still. */
export class Pictures {
  readonly run: Run;
  readonly sight = new Sight(() => this.end);
  /** How far the run had come when the pictures were frozen, seconds. */
  #frozenAt = $state<number>();
  #turn = $state(0);
  #waiting = false;
  #drawnAt = -Infinity;

  /** What is to be drawn now. */
  readonly shown: Shown<Column> = $derived.by(() => {
    void this.#turn;
    const { series, rounds, switchover } = this.run;
    const { end } = this;
    const range = this.sight.chosen ?? { from: 0, to: spanFor(end) };
    return { frame: series.view(range.from, Math.min(range.to, end)), range, rounds, switchover };
  });

  constructor(run: Run) {
    this.run = run;
  }

  /** How far there is anything to see, seconds. */
  get end(): number {
    return this.#frozenAt ?? this.run.series.end ?? 0;
  }

  /** Whether the pictures stand still; the run goes on. */
  get frozen(): boolean {
    return this.#frozenAt !== undefined;
  }

  /** There is more to draw: soon, and with the screen. Nothing is drawn while nobody can see it. */
  wake(): void {
    if (this.#waiting || this.frozen) return;
    this.#waiting = true;
    const wait = Math.max(0, this.#drawnAt + drawIntervalMs - performance.now());
    setTimeout(() => {
      requestAnimationFrame(() => {
        this.#waiting = false;
        this.#drawnAt = performance.now();
        if (!this.frozen) this.#turn += 1;
      });
    }, wait);
  }

  setFrozen(frozen: boolean): void {
    this.#frozenAt = frozen ? this.end : undefined;
    if (!frozen) this.#turn += 1;
  }

  /** A column's value at the moment pointed at, or else the latest that is drawn; absent where it is not known. */
  value(column: Column): number | undefined {
    void this.run.shown; // the latest are read as often as the other figures are shown
    const pointed = this.sight.pointed ?? this.#frozenAt;
    return pointed === undefined ? this.run.series.latest(column) : valueAt(this.shown.frame, column, pointed);
  }
}
