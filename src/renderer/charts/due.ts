import type { Tops } from './axes';
import type { Tail } from './reach';
import type { Range } from './scale';

/** How a chart looks, as far as that changes while a run goes on: rows are only ever added, at its end. */
export interface Look {
  /** What its rows come from: another run's have nothing in common with them. */
  readonly source: ArrayBufferLike;
  /** How many there are; fewer than before are others, put together anew. */
  readonly rows: number;
  readonly range: Range;
  readonly tops: Tops;
  readonly rounds: readonly number[];
  readonly switchover: number | undefined;
  /** The end of each line. */
  readonly tails: readonly Tail[];
}

/** What nobody sees, pixels of the canvas. */
const unseen = 0.5;

/**
 * Whether a chart has to be drawn again to look as it should: its lines have come to another column of pixels, reach
 * further or less far in the one they were in, or what is around them has changed.
 *
 * @param height where a value of a line stands, pixels, in the chart as it was drawn
 */
export function isDue(before: Look, now: Look, height: (line: number, value: number) => number): boolean {
  if (before.source !== now.source || now.rows < before.rows) return true;
  if (before.range.from !== now.range.from || before.range.to !== now.range.to) return true;
  if (before.tops.left !== now.tops.left || before.tops.right !== now.tops.right) return true;
  if (before.rounds !== now.rounds || before.switchover !== now.switchover) return true;
  const apart = (line: number, one: number, other: number): boolean =>
    !Object.is(one, other) && !(Math.abs(height(line, one) - height(line, other)) < unseen);
  return now.tails.some(({ column, least, greatest }, line) => {
    const was = before.tails[line];
    return was?.column !== column || apart(line, was.least, least) || apart(line, was.greatest, greatest);
  });
}
