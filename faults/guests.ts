import { childrenOf } from '../e2e/kit/processes';
import { spawnChild } from '../src/cli/spawn-child';
import { startBuiltinPair } from '../src/guest/builtin-pair';
import { startQemuPair } from '../src/guest/qemu-pair';
import { QmpClient } from '../src/engine/qmp/client';
import { queryStatus } from '../src/engine/qmp/migrate';
import type { SamplePair } from '../src/shared/guest';
import type { Seen } from './judge';
import type { Plan } from './plan';

export const memoryBytes = 64 * 2 ** 20;

export type Side = 'source' | 'destination';

/** A guest and who waits for it. */
export interface Guests {
  readonly pair: SamplePair;
  /** The process of either side. */
  readonly pid: Readonly<Record<Side, number>>;
}

/** Starts a guest that writes all the time; QEMU's under TCG is the boot sector, whose writes are all sent. */
export async function startGuests(kind: Plan['guest'], seed: number): Promise<Guests> {
  if (kind === 'qemu') {
    const pair = await startQemuPair({ memoryBytes, rate: 20, fillBytes: 16 * 2 ** 20 });
    return { pair, pid: { source: pair.sides.source.process.pid, destination: pair.sides.destination.process.pid } };
  }
  const before = new Set(childrenOf(process.pid, 'builtin-guest.cjs'));
  const pair = await startBuiltinPair({ memoryBytes, workload: 'erp', seed, spawn: spawnChild });
  const started = (side: Side): number =>
    childrenOf(process.pid, `builtin-guest.cjs builtin-${side}`).find((pid) => !before.has(pid)) ?? 0;
  return { pair, pid: { source: started('source'), destination: started('destination') } };
}

/** What a side's monitor says of its guest. */
export async function look(address: string): Promise<Seen> {
  try {
    const monitor = await QmpClient.connect(address);
    try {
      return (await queryStatus(monitor)).status;
    } finally {
      monitor.close();
    }
  } catch {
    return 'gone';
  }
}
