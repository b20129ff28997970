import type { EndState } from '../shared/state';
import type { Report } from '../shared/snapshot';

/** The command's exit statuses; other tools depend on them. */
export const exitCodes = {
  completed: 0,
  failed: 1,
  usage: 2,
  uncertain: 3,
  cancelled: 130,
  /** As of a program that SIGPIPE has ended: nobody read on. */
  unread: 141,
} as const satisfies Record<EndState | 'usage' | 'unread', number>;

/** A run that never began because of what was asked for is a usage error, whatever its status. */
export function exitCodeOf(report: Report): number {
  if (report.status === 'failed' && report.error?.code === 'usage') return exitCodes.usage;
  return exitCodes[report.status];
}
