import type { Report, Snapshot } from '../shared/snapshot';

/** A snapshot as the command's `progress` object: one number for the downtime, as in `result`, with the band beside it. */
export function progressEvent(snapshot: Snapshot): Readonly<Record<string, unknown>> {
  const { expectedDowntimeMs: band } = snapshot;
  // What is undefined does not get into JSON; the settings stay as they were given.
  return {
    event: 'progress',
    ...snapshot,
    settings: undefined,
    expectedDowntimeMs: band?.high,
    expectedDowntimeBandMs: band,
  };
}

/** The keys of `result` in the order they are written; other tools depend on them. */
export const resultKeys = [
  'status',
  'totalTimeMs',
  'downtimeMs',
  'downtimeErrorMs',
  'downtimeLimitMs',
  'expectedDowntimeMs',
  'expectedDowntimeBandMs',
  'setupTimeMs',
  'reconnects',
  'rounds',
  'wireBytes',
  'rawBytes',
  'totalBytes',
  'throughputMbps',
  'pages',
  'cache',
  'compression',
  'load',
  'link',
  'guestRunningOn',
  'verdict',
  'timedOut',
  'error',
] as const satisfies readonly (keyof Report)[];

/** A report as the command's last line; what is unknown is absent. */
export function resultEvent(report: Report): Readonly<Record<string, unknown>> {
  const known = resultKeys.filter((key) => report[key] !== undefined).map((key) => [key, report[key]] as const);
  return { event: 'result', ...Object.fromEntries(known) };
}
