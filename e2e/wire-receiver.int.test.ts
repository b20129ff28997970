import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Sender } from '../src/engine/sender';
import { epochBody, partBody } from '../src/engine/wire/epoch-frame';
import { frameHead } from '../src/engine/wire/frame';
import { encodeJson } from '../src/engine/wire/json';
import { layoutBody } from '../src/engine/wire/layout';
import { withSecret } from '../src/engine/wire/secret';
import type { Failure } from '../src/shared/failure';
import { defaultSettings } from '../src/shared/settings';
import { listen, token } from './kit/loopback';
import { loopbackTest } from './kit/loopback-test';
import { epoch, hello, part, stranger, type Stranger } from './kit/stranger';

const { opened, spawn, started } = loopbackTest();

const layout = (shards: number, cachePagesPerShard: number): Buffer =>
  Buffer.concat(layoutBody({ shards, cachePagesPerShard, kept: new Map() }));

describe('a receiver', () => {
  /** Lets a real sender in, as proof that it is still there. */
  async function expectStillThere(port: number): Promise<Sender> {
    const settings = { ...defaultSettings, compressThreads: 1, xbzrleCacheBytes: 0 };
    const ignore = (): void => undefined;
    const sender = await Sender.create({ settings, spawn, onNotice: ignore, onFailure: ignore });
    opened.add(sender, () => sender.close());
    await sender.connect({ host: '127.0.0.1', port, token });
    return sender;
  }

  it.each<[string, (stranger: Stranger) => void, Failure['code'], RegExp]>([
    [
      'garbage',
      ({ socket }) => socket.write('GET / HTTP/1.1\r\nHost: receiver\r\n\r\n'),
      'wire-protocol',
      /expected a Wherry frame/,
    ],
    [
      'an epoch of 8 MiB',
      ({ socket }) => socket.write(frameHead('epoch', 8 * 2 ** 20)),
      'wire-protocol',
      /before the hello/,
    ],
    [
      'a hello of 4 GiB',
      ({ socket }) => socket.write(frameHead('hello', 2 ** 32 - 1)),
      'wire-protocol',
      /hello frame of 4294967295 bytes/,
    ],
    [
      'what is no hello',
      ({ send }) => send('hello', withSecret(token, { shards: 'many' })),
      'wire-protocol',
      /a hello that is not one/,
    ],
    ['a wrong token', ({ send }) => send('hello', withSecret('ab'.repeat(32), hello)), 'wire-refused', /token/],
  ])('refuses %s, says why, and stays up', async (_, speak, code, message) => {
    const { receiver, notices } = await listen(opened, spawn);
    const other = stranger(opened, receiver.port);
    speak(other);
    expect(await other.told).toMatchObject({ code, message: expect.stringMatching(message) as string });
    await once(other.socket, 'close');
    expect(notices).toEqual([expect.stringMatching(/^refused a connection from 127\.0\.0\.1: /)]);
    expect(started).toEqual([]);
    await expectStillThere(receiver.port);
  });

  it('closes connections that say nothing, and does not run out of room for others', async () => {
    const { receiver } = await listen(opened, spawn, { helloMs: 20 });
    for (let turn = 0; turn < 3; turn++) {
      const silent = Array.from({ length: 16 }, () => stranger(opened, receiver.port));
      await Promise.all(silent.map(({ told }) => told));
    }
    const sender = await expectStillThere(receiver.port);
    expect(sender.wireBytes).toBeGreaterThan(0);
  });

  it('lets a second sender know that there is one', async () => {
    const { receiver, destination } = await listen(opened, spawn);
    const first = await expectStillThere(receiver.port);
    await expect(expectStillThere(receiver.port)).rejects.toMatchObject({
      code: 'wire-refused',
      message: 'its stream is connected already',
    });
    expect(first.inFlightBytes).toBeLessThan(1000);
    expect(destination.socket?.destroyed).toBe(false);
  });

  it('refuses what comes before its welcome', async () => {
    const { receiver, failed } = await listen(opened, spawn, {
      connectDestination: () => new Promise(() => undefined),
    });
    const other = stranger(opened, receiver.port);
    other.send('hello', withSecret(token, hello));
    other.send('end');
    expect(await other.told).toMatchObject({ code: 'wire-protocol', message: 'a end frame before the welcome' });
    expect(await failed).toMatchObject({ code: 'wire-protocol' });
  });

  const body = (pieces: readonly Uint8Array[]): Buffer => Buffer.concat([...pieces]);
  const announce = ({ send }: Stranger): void => send('epoch', body(epochBody(epoch)), 1);

  it.each<[string, (peer: Stranger) => void, Failure['code'], RegExp]>([
    ['a part of no epoch', ({ send }) => send('part', body(partBody(part)), 0), 'wire-protocol', /epoch 0, expected/],
    [
      'a part far ahead',
      ({ send }) => send('part', body(partBody(part)), 65),
      'wire-protocol',
      /epoch 65, expected one from 1 to 64/,
    ],
    [
      'a second part',
      ({ send }) => {
        for (let turn = 0; turn < 2; turn++) send('part', body(partBody(part)), 1);
      },
      'wire-protocol',
      /a second part of shard 0, epoch 1/,
    ],
    [
      'an epoch out of order',
      ({ send }) => send('epoch', body(epochBody(epoch)), 2),
      'wire-protocol',
      /epoch 2 after epoch 0/,
    ],
    [
      'an epoch too long',
      ({ send }) => send('epoch', body(epochBody({ ...epoch, rawBytes: 2 ** 31 })), 1),
      'wire-protocol',
      /epoch of/,
    ],
    [
      'a table too long',
      ({ send }) => send('epoch', body(epochBody({ ...epoch, tableBytes: 2 ** 31 })), 1),
      'wire-protocol',
      /table of/,
    ],
    [
      'a table that does not decode',
      ({ send }) => send('epoch', body(epochBody({ ...epoch, method: 'zstd', tableBytes: 99 })), 1),
      'codec',
      /zstd/,
    ],
    [
      'a bad table in an epoch out of order',
      ({ send }) => send('epoch', body(epochBody({ ...epoch, method: 'zlib', tableBytes: 99 })), 9),
      'wire-protocol',
      /epoch 9/,
    ],
    [
      'a part of more pages than agreed',
      (peer) => {
        announce(peer);
        peer.send('part', body(partBody({ ...part, pages: 65 })), 1);
      },
      'wire-protocol',
      /at most 64 pages/,
    ],
    [
      'a part larger than its slot',
      (peer) => {
        announce(peer);
        peer.send('part', body(partBody({ ...part, frame: Buffer.alloc(2 ** 20) })), 1);
      },
      'wire-protocol',
      /a part of 1 pages in 1048576/,
    ],
    [
      'a part that does not decode',
      (peer) => {
        announce(peer);
        peer.send('part', body(partBody(part)), 1);
      },
      'codec',
      /./,
    ],
    [
      'a part of a shard there is not',
      (peer) => {
        announce(peer);
        peer.send('part', body(partBody(part)), 1, 2);
      },
      'wire-protocol',
      /shard 2/,
    ],
    [
      'a layout past its limit',
      ({ send }) => send('layout', layout(255, 65)),
      'wire-refused',
      /a cache of 67891200 bytes, at most 67108864 allowed/,
    ],
    ['a layout of no shards', ({ send }) => send('layout', layout(0, 0)), 'wire-protocol', /a layout of 0 shards/],
    [
      'a layout in mid-epoch',
      (peer) => {
        announce(peer);
        peer.send('layout', layout(2, 4));
      },
      'wire-protocol',
      /a layout while epoch 1 is under way/,
    ],
    [
      'a part of a shard that a layout took away',
      (peer) => {
        peer.send('layout', layout(1, 4));
        announce(peer);
        peer.send('part', body(partBody(part)), 1, 1);
      },
      'wire-protocol',
      /shard 1/,
    ],
    ['a second hello', ({ send }) => send('hello', withSecret(token, hello)), 'wire-protocol', /second hello/],
    ['a frame of its own kind', ({ send }) => send('ack'), 'wire-protocol', /a ack frame from a sender/],
  ])('gives up %s, says why, and gives the destination nothing', async (_, speak, code, message) => {
    const { receiver, destination, failed } = await listen(opened, spawn);
    const peer = stranger(opened, receiver.port);
    peer.send('hello', withSecret(token, hello));
    await peer.welcomed;
    speak(peer);
    expect(await peer.told).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(await failed).toMatchObject({ code });
    await destination.ended;
    expect(destination.bytes).toHaveLength(0);
  });

  it('takes a sender\u2019s reason for giving up', async () => {
    const { receiver, failed } = await listen(opened, spawn);
    const peer = stranger(opened, receiver.port);
    peer.send('hello', withSecret(token, hello));
    await peer.welcomed;
    peer.send('failure', encodeJson({ code: 'worker', message: 'no more workers' }));
    expect(await failed).toMatchObject({ code: 'worker', message: 'no more workers' });
  });
});
