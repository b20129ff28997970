import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinPairs } from './kit/builtin-pairs';
import { expectCompleted, migrateWords } from './kit/matrix';
import { expectCountedOn, expectStatus, expectSweepsWhole, monitor, samplePair } from './kit/pairs';
import { differingPages } from './kit/ram';
import { startReceive } from './kit/receive';
import { runWherry, type WherryRun } from './kit/wherry';

const mebibyte = 2 ** 20;
const memoryBytes = 64 * mebibyte;
const way = { method: 'zstd', xbzrle: 'on', policy: 'adaptive' } as const;
const busyPair = builtinPairs(memoryBytes);
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'wherry-test-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Bytes of each channel as they were reported last; every one of them carried parts. */
function expectStriped(run: WherryRun, channels: number): void {
  const reported = run.events.map(({ channelBytes }) => channelBytes).filter(Array.isArray);
  const last = (reported.at(-1) ?? []) as number[];
  expect(last).toHaveLength(channels);
  expect(last.filter((bytes) => bytes > 4096)).toHaveLength(channels);
  expect(last.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(run.result?.wireBytes ?? 0);
}

describe('a migration over several channels', () => {
  it.each([2, 16])('brings a built-in guest whole: %d of them', async (channels) => {
    const pair = await busyPair();
    const words = ['--channels', String(channels), '--paused', '--max-bandwidth', '200Mbit'];
    const run = await runWherry([...migrateWords(pair, way), ...words]);
    const report = expectCompleted(run, way);
    expectStriped(run, channels);
    // However slow the machine, all channels together kept to the limit; the grain is what a snapshot may be late.
    expect(report.wireBytes).toBeLessThanOrEqual(25e6 * (report.totalTimeMs / 1000 + 0.05));

    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, destination, directory, memoryBytes)).toEqual([]);
  });

  it('brings a QEMU guest whole', async () => {
    const pair = await samplePair({ memoryBytes, rate: 'max', fillBytes: 16 * mebibyte });
    const run = await runWherry([...migrateWords(pair, way), '--channels', '4', '--paused']);
    expect(expectCompleted(run, way).guestRunningOn).toBe('none');
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
  });

  it('to a receiver leaves the guest running there, on the one port', async () => {
    const pair = await samplePair({ memoryBytes, rate: 'max', fillBytes: 16 * mebibyte });
    const receiver = await startReceive(pair.destination, '--once');
    const words = migrateWords({ source: pair.source, destination: receiver.url }, way);
    const run = await runWherry([...words, '--channels', '4', '--max-bandwidth', '400Mbit']);
    expect(expectCompleted(run, way).guestRunningOn).toBe('destination');
    expectStriped(run, 4);
    expect(await receiver.event('session')).toMatchObject({ kind: 'migrate', status: 'delivered' });
    expect(await receiver.ended).toBe(0);

    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    await expectStatus(source, 'postmigrate');
    await expectStatus(destination, 'running');
    await expectCountedOn(pair);
    await expectSweepsWhole(pair, destination);
  });
});
