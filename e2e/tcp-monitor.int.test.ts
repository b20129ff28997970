import { connect, createServer, type AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startMigration } from '../src/engine/migration';
import { defaultSettings } from '../src/shared/settings';
import { ownWorkers } from './kit/own-workers';
import { monitor } from './kit/pairs';
import { differingPages } from './kit/ram';
import { endWithTest } from './kit/runs';

const memoryBytes = 64 * 2 ** 20;
const own = ownWorkers('compress', 'decompress', 'builtin-guest');

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
    const pair = await own.builtinPair({ memoryBytes, workload: 'seed', seed: 5 });
    const [source, destination] = [await overTcp(pair.source, host), await overTcp(pair.destination, host)];
    const settings = { ...defaultSettings, compressThreads: 2, downtimeLimitMs: 5000, paused: true };
    const report = await endWithTest(startMigration({ source, destination, settings, spawn: own.spawn })).finished;
    expect(report.error).toBeUndefined();
    expect(report).toMatchObject({ status: 'completed', guestRunningOn: 'none' });
    const sides = [await monitor(pair.source), await monitor(pair.destination)] as const;
    expect(await differingPages(...sides, own.directory, memoryBytes)).toEqual([]);
  });
});
