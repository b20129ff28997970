import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { startMigration } from '../src/engine/migration';
import { startBuiltinPair } from '../src/guest/builtin-pair';
import { defaultSettings, type MigrationSettings } from '../src/shared/settings';
import type { Bottleneck } from '../src/shared/snapshot';
import { type BundledWorkers, bundleWorkers } from './kit/bundled-workers';
import { until } from './kit/until';

let workers: BundledWorkers;

beforeAll(async () => {
  process.env['NODE_PATH'] = resolve('node_modules'); // the bundles lie outside the project
  workers = await bundleWorkers(['compress', 'decompress', 'builtin-guest']);
});
afterAll(() => workers.remove());

it.each<[Bottleneck, Partial<MigrationSettings>]>([
  ['link', { maxBandwidth: 2e6 }],
  ['compressor', { level: 19 }],
])('names the %s where that is what holds a migration back', async (bottleneck, slow) => {
  const pair = await startBuiltinPair({ memoryBytes: 64 * 2 ** 20, workload: 'erp', seed: 3, spawn: workers.spawn });
  onTestFinished(() => pair.stop());
  const settings = { ...defaultSettings, compressThreads: 1, paused: true, ...slow };
  const run = startMigration({ ...pair, settings, spawn: workers.spawn });
  onTestFinished(async () => {
    run.cancel();
    await run.finished;
  });
  const shows = await until(() => {
    const snapshot = run.snapshot();
    return snapshot.bottleneck === bottleneck && snapshot;
  }, bottleneck);
  expect(shows.waitShares?.[bottleneck]).toBeGreaterThan(0.2);
  expect(shows.loopLagP99Ms).toBeGreaterThanOrEqual(0);
  await run.control.change({ maxBandwidth: 0, level: 1, downtimeLimitMs: 2000 });
  const { status, load } = await run.finished;
  expect(status).toBe('completed');
  expect(load?.waitShares[bottleneck]).toBeGreaterThan(0);
  expect(load?.workerBusyShare).toBeGreaterThan(0);
});
