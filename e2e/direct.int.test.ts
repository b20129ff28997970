import { describe, expect, it } from 'vitest';
import { startMigration } from '../src/engine/migration';
import { setCapabilities } from '../src/engine/qmp/migrate';
import type { QemuPair } from '../src/guest/qemu-pair';
import { defaultSettings, type MigrationSettings } from '../src/shared/settings';
import type { Snapshot } from '../src/shared/snapshot';
import { expectCountedOn, expectCounting, expectStatus, expectSweepsWhole, monitor, samplePair } from './kit/pairs';
import { differingPages } from './kit/ram';
import { endWithTest, seen } from './kit/runs';
import { runWherry } from './kit/wherry';

const mebibyte = 2 ** 20;
const memoryBytes = 64 * mebibyte;
const busyPair = () => samplePair({ memoryBytes, rate: 'max', fillBytes: 16 * mebibyte });

const noWorker = (): never => {
  throw new Error('nothing needs a worker here');
};

/** Makes a destination wait as `-incoming unix:…` would; its address. */
async function incoming(pair: QemuPair): Promise<string> {
  const uri = `unix:${pair.directory}/incoming`;
  const destination = await monitor(pair.destination);
  await setCapabilities(destination, { events: true });
  await destination.execute('migrate-incoming', { uri });
  destination.close();
  return uri;
}

describe('wherry migrate --direct', () => {
  it.each([
    ['all of it', '64MiB', 'adaptive'],
    ['less than is written', '4MiB', 'lru'],
    ['one page', '4KiB', 'lru'],
    ['nothing', '0', 'lru'],
  ])('arrives whole at an unmodified QEMU with a cache for %s', async (_, cache, policy) => {
    const pair = await busyPair();
    const ends = ['--source', pair.source, '--destination', await incoming(pair)];
    const limits = ['--xbzrle-cache', cache, '--cache-policy', policy, '--downtime-limit', '2s'];
    const run = await runWherry(['migrate', '--direct', ...ends, ...limits, '--json']);
    expect(run.result, run.stderr).toMatchObject({ status: 'completed', guestRunningOn: 'unknown' });
    expect(run.code).toBe(0);
    if (cache === '64MiB') expect(run.result?.pages.xbzrle).toBeGreaterThan(0);

    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    await expectStatus(source, 'postmigrate');
    await expectStatus(destination, 'paused');
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
    await destination.execute('cont');
    await expectCountedOn(pair);
    await expectSweepsWhole(pair, destination);
  });

  it('goes on with deltas that QEMU takes while its cache grows and shrinks', async () => {
    const pair = await busyPair();
    const slow = { maxBandwidth: 8e6, downtimeLimitMs: 1, xbzrleCacheBytes: 8 * mebibyte };
    const settings: MigrationSettings = { ...defaultSettings, method: 'none', ...slow };
    const destination = await incoming(pair);
    const run = endWithTest(
      startMigration({ source: pair.source, destination, direct: true, settings, spawn: noWorker }),
    );
    await seen(run, 'rounds', ({ rounds }) => rounds >= 2);
    for (const xbzrleCacheBytes of [
      48 * mebibyte,
      20 * mebibyte,
      3 * mebibyte,
      0,
      4096,
      32 * mebibyte,
      18 * mebibyte,
    ]) {
      expect((await run.control.change({ xbzrleCacheBytes })).xbzrleCacheBytes).toBe(xbzrleCacheBytes);
      const before = run.snapshot();
      expect(before.settings.xbzrleCacheBytes).toBe(xbzrleCacheBytes);
      expect(before.cache.size).toBe(xbzrleCacheBytes);
      const holdsAll = xbzrleCacheBytes > 16 * mebibyte; // what the guest sweeps
      const moved = ({ pages }: Snapshot): number => pages.xbzrle + (holdsAll ? 0 : pages.normal + pages.unchanged);
      await seen(run, `pages with ${xbzrleCacheBytes} bytes`, (now) => moved(now) > moved(before) + 1500);
    }
    await run.control.change({ maxBandwidth: 0 });
    await run.control.forceSwitchover();
    const report = await run.finished;
    expect(report.error).toBeUndefined();
    expect(report).toMatchObject({ status: 'completed', cache: { size: 18 * mebibyte } });
    expect(report.cache.evictions).toBeGreaterThan(0);
    const sides = [await monitor(pair.source), await monitor(pair.destination)] as const;
    expect(await differingPages(...sides, pair.directory, memoryBytes)).toEqual([]);
    await sides[1].execute('cont');
    await expectSweepsWhole(pair, sides[1]);
  });

  it('leaves the guest on the source when the destination is killed', async () => {
    const pair = await samplePair({ memoryBytes, rate: 20, fillBytes: 32 * mebibyte });
    const ends = ['--source', pair.source, '--destination', await incoming(pair)];
    const run = await runWherry(['migrate', '--direct', ...ends, '--max-bandwidth', '4MB/s', '--json'], (child) => {
      let [text, done] = ['', false];
      child.stdout?.on('data', (chunk: Buffer | string) => {
        text += String(chunk);
        if (done || !/"wireBytes":[1-9]\d{6}/.test(text)) return;
        done = true;
        process.kill(pair.sides.destination.process.pid, 'SIGKILL');
      });
    });
    expect(run.result, run.stderr).toMatchObject({
      status: 'failed',
      guestRunningOn: 'source',
      error: { code: 'destination-failed' },
    });
    await expectCounting(pair.sides.source);
  });

  it.each([
    [['--destination', `wherry://far:1?token=${'ab'.repeat(32)}`], "expected QEMU's own -incoming address"],
    [['--destination', '/tmp/a', '--paused'], '--paused needs a monitor'],
    [['--destination', '/tmp/a', '--channels', '2'], 'QEMU takes one channel, got --channels 2'],
  ])('refuses %j', async (words, message) => {
    const run = await runWherry(['migrate', '--direct', '--source', '/tmp/s', ...words]);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain(message);
  });
});
