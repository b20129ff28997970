import { afterEach, describe, expect, it } from 'vitest';
import { queryMigrate, setCapabilities } from '../src/engine/qmp/migrate';
import { formatPairing } from '../src/shared/pairing';
import type { QemuPair } from '../src/guest/qemu-pair';
import { Cutter } from './kit/cutter';
import { Opened } from './kit/loopback';
import { expectCountedOn, expectCounting, expectStatus, expectSweepsWhole, monitor, samplePair } from './kit/pairs';
import { differingPages } from './kit/ram';
import { startReceive } from './kit/receive';
import { runWherry, type WherryRun } from './kit/wherry';

const mebibyte = 2 ** 20;
const memoryBytes = 64 * mebibyte;
const opened = new Opened();

afterEach(() => opened.close());

/** Runs `wherry send` before a pair's source, and calls `drive` once it waits for the stream. */
async function relayed(
  pair: QemuPair,
  url: string,
  words: readonly string[],
  drive: (uri: string, pid: number) => Promise<unknown>,
): Promise<WherryRun> {
  const uri = `unix:${pair.directory}/relay`;
  let driven: Promise<unknown> = Promise.resolve();
  const run = await runWherry(['send', '--listen', uri, '--to', url, '--json', ...words], (child) => {
    let [text, begun] = ['', false];
    child.stdout?.on('data', (chunk: Buffer | string) => {
      text += String(chunk);
      if (begun || !text.includes('"listening"')) return;
      begun = true;
      driven = drive(uri, child.pid ?? NaN);
    });
  });
  await driven;
  return run;
}

async function migrate(pair: QemuPair, uri: string): Promise<void> {
  const source = await monitor(pair.source);
  await setCapabilities(source, { events: true, 'return-path': true });
  await source.execute('migrate-set-parameters', { 'max-bandwidth': 0, 'downtime-limit': 2000 });
  await source.execute('migrate', { uri });
  source.close(); // a monitor serves one client at a time
}

