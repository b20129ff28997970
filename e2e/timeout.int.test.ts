import { describe, expect, it } from 'vitest';
import { startMigration } from '../src/engine/migration';
import type { SamplePair } from '../src/shared/guest';
import { defaultSettings, type TimeoutAction } from '../src/shared/settings';
import type { Report, Snapshot } from '../src/shared/snapshot';
import { ownWorkers } from './kit/own-workers';
import { expectStatus, monitor, samplePair } from './kit/pairs';
import { differingPages } from './kit/ram';

const mebibyte = 2 ** 20;
const memoryBytes = 64 * mebibyte;
const own = ownWorkers('compress', 'decompress', 'builtin-guest');

/** Guests that write more than is carried, so that nothing but the timeout ends their migration. */
const restless: readonly (readonly [string, () => Promise<SamplePair>])[] = [
  ['the built-in guest', () => own.builtinPair({ memoryBytes, workload: 'random', rate: 4000 })],
  ['a guest in QEMU', () => samplePair({ memoryBytes, rate: 'max', fillBytes: 32 * mebibyte })],
];

async function migrate(
  pair: SamplePair,
  onTimeout: TimeoutAction,
): Promise<{ report: Report; notices: Set<string | undefined> }> {
  const slow = {
    method: 'none',
    xbzrleCacheBytes: 0,
    maxBandwidth: 6e6,
    downtimeLimitMs: 1,
    compressThreads: 2,
  } as const;
  const settings = { ...defaultSettings, ...slow, timeoutMs: 3000, onTimeout, paused: true };
  const notices = new Set<Snapshot['notice']>();
  const onSnapshot = ({ notice }: Snapshot): void => void notices.add(notice);
  return { report: await startMigration({ ...pair, settings, spawn: own.spawn, onSnapshot }).finished, notices };
}

describe.each(restless)('a migration of %s that takes too long', (_, start) => {
  it('is cancelled by its timeout, the guest running on where it was', async () => {
    const pair = await start();
    const { report, notices } = await migrate(pair, 'cancel');
    const error = { code: 'timed-out', message: 'no switchover within the timeout of 3.0 s' };
    expect(report).toMatchObject({ status: 'cancelled', guestRunningOn: 'source', timedOut: 'cancel', error });
    expect(report.totalTimeMs).toBeGreaterThanOrEqual(3000);
    expect(notices).toContain('no switchover within the timeout of 3.0 s: cancelling');
    await expectStatus(await monitor(pair.source), 'running');
  });

  it('is switched over by its timeout where that was asked for, and arrives whole', async () => {
    const pair = await start();
    const { report } = await migrate(pair, 'force');
    expect(report).toMatchObject({ status: 'completed', guestRunningOn: 'none', timedOut: 'force' });
    expect(report).not.toHaveProperty('error');
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, destination, own.directory, memoryBytes)).toEqual([]);
  });
});
