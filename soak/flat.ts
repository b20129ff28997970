/** What one process held after each run, in order. */
export type Samples = Readonly<Record<Figure, readonly number[]>>;

/** What must not grow; bytes are in `rss` and `pss` (its own, and its share of what it has in common with others). */
export const figures = ['rss', 'pss', 'fds', 'threads', 'children'] as const;
export type Figure = (typeof figures)[number];

/** How a figure went over the second half of the runs, the first being for what is set up once. */
export interface Course {
  readonly figure: Figure;
  readonly first: number;
  /** Median of the second half. */
  readonly median: number;
  /** What the second half grew by in all, by its slope. */
  readonly growth: number;
  /** What it may grow by: what a heap breathes, and less than one of what is counted. */
  readonly allowed: number;
  readonly isFlat: boolean;
}

/** Memory may seem to grow by this share of itself: collections come when they come. */
const breath = 0.05;

/** Judges a figure; needs at least four samples. */
export function courseOf(figure: Figure, samples: readonly number[]): Course {
  const half = samples.slice(Math.floor(samples.length / 2));
  const middle = median(half);
  const growth = slopeOf(half) * (half.length - 1);
  const allowed = figure === 'rss' || figure === 'pss' ? middle * breath : 0.9;
  return { figure, first: samples[0] ?? NaN, median: middle, growth, allowed, isFlat: growth <= allowed };
}

/** The median of the slopes between all pairs (Theil and Sen): single samples that stand out do not turn it. */
export function slopeOf(samples: readonly number[]): number {
  const slopes: number[] = [];
  for (let i = 0; i < samples.length; i++) {
    for (let j = i + 1; j < samples.length; j++) {
      slopes.push(((samples[j] as number) - (samples[i] as number)) / (j - i));
    }
  }
  return median(slopes);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle - 1)] ?? NaN)) / 2;
}
