import { describe, expect, it } from 'vitest';
import type { Frame } from '../src/engine/wire/frame';
import { encodeJson } from '../src/engine/wire/json';
import { formatPairing } from '../src/shared/pairing';
import { withSecret } from '../src/engine/wire/secret';
import { defaultSettings } from '../src/shared/settings';
import { expectCompleted, migrateWords } from './kit/matrix';
import { expectCountedOn, expectCounting, expectStatus, expectSweepsWhole, monitor, samplePair } from './kit/pairs';
import { differingPages } from './kit/ram';
import { connectPeer, startReceive, type Peer } from './kit/receive';
import { runWherry } from './kit/wherry';

const mebibyte = 2 ** 20;
const memoryBytes = 64 * mebibyte;
const way = { method: 'zstd', xbzrle: 'on', policy: 'adaptive' } as const;
const busyPair = () => samplePair({ memoryBytes, rate: 'max', fillBytes: 16 * mebibyte });
const idlePair = () => samplePair({ memoryBytes, rate: 20, fillBytes: mebibyte });

const bodyOf = ({ body }: Frame): unknown => JSON.parse(body.toString('utf8'));

/** Lets a peer in on a control link. */
function control(peer: Peer, token: string): void {
  peer.channel.send('control', withSecret(token, { resumeWindowMs: 0 }));
}

async function ask(peer: Peer, request: object, number = 1): Promise<unknown> {
  peer.channel.send('request', encodeJson(request), number);
  const frame = await peer.next();
  expect(frame).toMatchObject({ type: 'reply', epoch: number });
  return bodyOf(frame);
}

describe('wherry migrate to a receiver', () => {
  it('leaves the guest there, running', async () => {
    const pair = await busyPair();
    const receiver = await startReceive(pair.destination, '--once');
    expect(receiver.stderr()).not.toContain('nsecure');
    const report = expectCompleted(
      await runWherry(migrateWords({ source: pair.source, destination: receiver.url }, way)),
      way,
    );
    expect(report.guestRunningOn).toBe('destination');
    expect(report.downtimeMs).toBeGreaterThan(0);
    expect(await receiver.event('session')).toMatchObject({ number: 1, kind: 'migrate', status: 'delivered' });
    expect(await receiver.ended).toBe(0);

    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    await expectStatus(source, 'postmigrate');
    await expectStatus(destination, 'running');
    await expectCountedOn(pair);
    await expectSweepsWhole(pair, destination);
  });

  it('goes on with less cache than was asked for where the receiver allows no more', async () => {
    const pair = await busyPair();
    const receiver = await startReceive(pair.destination, '--once', '--max-cache', '6MiB');
    const settings = ['--xbzrle-cache', '64MiB', '--compress-threads', '2', '--downtime-limit', '2s', '--paused'];
    const run = await runWherry([
      'migrate',
      '--source',
      pair.source,
      '--destination',
      receiver.url,
      ...settings,
      '--json',
    ]);
    expect(run.result, run.stderr).toMatchObject({ status: 'completed', cache: { size: 6 * mebibyte } });
    const sent = run.events.filter(({ event, state }) => event === 'progress' && state !== 'preparing');
    expect(sent.length).toBeGreaterThan(0);
    for (const { cache } of sent) expect(cache).toMatchObject({ size: 6 * mebibyte });
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
  });

  it('leaves it there paused and whole, and refuses the next one until there is a fresh destination', async () => {
    const pair = await busyPair();
    const receiver = await startReceive(pair.destination, '--token', 'lasting');
    const words = [...migrateWords({ source: pair.source, destination: receiver.url }, way), '--paused'];
    expect(expectCompleted(await runWherry(words), way).guestRunningOn).toBe('none');
    await receiver.event('session');
    expect(receiver.stderr()).toContain('needs a fresh QEMU');

    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    await expectStatus(destination, 'paused');
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
    destination.close();
    source.close();

    const other = await idlePair();
    const again = await runWherry(migrateWords({ source: other.source, destination: receiver.url }, way));
    expect(again).toMatchObject({ code: 1, result: { status: 'failed', guestRunningOn: 'source' } });
    expect(again.result?.error).toMatchObject({
      code: 'not-incoming',
      message: expect.stringMatching(/is paused/) as string,
    });
    await expectStatus(await monitor(other.source), 'running');
  });

  it('leaves the guest on the source when the receiver is killed', async () => {
    const pair = await samplePair({ memoryBytes, rate: 20, fillBytes: 32 * mebibyte });
    const receiver = await startReceive(pair.destination);
    const words = migrateWords({ source: pair.source, destination: receiver.url }, way);
    const limits = ['--max-bandwidth', '4MB/s', '--resume-window', '2s'];
    const run = await runWherry([...words, ...limits], (child) => {
      let [text, done] = ['', false];
      child.stdout?.on('data', (chunk: Buffer | string) => {
        text += String(chunk);
        if (done || !/"wireBytes":[1-9]\d{6}/.test(text)) return;
        done = true;
        process.kill(receiver.pid, 'SIGKILL');
      });
    });
    expect(run).toMatchObject({ code: 1, result: { status: 'failed', guestRunningOn: 'source' } });
    expect(run.result?.error?.code).toBe('wire-closed');
    await expectCounting(pair.sides.source);
  });

  it('says what is wrong when nobody listens, and with a wrong token', async () => {
    const pair = await idlePair();
    const receiver = await startReceive(pair.destination);
    const wrong = formatPairing({ ...receiver.pairing, token: 'ab'.repeat(32) });
    for (const [destination, code] of [
      [wrong, 'wire-refused'],
      [formatPairing({ ...receiver.pairing, port: 1 }), 'wire-closed'],
    ] as const) {
      const run = await runWherry(migrateWords({ source: pair.source, destination }, way));
      expect(run).toMatchObject({ code: 1, result: { status: 'failed', error: { code }, guestRunningOn: 'source' } });
      expect(run.stderr).not.toContain(receiver.pairing.token);
    }
  });
});

