import { performance } from 'node:perf_hooks';
import type { Tried } from './job';
import { methodTable, type MethodAt } from './methods';

/** Most bytes a way of compressing is tried on: enough to tell two apart, little enough to hold nothing up. */
const maxSampleBytes = 128 * 1024;

/** Compresses the middle of a part in several ways, one after another, to see what each would make of it. */
export async function tryWays(part: Buffer, ways: readonly MethodAt[]): Promise<Tried> {
  const sampleBytes = Math.min(part.length, maxSampleBytes);
  const from = Math.floor((part.length - sampleBytes) / 2);
  const sample = part.subarray(from, from + sampleBytes);
  const results: { bytes: number; ms: number }[] = [];
  for (const { method, level } of ways) {
    const start = performance.now();
    const frame = await methodTable[method].compress(sample, level);
    results.push({ bytes: Math.min(frame.length, sampleBytes), ms: performance.now() - start });
  }
  return { sampleBytes, results };
}
