import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { startBuiltinPair } from '../../src/guest/builtin-pair';
import type { SamplePair } from '../../src/shared/guest';
import { type BundledWorkers, bundleWorkers } from './bundled-workers';

/**
 * Pairs of busy built-in guests with so many bytes of memory, for the tests of one file: call this once, outside of
 * them. Each pair is gone after its test.
 */
export function builtinPairs(memoryBytes: number): () => Promise<SamplePair> {
  let workers: BundledWorkers;
  beforeAll(async () => {
    workers = await bundleWorkers(['builtin-guest']);
  });
  afterAll(() => workers.remove());
  return async () => {
    const pair = await startBuiltinPair({ memoryBytes, workload: 'erp', seed: 3, spawn: workers.spawn });
    onTestFinished(() => pair.stop());
    return pair;
  };
}