describe('a receiver', () => {
  it('refuses a destination that does not wait for a guest', async () => {
    const pair = await idlePair();
    const run = await runWherry(['receive', '--listen', ':0', '--destination', pair.source]);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toContain('is running, expected inmigrate');
  });

  it('never starts a guest that has not been loaded, whoever asks', async () => {
    const pair = await idlePair();
    const { pairing } = await startReceive(pair.destination);
    const peer = connectPeer(pairing);
    control(peer, pairing.token);
    expect(await ask(peer, { ask: 'inspect' })).toMatchObject({ answer: { status: 'inmigrate', memoryBytes } });
    expect(await ask(peer, { ask: 'confirm', paused: false }, 2)).toMatchObject({
      error: { code: 'destination-failed', message: expect.stringMatching(/was not started/) as string },
    });
    expect(await ask(peer, { ask: 'inspect' }, 3)).toMatchObject({ answer: { status: 'inmigrate' } });
  });

  it('takes one session at a time, and its stream only with the session’s own token', async () => {
    const pair = await idlePair();
    const { pairing } = await startReceive(pair.destination);
    const session = connectPeer(pairing);
    control(session, pairing.token);
    expect(await ask(session, { ask: 'clock' })).toMatchObject({ answer: { nowMs: expect.any(Number) as number } });
    const second = connectPeer(pairing);
    control(second, pairing.token);
    expect(bodyOf(await second.next())).toMatchObject({ code: 'wire-refused' });
    const stream = connectPeer(pairing);
    const { compressThreads: shards, decompressThreads } = defaultSettings;
    const hello = { shards, decompressThreads, cachePagesPerShard: 1, maxPartPages: 64, channels: 1 };
    stream.channel.send('hello', withSecret(pairing.token, hello));
    expect(bodyOf(await stream.next())).toMatchObject({ code: 'wire-refused' });
    expect(await ask(session, { ask: 'clock' }, 2)).toHaveProperty('answer');
  });

  it.each<[string, (peer: Peer) => void, string]>([
    [
      'a request of another kind',
      ({ channel }) => channel.send('request', encodeJson({ ask: 'quit' })),
      'wire-protocol',
    ],
    ['no JSON', ({ channel }) => channel.send('request', Buffer.from('{{')), 'wire-protocol'],
    ['a stream on a control link', ({ channel }) => channel.send('end'), 'wire-protocol'],
    ['a frame of its own kind', ({ channel }) => channel.send('reply', encodeJson({ answer: 1 })), 'wire-protocol'],
    [
      'a flood of requests',
      ({ channel }) => {
        for (let i = 0; i < 20; i++) channel.send('request', encodeJson({ ask: 'inspect' }), i);
      },
      'wire-protocol',
    ],
  ])('hangs up on %s, says why, and takes the next session', async (_, speak, code) => {
    const pair = await idlePair();
    const { pairing } = await startReceive(pair.destination);
    const peer = connectPeer(pairing);
    control(peer, pairing.token);
    await ask(peer, { ask: 'clock' });
    speak(peer);
    let last = await peer.next();
    while (last.type === 'reply') last = await peer.next();
    expect(bodyOf(last)).toMatchObject({ code });
    await peer.over;
    const next = connectPeer(pairing);
    control(next, pairing.token);
    expect(await ask(next, { ask: 'inspect' })).toMatchObject({ answer: { status: 'inmigrate' } });
  });
});
