import { maxSeriesPoints, seriesColumns } from '../../shared/run-record';
import type { RunSeries, SeriesColumn } from '../../shared/run-record';
import type { Snapshot } from '../../shared/snapshot';

const figureOf: Readonly<Record<SeriesColumn, (snapshot: Snapshot) => number | undefined>> = {
  elapsedMs: ({ elapsedMs }) => elapsedMs,
  rounds: ({ rounds }) => rounds,
  guestRate: ({ guestRate }) => guestRate,
  wireRate: ({ wireRate }) => wireRate,
  remainingBytes: ({ remainingBytes }) => remainingBytes,
  dirtyRate: ({ dirtyRate }) => dirtyRate,
  expectedDowntimeLowMs: ({ expectedDowntimeMs }) => expectedDowntimeMs?.low,
  expectedDowntimeHighMs: ({ expectedDowntimeMs }) => expectedDowntimeMs?.high,
};

/**
 * Snapshots as a series of bounded length, however many there are: when it is full every second point is dropped, and
 * from then on half as many are taken. The first snapshot and the last are always in it.
 */
export class SeriesRecorder {
  #points: Snapshot[] = [];
  #stride = 1;
  #count = 0;
  #last: Snapshot | undefined;

  /** @param capacity points at most, 2 or more */
  constructor(private readonly capacity = maxSeriesPoints) {}

  add(snapshot: Snapshot): void {
    this.#last = snapshot;
    const index = this.#count++;
    if (index % this.#stride !== 0) return;
    if (this.#points.length === this.capacity - 1) {
      this.#points = this.#points.filter((_, each) => each % 2 === 0);
      this.#stride *= 2;
      if (index % this.#stride !== 0) return;
    }
    this.#points.push(snapshot);
  }

  series(): RunSeries {
    const ends = this.#last !== undefined && this.#last !== this.#points.at(-1);
    const points = ends ? [...this.#points, this.#last as Snapshot] : this.#points;
    const column = (name: SeriesColumn): readonly (number | null)[] =>
      points.map((point) => known(figureOf[name](point)));
    return Object.fromEntries(seriesColumns.map((name) => [name, column(name)])) as unknown as RunSeries;
  }
}

/** All figures are shown without decimals; whole numbers halve the file. */
function known(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? Math.round(value) : null;
}
