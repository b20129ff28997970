import type { RefusedFile } from './profile';
import type { MigrationSettings } from './settings';
import type { Report } from './snapshot';

/** What a run's series holds, in the order it is exported in; figures as in `Snapshot`. */
export const seriesColumns = [
  'elapsedMs',
  'rounds',
  'guestRate',
  'wireRate',
  'remainingBytes',
  'dirtyRate',
  'expectedDowntimeLowMs',
  'expectedDowntimeHighMs',
] as const;
export type SeriesColumn = (typeof seriesColumns)[number];

/** Points of a run's series at most. */
export const maxSeriesPoints = 600;

/** Figures over time, all columns equally long; null is unknown. */
export type RunSeries = Readonly<Record<SeriesColumn, readonly (number | null)[]>>;

/** A finished run as the history lists it: what was asked for, and what came of it. */
export interface RunSummary {
  /** Sorts by start: `20260131T235959123Z-1a2b3c4d`. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** What the guest was called, or the source's address. */
  readonly guest: string;
  readonly source: string;
  readonly destination: string;
  /** As the run was started. */
  readonly settings: MigrationSettings;
  /** In force at the end, where they had been changed while it ran. */
  readonly changedSettings?: Partial<MigrationSettings>;
  /** Prediction and measurement both: `expectedDowntimeBandMs` beside `downtimeMs`. */
  readonly report: Report;
}

/** A finished run with its figures over time. */
export interface RunRecord extends RunSummary {
  readonly series: RunSeries;
}

/** Runs that fit side by side. */
export const comparable = { min: 2, max: 4 } as const;

/** The history, newest first. */
export interface RunList {
  readonly runs: readonly RunSummary[];
  readonly refused: readonly RefusedFile[];
}