describe('wherry send under a migration that plain QMP drives', () => {
  it.each(['1', '5'])('delivers the guest and leaves its `cont` to the driver, over %s channels', async (channels) => {
    const pair = await samplePair({ memoryBytes, rate: 'max', fillBytes: 16 * mebibyte });
    const receiver = await startReceive(pair.destination, '--once');
    const run = await relayed(pair, receiver.url, ['--channels', channels], (uri) => migrate(pair, uri));
    expect(run.result, run.stderr).toMatchObject({ status: 'completed', guestRunningOn: 'unknown' });
    expect(run.code).toBe(0);
    expect(run.result?.pages.xbzrle).toBeGreaterThan(0);
    expect(run.result?.wireBytes).toBeLessThan(run.result?.rawBytes ?? 0);
    expect(run.result?.link).toMatchObject({ channels: Number(channels) });
    expect(await receiver.event('session')).toMatchObject({ kind: 'relay', status: 'delivered' });
    expect(await receiver.ended).toBe(0);

    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    await expectStatus(source, 'postmigrate');
    await expectStatus(destination, 'paused');
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
    await destination.execute('cont');
    await expectCountedOn(pair);
    await expectSweepsWhole(pair, destination);
  });

  it.each(['1', '3'])('delivers it over a link that is cut again and again, too: %s channels', async (channels) => {
    const pair = await samplePair({ memoryBytes, rate: 20, fillBytes: 16 * mebibyte });
    const receiver = await startReceive(pair.destination, '--once');
    const cutter = new Cutter(opened);
    const url = formatPairing({ ...receiver.pairing, port: await cutter.between(receiver.pairing.port) });
    cutter.cutAfter([40_000, 300_000, 500_000, 50_000, 200_000]);
    const words = ['--channels', channels, '--max-bandwidth', '8MB/s'];
    const run = await relayed(pair, url, words, (uri) => migrate(pair, uri));
    expect(run.result, run.stderr).toMatchObject({ status: 'completed', guestRunningOn: 'unknown' });
    expect(cutter.cuts).toBeGreaterThanOrEqual(3);
    expect(run.result?.reconnects).toBeGreaterThanOrEqual(1);
    expect(await receiver.event('session')).toMatchObject({ kind: 'relay', status: 'delivered' });

    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    await expectStatus(source, 'postmigrate');
    await expectStatus(destination, 'paused');
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
  });

  it.each(['unix', 'tcp'] as const)('delivers to a QEMU of that tool, with no monitor of ours (%s)', async (kind) => {
    const pair = await samplePair({ memoryBytes, rate: 'max', fillBytes: 16 * mebibyte });
    const there = await monitor(pair.destination);
    await setCapabilities(there, { events: true });
    const wanted = kind === 'unix' ? `unix:${pair.directory}/incoming` : 'tcp:127.0.0.1:0';
    await there.execute('migrate-incoming', { uri: wanted });
    const [where] = (await queryMigrate(there))['socket-address'] ?? [];
    const incoming = where?.type === 'inet' ? `tcp:${where.host}:${where.port}` : wanted;
    // Its monitor stays with the tool all the time: nobody else could talk to it.
    const receiver = await startReceive(incoming, '--direct', '--once');
    const run = await relayed(pair, receiver.url, ['--method', 'zstd'], (uri) => migrate(pair, uri));
    expect(run, run.stderr).toMatchObject({ code: 0, result: { status: 'completed', guestRunningOn: 'unknown' } });
    expect(await receiver.event('session')).toMatchObject({ kind: 'relay', status: 'delivered' });
    expect(await receiver.ended).toBe(0);

    await expectStatus(there, 'paused');
    const here = await monitor(pair.source);
    expect(await differingPages(here, there, pair.directory, memoryBytes)).toEqual([]);
    await there.execute('cont');
    await expectCountedOn(pair);
  });

  it('delivers to one that begins to listen only when its tool begins, as libvirt has it', async () => {
    const pair = await samplePair({ memoryBytes, rate: 20, fillBytes: 16 * mebibyte });
    const incoming = `unix:${pair.directory}/incoming`;
    const receiver = await startReceive(incoming, '--direct', '--once');
    const there = await monitor(pair.destination);
    const run = await relayed(pair, receiver.url, [], async (uri) => {
      await setCapabilities(there, { events: true });
      await there.execute('migrate-incoming', { uri: incoming });
      await migrate(pair, uri);
    });
    expect(run, run.stderr).toMatchObject({ code: 0, result: { status: 'completed', guestRunningOn: 'unknown' } });
    expect(receiver.stderr()).toContain(`nobody listens at ${incoming} yet`);
    expect(await receiver.event('session')).toMatchObject({ kind: 'relay', status: 'delivered' });
    await expectStatus(there, 'paused');
    expect(await differingPages(await monitor(pair.source), there, pair.directory, memoryBytes)).toEqual([]);
  });

  it('fails, with the guest on the source, where nobody listens even then', async () => {
    const pair = await samplePair({ memoryBytes, rate: 20, fillBytes: 32 * mebibyte });
    const { url } = await startReceive(`unix:${pair.directory}/incoming`, '--direct');
    const run = await relayed(pair, url, ['--max-bandwidth', '2MB/s'], (uri) => migrate(pair, uri));
    expect(run).toMatchObject({ code: 1, result: { guestRunningOn: 'source', error: { code: 'destination-failed' } } });
    expect(run.result?.error?.message).toContain("cannot connect to the destination's migration socket");
  });

  it('refuses a session that would have to drive such a QEMU', async () => {
    const pair = await samplePair({ memoryBytes, rate: 0, fillBytes: mebibyte });
    const { url } = await startReceive(`unix:${pair.directory}/incoming`, '--direct');
    const run = await runWherry(['migrate', '--source', pair.source, '--destination', url, '--json']);
    expect(run).toMatchObject({ code: 1, result: { guestRunningOn: 'source', error: { code: 'wire-refused' } } });
    expect(run.result?.error?.message).toContain('no monitor of its destination');
  });

  it('fails, with the guest on the source, when it is stopped half way', async () => {
    const pair = await samplePair({ memoryBytes, rate: 20, fillBytes: 32 * mebibyte });
    const receiver = await startReceive(pair.destination);
    const run = await relayed(pair, receiver.url, ['--max-bandwidth', '4MB/s'], async (uri, pid) => {
      await migrate(pair, uri);
      process.kill(pid, 'SIGTERM');
    });
    expect(run.result, run.stderr).toMatchObject({ status: 'cancelled', guestRunningOn: 'source' });
    expect(run.code).toBe(130);
    expect(await receiver.event('session')).toMatchObject({ kind: 'relay', status: 'failed' });
    await expectCounting(pair.sides.source);
  });

  it('ends at once with a token that is not the receiver’s', async () => {
    const pair = await samplePair({ memoryBytes, rate: 0, fillBytes: mebibyte });
    const { url } = await startReceive(pair.destination);
    const wrong = url.replace(/token=.*/, `token=${'ab'.repeat(32)}`);
    const data = `${pair.directory}/data`;
    const words = ['send', '--listen', `unix:${pair.directory}/relay`, '--to', wrong, '--json'];
    const run = await runWherry(words, undefined, data);
    expect(run).toMatchObject({ code: 1, result: { status: 'failed', error: { code: 'wire-refused' } } });
    const kept = await runWherry(['history', 'export', '--format', 'json'], undefined, data);
    expect(kept.stdout).toContain('"wire-refused"');
    expect(kept.stdout).not.toContain('abababab'); // the token is a secret
  });
});
