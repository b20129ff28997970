import { pageBytes } from '../shared/settings';
import type { OutgoingMigration } from './outgoing';
import type { Precopy } from './precopy';

/** The answer to `query-migrate`, in QEMU's names and units. */
export type MigrationReport = Readonly<Record<string, unknown>>;

/** What `query-migrate` says of a migration away from here; times are of `performance.now()`. */
export function sourceReport(migration: OutgoingMigration, nowMs: number): MigrationReport {
  const { status, precopy, errorText, times } = migration;
  if (status === 'failed') return errorText === undefined ? { status } : { status, 'error-desc': errorText };
  if (precopy === undefined || status === 'setup' || status === 'cancelled') return { status };
  const done = status === 'completed';
  const totalMs = (done ? times.endMs : nowMs) - times.startMs;
  const { throttle } = migration.machine.cpu;
  return {
    status,
    'total-time': Math.round(totalMs),
    'setup-time': Math.round(times.setupMs),
    ...(done
      ? { downtime: Math.round(times.endMs - times.stopMs) }
      : { 'expected-downtime': precopy.expectedDowntimeMs ?? migration.tuning.number('downtime-limit') }),
    ram: ramReport(precopy, done ? precopy.output.queuedBytes / Math.max(1, totalMs - times.setupMs) : undefined),
    ...(throttle > 0 ? { 'cpu-throttle-percentage': Math.round(throttle) } : {}),
  };
}

/** @param meanBytesPerMs over the whole run, once it is over; before that the last window's is shown */
function ramReport(precopy: Precopy, meanBytesPerMs: number | undefined): MigrationReport {
  const { ram, output, machine } = precopy;
  const bytesPerMs = meanBytesPerMs ?? precopy.bytesPerMs ?? 0;
  return {
    transferred: output.queuedBytes,
    remaining: precopy.remainingBytes,
    total: machine.memory.bytes.length,
    duplicate: ram.duplicate,
    skipped: 0,
    normal: ram.normal,
    'normal-bytes': ram.normal * pageBytes,
    'dirty-pages-rate': precopy.dirtyPagesPerSecond ?? 0,
    'dirty-sync-count': precopy.syncs,
    'page-size': pageBytes,
    mbps: (bytesPerMs * 8) / 1000,
  };
}
