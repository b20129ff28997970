import type { ChildProcess } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { formatPairing } from '../src/shared/pairing';
import { Cutter } from './kit/cutter';
import { Opened } from './kit/loopback';
import { expectCompleted, migrateWords } from './kit/matrix';
import { expectCountedOn, expectCounting, expectStatus, monitor, samplePair } from './kit/pairs';
import { differingPages } from './kit/ram';
import { startReceive } from './kit/receive';
import { runWherry } from './kit/wherry';

const mebibyte = 2 ** 20;
const memoryBytes = 64 * mebibyte;
const way = { method: 'zstd', xbzrle: 'on', policy: 'adaptive' } as const;
const opened = new Opened();

afterEach(() => opened.close());

/** A pair whose destination is reached through a forwarder that breaks links: that of the stream and that beside it. */
async function distantPair(rate: number | 'max', ...more: readonly string[]) {
  const pair = await samplePair({ memoryBytes, rate, fillBytes: 16 * mebibyte });
  const receiver = await startReceive(pair.destination, '--once', ...more);
  const cutter = new Cutter(opened);
  const destination = formatPairing({ ...receiver.pairing, port: await cutter.between(receiver.pairing.port) });
  // What is cut is the migration's link, and what is counted are its bytes.
  const words = [...migrateWords({ source: pair.source, destination }, way), '--no-link-test', ...more];
  return { pair, receiver, cutter, words };
}

/** Does this once the command's progress first shows that. */
function when(shows: RegExp, act: () => void): (child: ChildProcess) => void {
  let [text, done] = ['', false];
  return (child) =>
    child.stdout?.on('data', (chunk: Buffer | string) => {
      text += String(chunk);
      if (done || !shows.test(text)) return;
      done = true;
      act();
    });
}

describe('a migration to a receiver over a link that is cut', () => {
  it.each([
    ['one channel', []],
    ['three channels', ['--channels', '3']],
  ])('again and again brings the guest whole: %s', async (_, more) => {
    const { pair, receiver, cutter, words } = await distantPair('max');
    cutter.cutAfter([40_000, 300_000, 1_000_000, 50_000, 900_000, 700_000]);
    const run = await runWherry([...words, '--paused', '--max-bandwidth', '8MB/s', ...more]);
    const report = expectCompleted(run, way);
    expect(report.guestRunningOn).toBe('none');
    expect(cutter.cuts).toBeGreaterThanOrEqual(3);
    expect(report.reconnects).toBeGreaterThanOrEqual(1);
    expect(await receiver.event('session')).toMatchObject({ kind: 'migrate', status: 'delivered' });
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
  });

  it('after every 32 KiB, TLS counted, brings the guest whole', async () => {
    const { pair, cutter, words } = await distantPair(0);
    cutter.cutAfter(Array.from({ length: 10_000 }, () => 32 * 1024));
    const run = await runWherry([...words, '--paused']);
    expect(run.result, run.stderr).toMatchObject({ status: 'completed', guestRunningOn: 'none' });
    expect(cutter.cuts).toBeGreaterThan(10);
    expect(run.result?.reconnects).toBeGreaterThan(5); // some cuts are the control link's, some are together
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
  });

  it('in the switchover starts the guest over there, once', async () => {
    const { pair, receiver, cutter, words } = await distantPair('max');
    const limits = ['--max-bandwidth', '2MB/s', '--downtime-limit', '4s', '--switchover-resume-window', '30s'];
    const run = await runWherry(
      [...words, ...limits],
      when(/"state":"switchover"/, () => cutter.cutAll()),
    );
    expect(cutter.cuts).toBe(1);
    expect(expectCompleted(run, way).guestRunningOn).toBe('destination');
    expect(await receiver.event('session')).toMatchObject({ kind: 'migrate', status: 'delivered' });
    await expectStatus(await monitor(pair.source), 'postmigrate');
    await expectCountedOn(pair);
  });

  it.each([
    ['arrives', true],
    ['is lost', false],
  ])('when the guest is to be started over there starts it, once: the order %s', async (_, arrives) => {
    // Without encryption, so that what goes by can be read.
    const { pair, receiver, cutter, words } = await distantPair('max', '--insecure');
    cutter.cutAt('"ask":"confirm"', arrives);
    const report = expectCompleted(await runWherry(words), way);
    expect(report.guestRunningOn).toBe('destination');
    expect(report.downtimeMs).toBeGreaterThan(0);
    expect(cutter.cuts).toBe(1);
    expect(await receiver.event('session')).toMatchObject({ kind: 'migrate', status: 'delivered' });
    await expectCountedOn(pair);
  });

  it('for good leaves the guest on the source, and the receiver says that the sender has not come back', async () => {
    const { pair, cutter, words } = await distantPair(20);
    const limits = ['--max-bandwidth', '1MB/s', '--resume-window', '3s'];
    const run = await runWherry(
      [...words, ...limits],
      when(/"wireBytes":[1-9]\d{5}/, () => {
        cutter.refuse(true);
        cutter.cutAll();
      }),
    );
    expect(run).toMatchObject({ code: 1, result: { status: 'failed', guestRunningOn: 'source', reconnects: 0 } });
    expect(run.result?.error).toMatchObject({
      code: 'wire-closed',
      message: expect.stringMatching(/could not be restored within \d/) as string,
    });
    const left = run.events.flatMap(
      ({ reconnecting }) => (reconnecting as { leftMs?: number } | undefined)?.leftMs ?? [],
    );
    expect(left.length).toBeGreaterThan(0);
    expect(Math.max(...left)).toBeLessThanOrEqual(3000);
    await expectCounting(pair.sides.source);
  });

  it('without a word is found out, and goes on', async () => {
    const { pair, cutter, words } = await distantPair(20);
    const run = await runWherry(
      [...words, '--paused', '--max-bandwidth', '2MB/s'],
      when(/"wireBytes":[1-9]\d{5}/, () => cutter.stall()),
    );
    const report = expectCompleted(run, way);
    expect(report.reconnects).toBe(1);
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
  });
});
