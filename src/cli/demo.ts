import { startBuiltinPair } from '../guest/builtin-pair';
import { formatBytes } from '../shared/units';
import { exitCodes } from './exit-codes';
import { migrate, type Surroundings } from './migrate';
import type { DemoRequest } from './program';
import { onStopSignal } from './signals';

/**
 * Starts the built-in guest and a destination for it, migrates it and ends both, whatever happens.
 * @returns the exit status
 */
export async function demo(request: DemoRequest, surroundings: Surroundings): Promise<number> {
  const { settings, json, ...sample } = request;
  // From before the first process until after the last: none of them may be left behind by a stop signal.
  let stopped = false;
  const release = onStopSignal(() => {
    stopped = true;
  });
  try {
    const pair = await startBuiltinPair({ ...sample, spawn: surroundings.spawn });
    try {
      if (stopped) return exitCodes.cancelled;
      const guest = `built-in guest (${sample.workload}, ${formatBytes(sample.memoryBytes)})`;
      return await migrate({ source: pair.source, destination: pair.destination, guest, settings, json }, surroundings);
    } finally {
      await pair.stop();
    }
  } finally {
    release();
  }
}
