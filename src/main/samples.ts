import { startBuiltinPair } from '../guest/builtin-pair';
import { findQemu, startQemuPair } from '../guest/qemu-pair';
import { defaultFill, sampleDefaults } from '../guest/qemu-sample';
import { sampleKinds } from '../shared/guest';
import type { SampleKind, SamplePair } from '../shared/guest';
import type { SampleRequest } from './guests';
import { spawnUtility } from './spawn-utility';

/** The samples this machine can start: the built-in always, the QEMU pair when QEMU is installed. */
export function availableSamples(): readonly SampleKind[] {
  return sampleKinds.filter((kind) => kind === 'builtin' || findQemu() !== undefined);
}

/** Starts a sample guest and the destination waiting for it. */
export function startSample({ kind, memoryBytes, workload }: SampleRequest): Promise<SamplePair> {
  if (kind === 'qemu') {
    return startQemuPair({ memoryBytes, rate: sampleDefaults.rate, fillBytes: defaultFill(memoryBytes) });
  }
  return startBuiltinPair({ memoryBytes, workload, spawn: spawnUtility });
}
