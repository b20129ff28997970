import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { queryStatus } from '../src/engine/qmp/migrate';
import { findQemu, startQemuPair } from '../src/guest/qemu-pair';
import { sampleGuest, setSweepRate } from '../src/guest/qemu-sample';
import {
  expectCountedOn,
  expectStatus,
  expectSweepsWhole,
  monitor,
  moveNatively,
  nextBeat,
  samplePair,
  serialOf,
} from './kit/pairs';
import { differingPages, readRam } from './kit/ram';
import { until } from './kit/until';

const mebibyte = 2 ** 20;

describe('the sample QEMU pair', () => {
  it('moves, its memory equal and its guest counting on', async () => {
    const memoryBytes = 64 * mebibyte;
    const pair = await samplePair({ memoryBytes, rate: 'max', fillBytes: 16 * mebibyte });
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    await until(() => (serialOf(pair.sides.source).beats.at(-1)?.sweeps ?? 0) > 300, 'sweeps');

    await moveNatively(pair, source, destination);
    await expectStatus(source, 'postmigrate');
    expect((await queryStatus(destination)).running).toBe(false);
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);

    await destination.execute('cont');
    await expectCountedOn(pair);
    await expectSweepsWhole(pair, destination);
  });

  it('sweeps as often as it is told, from then on', async () => {
    const pair = await samplePair({ memoryBytes: 32 * mebibyte });
    const { serial } = pair.sides.source;
    const idle = await nextBeat(serial);
    expect(idle.sweeps).toBe(0);

    await setSweepRate(serial, 20);
    const first = await nextBeat(serial);
    // Beats and sweeps count the same clock; after a hold-up the sweeps are made up for, not left out.
    await until(async () => {
      const { beats, sweeps } = await nextBeat(serial);
      return beats >= first.beats + 10 && Math.abs(sweeps - first.sweeps - 2 * (beats - first.beats)) <= 1;
    }, 'two sweeps a beat');
  });

  it('fills memory with pages of four kinds', async () => {
    const pair = await samplePair({ memoryBytes: 48 * mebibyte, fillBytes: 2 * mebibyte });
    const client = await monitor(pair.source);
    const filled = await readRam(client, pair.directory, sampleGuest.fill.address, 4 * mebibyte);
    const pages = Array.from({ length: 1024 }, (_, page) => filled.subarray(page * 4096, (page + 1) * 4096));
    const distinct = pages.map((page) => new Set(page).size);
    expect(distinct.slice(0, 4)).toEqual([256, 1, 252, 16]); // random, all alike, small numbers, letters
    expect(distinct.slice(512).every((values) => values === 1)).toBe(true);
  });

  it('refuses sizes it cannot have', async () => {
    await expect(startQemuPair({ memoryBytes: 31 * mebibyte })).rejects.toMatchObject({ code: 'usage' });
    await expect(startQemuPair({ memoryBytes: 64 * mebibyte, fillBytes: 33 * mebibyte })).rejects.toMatchObject({
      code: 'usage',
      message: 'Fill: expected whole MiB from 0 to 32, got 33 MiB',
    });
  });

  it('tells what QEMU complained about when it does not start', async () => {
    await expect(startQemuPair({ memoryBytes: 32 * mebibyte, machine: 'none-such' })).rejects.toMatchObject({
      code: 'worker',
      message: expect.stringContaining('unsupported machine type') as unknown,
    });
  });

  it('leaves nothing behind', async () => {
    const pair = await startQemuPair({ memoryBytes: 32 * mebibyte });
    await Promise.all([pair.stop(), pair.stop()]);
    expect(existsSync(pair.directory)).toBe(false);
    expect(await pair.sides.source.process.exited).toContain('SIGKILL');
    expect(() => process.kill(pair.sides.destination.process.pid, 0)).toThrow('ESRCH');
  });

  it('is found with its version', () => {
    expect(findQemu()?.version).toMatch(/^\d+\.\d+/);
  });
});
