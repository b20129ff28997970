import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { queryStatus } from '../src/engine/qmp/migrate';
import { formatPairing } from '../src/shared/pairing';
import { withSecret } from '../src/engine/wire/secret';
import { Cutter } from './kit/cutter';
import { Opened } from './kit/loopback';
import { expectCompleted, migrateWords } from './kit/matrix';
import { expectCountedOn, expectStatus, monitor, samplePair } from './kit/pairs';
import { differingPages } from './kit/ram';
import { connectPeer, startReceive, type RunningReceiver } from './kit/receive';
import { until } from './kit/until';
import { runWherry } from './kit/wherry';

const mebibyte = 2 ** 20;
const memoryBytes = 64 * mebibyte;
const way = { method: 'zstd', xbzrle: 'on', policy: 'adaptive' } as const;
const busyPair = () => samplePair({ memoryBytes, rate: 'max', fillBytes: 16 * mebibyte });
const idlePair = () => samplePair({ memoryBytes, rate: 20, fillBytes: mebibyte });

describe('a receiver of several destinations', () => {
  it('takes a guest for each at once, within one budget, and no more than there are', async () => {
    const [one, two] = [await busyPair(), await busyPair()];
    const bandwidth = 4_000_000;
    const words = ['--destination', two.destination, '--token', 'lasting', '--max-bandwidth', '4MB/s'];
    const receiver = await startReceive(one.destination, ...words);
    const from = performance.now();
    const runs = await Promise.all(
      [one, two].map(({ source }) =>
        runWherry([...migrateWords({ source, destination: receiver.url }, way), '--paused']),
      ),
    );
    const seconds = (performance.now() - from) / 1000;
    const reports = runs.map((run) => expectCompleted(run, way));
    const bytes = reports.reduce((sum, { wireBytes }) => sum + wireBytes, 0);
    expect(bytes).toBeGreaterThan(mebibyte);
    // However slow the machine: never more than the rate, a turn and what was on its way for each of the two.
    expect(bytes).toBeLessThanOrEqual(bandwidth * seconds + 2 * mebibyte);
    const ends = [await receiver.event('session'), await receiver.event('session')];
    expect(new Set(ends.map((end) => end['destination']))).toEqual(new Set([one.destination, two.destination]));

    const third = await runWherry(migrateWords({ source: (await idlePair()).source, destination: receiver.url }, way));
    expect(third.result?.error).toMatchObject({ code: 'not-incoming' });
    // Each destination has one of the two guests, whole: which one, its memory tells.
    const sources = await Promise.all([one, two].map(({ source }) => monitor(source)));
    for (const pair of [one, two]) {
      const there = await monitor(pair.destination);
      await expectStatus(there, 'paused');
      const differing = [];
      for (const source of sources)
        differing.push((await differingPages(source, there, pair.directory, memoryBytes)).length);
      expect(differing).toContain(0);
      there.close();
    }
  });

  it('gives a sender the one that it names, and refuses a name that is none', async () => {
    const [one, two] = [await idlePair(), await idlePair()];
    const receiver = await startReceive(`web=${one.destination}`, '--destination', `db=${two.destination}`);
    const to = (destination: string): string => formatPairing({ ...receiver.pairing, destination });
    const none = await runWherry(migrateWords({ source: two.source, destination: to('mail') }, way));
    expect(none.result?.error).toMatchObject({ code: 'wire-refused', message: 'no destination here is called "mail"' });
    expectCompleted(await runWherry(migrateWords({ source: two.source, destination: to('db') }, way)), way);
    expect(await receiver.event('session')).toMatchObject({ destination: 'db', status: 'delivered' });
    await expectCountedOn(two);
    expect((await queryStatus(await monitor(one.destination))).status).toBe('inmigrate');
  });

  it('takes senders whose links are cut back, each to its own session', async () => {
    const pairs = [await busyPair(), await busyPair()] as const;
    const [web, db] = pairs.map(({ destination }) => destination) as [string, string];
    const words = ['--destination', `db=${db}`, '--token', 'lasting', '--max-bandwidth', '8MB/s'];
    const { pairing } = await startReceive(`web=${web}`, ...words);
    const opened = new Opened();
    onTestFinished(() => opened.close());
    const migrate = async ({ source }: (typeof pairs)[number], label: string): Promise<void> => {
      const cutter = new Cutter(opened);
      cutter.cutAfter([40_000, 300_000, 500_000, 50_000]);
      const port = await cutter.between(pairing.port);
      const to = migrateWords({ source, destination: formatPairing({ ...pairing, port, destination: label }) }, way);
      const report = expectCompleted(await runWherry([...to, '--paused', '--no-link-test', '--channels', '2']), way);
      expect(cutter.cuts).toBeGreaterThanOrEqual(3);
      expect(report.reconnects).toBeGreaterThanOrEqual(1);
    };
    await Promise.all([migrate(pairs[0], 'web'), migrate(pairs[1], 'db')]);
    for (const { source, destination, directory } of pairs) {
      const [here, there] = [await monitor(source), await monitor(destination)];
      expect(await differingPages(here, there, directory, memoryBytes)).toEqual([]);
    }
  });

  it('takes fewer at once where it is told to', async () => {
    const [one, two] = [await idlePair(), await idlePair()];
    const words = ['--destination', two.destination, '--max-sessions', '1', '--token', 'lasting'];
    const { pairing } = await startReceive(one.destination, ...words);
    const first = connectPeer(pairing);
    first.channel.send('control', withSecret(pairing.token, { resumeWindowMs: 0 }));
    first.channel.send('request', Buffer.from('{"ask":"clock"}'), 1);
    expect(await first.next()).toMatchObject({ type: 'reply' });
    const second = connectPeer(pairing);
    second.channel.send('control', withSecret(pairing.token, { resumeWindowMs: 0 }));
    expect(JSON.parse((await second.next()).body.toString())).toMatchObject({
      code: 'wire-refused',
      message: 'as many senders as are taken at once are connected already',
    });
  });
});

