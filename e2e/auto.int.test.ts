import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startMigration, type RunningMigration } from '../src/engine/migration';
import { startBuiltinPair } from '../src/guest/builtin-pair';
import type { SamplePair } from '../src/shared/guest';
import { defaultSettings, type MigrationSettings } from '../src/shared/settings';
import type { CompressionCounts, WayCounts } from '../src/shared/snapshot';
import { type BundledWorkers, bundleWorkers } from './kit/bundled-workers';
import { monitor, samplePair } from './kit/pairs';
import { differingPages } from './kit/ram';
import { endWithTest, seen } from './kit/runs';

const mebibyte = 2 ** 20;
const memoryBytes = 64 * mebibyte;
let workers: BundledWorkers;

beforeAll(async () => {
  process.env['NODE_PATH'] = resolve('node_modules'); // the bundles lie outside the project
  workers = await bundleWorkers(['compress', 'decompress', 'builtin-guest']);
});
afterAll(() => workers.remove());

function migrate(pair: SamplePair, settings: Partial<MigrationSettings>): RunningMigration {
  const few = { method: 'auto', compressThreads: 2, paused: true } as const;
  return endWithTest(
    startMigration({ ...pair, settings: { ...defaultSettings, ...few, ...settings }, spawn: workers.spawn }),
  );
}

describe('a migration by auto', () => {
  it('takes more than one way between two QEMUs, says why, and arrives whole', async () => {
    const pair = await samplePair({ memoryBytes, rate: 'max', fillBytes: 32 * mebibyte });
    const run = migrate(pair, { maxBandwidth: 2e6, downtimeLimitMs: 2000 });
    const chosen = await seen(run, 'a choice', ({ compression: { ways = [] } }) => ways.length > 1);
    expect(chosen.settings.method).toBe('auto');
    expect(chosen.compression.reason).toBeTruthy();
    await run.control.change({ maxBandwidth: 0 });
    const { status, compression } = await run.finished;
    expect(status).toBe('completed');
    const { ways = [], rawBytes, compressedBytes, reason } = compression;
    expect(ways.reduce((sum, way) => sum + way.rawBytes, 0)).toBe(rawBytes);
    expect(ways.reduce((sum, way) => sum + way.compressedBytes, 0)).toBe(compressedBytes);
    expect(reason).toBeTruthy();
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
  });

  it('carries the stream as it comes where the limit is high, compresses again where it is low, and arrives whole', async () => {
    const pair = await samplePair({ memoryBytes, rate: 'max', fillBytes: 32 * mebibyte });
    const run = migrate(pair, { maxBandwidth: 2e6, downtimeLimitMs: 1 });
    await seen(run, 'pages by zstd', ({ compression }) => bytesBy(compression, isZstd) > 0);
    await run.control.change({ maxBandwidth: 125e6 });
    await seen(run, 'pages as they come', ({ compression }) => bytesBy(compression, goesAsItComes) > 0);
    await run.control.change({ maxBandwidth: 2e6 });
    const before = bytesBy(run.snapshot().compression, isZstd);
    const again = await seen(run, 'pages by zstd again', ({ compression }) => bytesBy(compression, isZstd) > before);
    expect(again.compression).not.toHaveProperty('asItComes');
    await run.control.change({ maxBandwidth: 0, downtimeLimitMs: 5000 });
    const { status, compression } = await run.finished;
    expect(status).toBe('completed');
    expect(bytesBy(compression, () => true)).toBe(compression.rawBytes);
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
  });

  it('stops compressing what does not get smaller', async () => {
    const pair = await startBuiltinPair({ memoryBytes, workload: 'random', seed: 3, rate: 4000, spawn: workers.spawn });
    onTestFinished(() => pair.stop());
    const run = migrate(pair, { maxBandwidth: 2e6, downtimeLimitMs: 1 });
    const { compression } = await seen(
      run,
      'nothing compressed',
      ({ compression: { reason } }) => reason === 'the data does not compress',
    );
    expect(compression.method).toBe('none');
  });

  it('is gone over to and left while it runs', async () => {
    const pair = await startBuiltinPair({ memoryBytes, workload: 'erp', seed: 3, spawn: workers.spawn });
    onTestFinished(() => pair.stop());
    const run = migrate(pair, { method: 'zlib', maxBandwidth: 1e6 });
    const fixed = await seen(run, 'pages by zlib', ({ wireClasses }) => wireClasses.normal > 100_000);
    expect(fixed.compression).toMatchObject({ method: 'zlib', level: 1 });
    expect(fixed.compression).not.toHaveProperty('reason');
    expect(await run.control.change({ method: 'auto', level: 6 })).toMatchObject({ method: 'auto', level: 6 });
    expect(run.snapshot().compression).toMatchObject({ method: 'zstd', level: 6, reason: 'starting at zstd 6' });
    await seen(run, 'pages by zstd', ({ compression }) => compression.ways?.some(isZstd) === true);
    const refused = run.control.change({ level: 0 });
    await expect(refused).rejects.toMatchObject({
      code: 'usage',
      message: 'Compression level: auto takes 1 to 19, got 0',
    });
    await run.control.change({ method: 'none' });
    expect(run.snapshot().compression).toMatchObject({ method: 'none' });
    await run.control.change({ maxBandwidth: 0, downtimeLimitMs: 2000 });
    expect(await run.finished).toMatchObject({ status: 'completed', compression: { method: 'none' } });
  });
});

function isZstd({ method }: WayCounts): boolean {
  return method === 'zstd';
}

function goesAsItComes({ asItComes }: WayCounts): boolean {
  return asItComes === true;
}

/** Page bytes that have gone such ways. */
function bytesBy({ ways = [] }: CompressionCounts, way: (way: WayCounts) => boolean): number {
  return ways.filter(way).reduce((sum, { rawBytes }) => sum + rawBytes, 0);
}
