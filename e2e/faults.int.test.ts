import { type ChildProcess } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { QemuPair } from '../src/guest/qemu-pair';
import { expectCountedOn, expectCounting, expectStatus, monitor, samplePair } from './kit/pairs';
import { childrenOf } from './kit/processes';
import { runWherry, type WherryRun } from './kit/wherry';

const mebibyte = 2 ** 20;

/** Slow enough that a fault always finds the first pass under way: about 16 MiB at 4 MB/s. */
const slow = ['--max-bandwidth', '4MB/s', '--compress-threads', '2', '--json'];
const smallPair = () => samplePair({ memoryBytes: 64 * mebibyte, rate: 20, fillBytes: 32 * mebibyte });

/** Runs a slow migration and calls `fault` once it is well under way. */
function migrateWithFault(pair: QemuPair, fault: (command: ChildProcess) => void): Promise<WherryRun> {
  return runWherry(['migrate', '--source', pair.source, '--destination', pair.destination, ...slow], (child) => {
    let [text, done] = ['', false];
    child.stdout?.on('data', (chunk: Buffer | string) => {
      text += String(chunk);
      if (done || !/"state":"(bulk|iterating)"[^\n]*"wireBytes":[1-9]\d{6}/.test(text)) return;
      done = true;
      fault(child);
    });
  });
}

async function expectRunningOnSource(pair: QemuPair): Promise<void> {
  await expectStatus(await monitor(pair.source), 'running');
  await expectCounting(pair.sides.source);
}

describe('wherry migrate when something dies under it', () => {
  it('completes although a compress worker is killed', async () => {
    const pair = await smallPair();
    const run = await migrateWithFault(pair, (command) => {
      const workers = childrenOf(command.pid ?? 0, 'compress.cjs');
      const [victim] = workers.filter((pid) => !childrenOf(command.pid ?? 0, 'decompress.cjs').includes(pid));
      process.kill(victim ?? NaN, 'SIGKILL');
    });
    expect(run.result, run.stderr).toMatchObject({ status: 'completed', guestRunningOn: 'destination' });
    expect(run.code).toBe(0);
    const restarts = run.events.flatMap(({ workers }) => (workers as { restarts: number }[] | undefined) ?? []);
    expect(Math.max(...restarts.map((worker) => worker.restarts))).toBe(1);
    await expectCountedOn(pair);
  });

  it('fails with the guest on the source when a decompress worker is killed', async () => {
    const pair = await smallPair();
    const run = await migrateWithFault(pair, (command) => {
      process.kill(childrenOf(command.pid ?? 0, 'decompress.cjs')[0] ?? NaN, 'SIGKILL');
    });
    expect(run.result, run.stderr).toMatchObject({
      status: 'failed',
      guestRunningOn: 'source',
      error: { code: 'worker' },
    });
    expect(run.code).toBe(1);
    await expectRunningOnSource(pair);
  });

  it('fails with the guest on the source when the destination QEMU is killed', async () => {
    const pair = await smallPair();
    const run = await migrateWithFault(pair, () => process.kill(pair.sides.destination.process.pid, 'SIGKILL'));
    expect(run.result, run.stderr).toMatchObject({
      status: 'failed',
      guestRunningOn: 'source',
      error: { code: 'destination-failed' },
    });
    expect(run.code).toBe(1);
    await expectRunningOnSource(pair);
  });

  it('leaves the guest on the source when the command itself is killed', async () => {
    const pair = await smallPair();
    const run = await migrateWithFault(pair, (command) => command.kill('SIGKILL'));
    expect(run.code).toBeNull();
    await expectRunningOnSource(pair);
  });

  it('cancels in mid-run, and the guest stays on the source', async () => {
    const pair = await smallPair();
    const run = await migrateWithFault(pair, (command) => command.kill('SIGINT'));
    expect(run.result, run.stderr).toMatchObject({ status: 'cancelled', guestRunningOn: 'source' });
    expect(run.code).toBe(130);
    await expectRunningOnSource(pair);
  });
});