/** Resident memory of a process, bytes. */
function residentBytes({ pid }: RunningReceiver): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** Connects from an address of the loopback network, says something, and waits until it is hung up on. */
function intrude(port: number, from: string, say: Buffer): Promise<void> {
  return new Promise((over) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from });
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined).on('close', () => over());
    socket.resume();
    socket.write(say);
  });
}

describe('a receiver open to the network', () => {
  it('stays up, flat in memory and short of words under a flood of garbage', async () => {
    const pair = await busyPair();
    const receiver = await startReceive(pair.destination);
    const { port } = receiver.pairing;
    const wave = (wave: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: 100 }, (_, client) =>
          intrude(
            port,
            `127.0.${wave}.${client + 1}`,
            // Half of them speak no TLS, half break off in its handshake.
            Buffer.alloc(64 * 1024, client % 2 === 0 ? 0x47 : 0x16),
          ),
        ),
      );
    for (let warm = 1; warm <= 5; warm++) await wave(warm);
    const before = residentBytes(receiver);
    for (let more = 6; more <= 30; more++) await wave(more);
    // Less than what they have said since, 156 MiB, and more than a heap that has not been tidied up for a while.
    expect(residentBytes(receiver) - before).toBeLessThan(96 * mebibyte);
    expect(receiver.stderr().split('\n').length).toBeLessThan(400);
    expectCompleted(await runWherry(migrateWords({ source: pair.source, destination: receiver.url }, way)), way);
  });

  it('shuts out who guesses, and nobody else', async () => {
    const pair = await idlePair();
    const receiver = await startReceive(pair.destination);
    const { port } = receiver.pairing;
    const guesses = 15;
    for (let guess = 0; guess < guesses; guess++)
      await intrude(port, '127.0.9.9', Buffer.from('GET / HTTP/1.0\r\n\r\n'));
    await until(() => receiver.stderr().includes('nothing more is taken from 127.0.9.9 for 60 s'), 'a word about it');
    expect(receiver.stderr().match(/refused a connection from 127\.0\.9\.9/g)).toHaveLength(11);
    expectCompleted(await runWherry(migrateWords({ source: pair.source, destination: receiver.url }, way)), way);
  });

  it('lets silent clients take up no more than their share', async () => {
    const pair = await idlePair();
    const receiver = await startReceive(pair.destination);
    const { port } = receiver.pairing;
    const silent = Array.from({ length: 60 }, () => intrude(port, '127.0.9.8', Buffer.from([0x16])));
    await Promise.race(silent); // one too many was hung up on
    await until(() => receiver.stderr().includes('too many have not introduced themselves'), 'a word about it');
    expectCompleted(await runWherry(migrateWords({ source: pair.source, destination: receiver.url }, way)), way);
  });
});
