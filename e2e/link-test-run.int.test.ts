import type { ChildProcess } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { queryStatus } from '../src/engine/qmp/migrate';
import { formatPairing } from '../src/shared/pairing';
import type { LinkFigures } from '../src/shared/link';
import { Cutter } from './kit/cutter';
import { Opened } from './kit/loopback';
import { expectCompleted, migrateWords } from './kit/matrix';
import { expectCountedOn, monitor, samplePair } from './kit/pairs';
import { differingPages } from './kit/ram';
import { connectPeer, startReceive } from './kit/receive';
import { testedLink } from './kit/tested-link';
import { ownFolder, runWherry } from './kit/wherry';

const mebibyte = 2 ** 20;
const memoryBytes = 64 * mebibyte;
const way = { method: 'zstd', xbzrle: 'on', policy: 'adaptive' } as const;
const busyPair = () => samplePair({ memoryBytes, rate: 'max', fillBytes: 16 * mebibyte });

describe('wherry link-test', () => {
  it('shows what the link gives, and leaves the token and the QEMU for the migration', async () => {
    const pair = await busyPair();
    const receiver = await startReceive(pair.destination, '--once');
    const words = ['link-test', receiver.url, '--channels', '2', '--max-bandwidth', '8MB/s', '--json'];
    const limited = async () => {
      const test = await runWherry(words);
      expect(test.code, test.stderr).toBe(0);
      expect(test.stdout.split('\n')).toHaveLength(2);
      expect(test.events[0]).toMatchObject({ event: 'link', channels: 2, maxBandwidth: 8e6 });
      return test.events[0] as unknown as LinkFigures;
    };
    await testedLink(limited, ({ throughput }) => expect(throughput).toBeLessThan(10e6));
    const said = (): ReturnType<typeof runWherry> => runWherry(['link-test', receiver.url]);
    const shown =
      /^round trip +[\d.]+ ms, median [\d.]+ ms\nthroughput +[\d.]+ [MG]bit\/s\nclock there +(within [\d.]+ ms of ours|[\d.]+ ms (ahead|behind) \(±[\d.]+ ms\))\n$/;
    await testedLink(said, ({ stdout }) => expect(stdout).toMatch(shown));
    expect(receiver.stdout().split('\n')).toHaveLength(2); // nothing since it listens
    const there = await monitor(pair.destination);
    expect((await queryStatus(there)).status).toBe('inmigrate');
    there.close();

    const data = ownFolder();
    const order = [...migrateWords({ source: pair.source, destination: receiver.url }, way), '--channels', '3'];
    const run = await runWherry(order, undefined, data);
    const report = expectCompleted(run, way);
    expect(report.link).toMatchObject({ channels: 3, maxBandwidth: 0 });
    expect(report.link?.bytes).toBeGreaterThan(0);
    expect(report.downtimeErrorMs).toBeGreaterThan(0);
    // By one clock the two hosts' times would be exact: what is corrected may be off by what is said.
    expect(Math.abs(report.link?.clockOffsetMs ?? NaN)).toBeLessThanOrEqual((report.link?.clockErrorMs ?? NaN) + 1);
    const sent = run.events.filter(
      ({ event, state }) => event === 'progress' && (state === 'bulk' || state === 'iterating'),
    );
    expect(sent.length).toBeGreaterThan(0);
    for (const { link } of sent) expect(link).toEqual(report.link);
    await expectCountedOn(pair);

    const kept = await runWherry(['history', 'show', 'last', '--json'], undefined, data);
    expect(JSON.parse(kept.stdout)).toMatchObject({ report: { link: report.link } });
    const table = await runWherry(['history', 'export', '--format', 'csv'], undefined, data);
    expect(table.stdout.split('\r\n')[0]).toMatch(/linkRoundTripMs,.*linkThroughputMbps,clockOffsetMs,clockErrorMs/);
  });

  it('says why it could not be', async () => {
    const pair = await busyPair();
    const receiver = await startReceive(pair.destination);
    const wrong = formatPairing({ ...receiver.pairing, token: 'ab'.repeat(32) });
    const test = await runWherry(['link-test', wrong, '--json']);
    expect(test).toMatchObject({ code: 1, events: [{ event: 'link', error: { code: 'wire-refused' } }] });
    expect(await runWherry(['link-test', '/run/vm.qmp'])).toMatchObject({ code: 2, stdout: '' });
    expect(await runWherry(['link-test', receiver.url, '--insecure'])).toMatchObject({ code: 2, stdout: '' });
    expect(test.stderr + receiver.stderr()).not.toContain(receiver.pairing.token);
  });
});

describe('a migration', () => {
  it('goes without a link test where none is wanted, and a test that is late is hung up on', async () => {
    const pair = await busyPair();
    const receiver = await startReceive(pair.destination);
    const late = connectPeer(receiver.pairing);
    late.channel.send('probe', Buffer.from(receiver.pairing.token, 'hex'));
    late.channel.send('ping', undefined, 1);
    expect(await late.next()).toMatchObject({ type: 'pong' });
    const words = [...migrateWords({ source: pair.source, destination: receiver.url }, way), '--no-link-test'];
    const run = await runWherry(words, (child) => onProgress(child, () => late.channel.send('ping', undefined, 2)));
    expect(expectCompleted(run, way)).not.toHaveProperty('link');
    const { type, body } = await late.next();
    expect([type, body.toString()]).toEqual(['failure', expect.stringContaining('after the stream began') as string]);
  });

  it.each([
    ['the link test breaks', true],
    ['the link breaks soon after its test', false],
  ])('arrives whole although %s', async (_, inTest) => {
    const opened = new Opened();
    onTestFinished(() => opened.close());
    const pair = await busyPair();
    const receiver = await startReceive(pair.destination);
    const cutter = new Cutter(opened);
    const destination = formatPairing({ ...receiver.pairing, port: await cutter.between(receiver.pairing.port) });
    if (inTest) cutter.cutAfter([200_000]);
    const words = [...migrateWords({ source: pair.source, destination }, way), '--paused', '--channels', '3'];
    const run = await runWherry([...words, '--max-bandwidth', '8MB/s'], (child) =>
      onProgress(child, () => inTest || cutter.cutAll()),
    );
    const report = expectCompleted(run, way);
    expect(cutter.cuts).toBe(1);
    if (inTest) {
      expect(run.stderr).toContain('the link could not be tested');
      expect(report).not.toHaveProperty('link');
    } else {
      expect(report.reconnects).toBeGreaterThanOrEqual(1);
      expect(report.link).toMatchObject({ channels: 3, maxBandwidth: 8e6 });
    }
    const [source, there] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, there, pair.directory, memoryBytes)).toEqual([]);
  });
});

/** Does this once some of the guest is on the wire. */
function onProgress(child: ChildProcess, act: () => unknown): void {
  let [text, done] = ['', false];
  child.stdout?.on('data', (chunk: Buffer | string) => {
    text += String(chunk);
    if (done || !/"wireBytes":[1-9]\d{4}/.test(text)) return;
    done = true;
    act();
  });
}
