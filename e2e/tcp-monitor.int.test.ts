import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startMigration } from '../src/engine/migration';
import { startBuiltinPair } from '../src/guest/builtin-pair';
import { defaultSettings } from '../src/shared/settings';
import { type BundledWorkers, bundleWorkers } from './kit/bundled-workers';
import { monitor } from './kit/pairs';
import { differingPages } from './kit/ram';
import { endWithTest } from './kit/runs';

const memoryBytes = 64 * 2 ** 20;
let workers: BundledWorkers;
let directory: string;

beforeAll(async () => {
  process.env['NODE_PATH'] = resolve('node_modules'); // the bundles lie outside the project
  workers = await bundleWorkers(['compress', 'decompress', 'builtin-guest']);
  directory = mkdtempSync(join(tmpdir(), 'wherry-test-'));
});
afterAll(() => {
  workers.remove();
  rmSync(directory, { recursive: true });
});

/** The monitor at a unix socket, reached over TCP. */
async function overTcp(address: string, host: string): Promise<string> {
  const server = createServer((near) => {
    const far = connect(address.replace(/^unix:/, ''));
    pipeline(near, far, near, () => undefined);
  });
  await new Promise<void>((listening) => server.listen(0, host, listening));
  onTestFinished(() => void server.close());
  return `tcp:${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
}

describe('a migration whose monitors are reached over TCP', () => {
  it.each(['127.0.0.1', '::1'])('takes the stream of the source whose monitor it is (%s)', async (host) => {
    const pair = await startBuiltinPair({ memoryBytes, workload: 'seed', seed: 5, spawn: workers.spawn });
    onTestFinished(() => pair.stop());
    const [source, destination] = [await overTcp(pair.source, host), await overTcp(pair.destination, host)];
    const settings = { ...defaultSettings, compressThreads: 2, paused: true };
    const report = await endWithTest(startMigration({ source, destination, settings, spawn: workers.spawn })).finished;
    expect(report.error).toBeUndefined();
    expect(report).toMatchObject({ status: 'completed', guestRunningOn: 'none' });
    const sides = [await monitor(pair.source), await monitor(pair.destination)] as const;
    expect(await differingPages(...sides, directory, memoryBytes)).toEqual([]);
  });
});
