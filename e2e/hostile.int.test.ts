import { connect, type Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { createDeflate } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { methodTable } from '../src/codec/methods';
import { maxTableBytes } from '../src/codec/order-table';
import { epochBody, partBody, type EpochHead, type PartHead } from '../src/engine/wire/epoch-frame';
import { frameHead } from '../src/engine/wire/frame';
import { parseWelcome, type Hello, type Ticket } from '../src/engine/wire/hello';
import { layoutBody } from '../src/engine/wire/layout';
import { withSecret } from '../src/engine/wire/secret';
import type { Failure } from '../src/shared/failure';
import { Opened, serve } from './kit/loopback';
import { Growth } from './kit/memory';
import { childrenOf } from './kit/processes';
import { answerOf, connectPeer, startReceive, type Peer, type RunningReceiver } from './kit/receive';
import { epoch, part } from './kit/stranger';
import { noise } from './kit/streams';

const mebibyte = 2 ** 20;
/** More than a process of a receiver's may hold because of whatever a sender does, beside the mirror of its cache. */
const mostGrowth = 256 * mebibyte;
/** What a bomb holds: more than that, however it is put. */
const bombBytes = 512 * mebibyte;

const opened = new Opened();
afterEach(() => opened.close());

/** `wherry receive` before destinations that take whatever comes, and a token that is good for all. */
async function receiving(destinations = 1, ...words: readonly string[]): Promise<RunningReceiver> {
  const ports = Array.from({ length: destinations }, () => serve(opened, (socket) => socket.resume()));
  const [first = '', ...further] = (await Promise.all(ports)).map((port) => `tcp:127.0.0.1:${port}`);
  const more = further.flatMap((address) => ['--destination', address]);
  return startReceive(first, ...more, '--direct', '--token', 'lasting', ...words);
}

const hello: Hello = {
  shards: 16,
  decompressThreads: 1,
  cachePagesPerShard: 4,
  maxPartPages: 272,
  channels: 1,
  resumeWindowMs: 60_000,
};

interface Admitted extends Peer {
  readonly ticket: Ticket;
}

/** A sender with the right token, as far as its welcome. */
async function admitted({ pairing }: RunningReceiver, change: Partial<Hello> = {}): Promise<Admitted> {
  const peer = connectPeer(pairing);
  peer.channel.send('hello', withSecret(pairing.token, { ...hello, ...change }));
  const answer = await answerOf(peer);
  expect(answer.type).toBe('welcome');
  return { ...peer, ticket: parseWelcome(answer.body).ticket };
}

function join({ pairing }: RunningReceiver, { session, secret }: Ticket, channel: number): Peer {
  const peer = connectPeer(pairing);
  peer.channel.send('join', withSecret(secret, { session, channel, taken: 0 }));
  return peer;
}

describe('a sender with the right token', () => {
  const one = (pieces: readonly Uint8Array[]): Buffer => Buffer.concat(pieces);
  const announce = ({ channel }: Peer, change: Partial<EpochHead> = {}, number = 1): void =>
    void channel.send('epoch', one(epochBody({ ...epoch, ...change })), number);
  const bring = ({ channel }: Peer, change: Partial<PartHead>, number = 1, shard = 0): void =>
    void channel.send('part', one(partBody({ ...part, ...change })), number, shard);
  /** The most that a part may claim to hold. */
  const largest = { pages: 272, rawBytes: 4 + 272 * (6 + 4096) };

  /** The largest table there may be, in a few bytes. */
  const wellFormed = {
    method: 'zstd',
    tableBytes: maxTableBytes,
    table: zstdFrame(
      Array.from({ length: maxTableBytes / 131_072 }, () => Buffer.of(0)),
      131_072,
    ),
  } as const;
  let zlibBomb: Buffer;
  /** Blocks that say what they hold: one byte, so often. */
  const zstdBomb = zstdFrame(
    Array.from({ length: bombBytes / 131_072 }, () => Buffer.of(0)),
    131_072,
  );
  /** Blocks that do not: as many as a frame of the largest table may have. */
  let hiddenBomb: Buffer;

  beforeAll(async () => {
    const deflate = createDeflate({ level: 9 });
    const chunks: Buffer[] = [];
    deflate.on('data', (chunk: Buffer) => chunks.push(chunk));
    const zeros = Buffer.alloc(16 * mebibyte);
    for (let done = 0; done < bombBytes; done += zeros.length) {
      await new Promise<void>((written) => deflate.write(zeros, () => written()));
    }
    await new Promise<void>((ended) => deflate.on('end', ended).end());
    zlibBomb = Buffer.concat(chunks);
    const frame = Buffer.from(await methodTable.zstd.compress(Buffer.alloc(131_072, 'ab'), 1));
    const word = frame.readUIntLE(6, 3); // behind magic number, descriptor and window
    expect((word >> 1) & 3).toBe(2);
    const block = frame.subarray(9, 9 + (word >> 3));
    hiddenBomb = zstdFrame(Array.from({ length: 640 }, () => block));
  });

  it('makes the receiver neither grow nor go by what it declares or sends', async () => {
    const receiver = await receiving();
    const cases: readonly (readonly [string, (peer: Peer) => void, Failure['code'], RegExp])[] = [
      [
        'a zlib bomb for a table',
        (peer) => announce(peer, { method: 'zlib', tableBytes: maxTableBytes, table: zlibBomb }),
        'codec',
        /zlib/,
      ],
      [
        'a zstd bomb',
        (peer) => announce(peer, { method: 'zstd', tableBytes: maxTableBytes, table: zstdBomb }),
        'codec',
        /zstd/,
      ],
      [
        'zstd bombs that hide it',
        (peer) => {
          for (let number = 1; number <= 20; number++) {
            announce(peer, { method: 'zstd', tableBytes: maxTableBytes, table: hiddenBomb }, number);
          }
        },
        'codec',
        /zstd/,
      ],
      [
        'a table of 4 GiB',
        (peer) => announce(peer, { tableBytes: 2 ** 32 - 1 }),
        'wire-protocol',
        /a table of 4294967295 bytes/,
      ],
      [
        'more tables than are held',
        (peer) => {
          for (let number = 1; number <= 64; number++) announce(peer, wellFormed, number);
        },
        'wire-protocol',
        /bytes in parts and tables at once/,
      ],
      [
        'an epoch of 4 GiB',
        (peer) => announce(peer, { rawBytes: 2 ** 32 - 1 }),
        'wire-protocol',
        /epoch of 4294967295 bytes/,
      ],
      [
        'a zlib bomb for a part',
        (peer) => {
          announce(peer);
          bring(peer, { ...largest, method: 'zlib', frame: zlibBomb });
        },
        'codec',
        /zlib/,
      ],
      [
        'a zstd bomb for a part',
        (peer) => {
          announce(peer);
          bring(peer, { ...largest, method: 'zstd', frame: zstdBomb });
        },
        'codec',
        /zstd/,
      ],
      [
        'a part of more pages than were agreed on',
        (peer) => {
          announce(peer);
          bring(peer, { pages: 273 });
        },
        'wire-protocol',
        /a part of 273 pages in .*, at most 272 pages/,
      ],
      [
        'a part that would be 4 GiB',
        (peer) => {
          announce(peer);
          bring(peer, { rawBytes: 2 ** 32 - 1 });
        },
        'wire-protocol',
        /of 4294967295 bytes, at most 272 pages/,
      ],
      [
        'a frame of 4 GiB',
        ({ channel }) => void channel.write(frameHead('part', 2 ** 32 - 1)),
        'wire-protocol',
        /part frame of 4294967295 bytes/,
      ],
      [
        'parts that never make an epoch',
        (peer) => {
          const frame = noise(1, mebibyte);
          for (let number = 1; number <= 36; number++) {
            for (let shard = 0; shard < 4; shard++)
              bring(peer, { pages: 256, rawBytes: mebibyte, frame }, number, shard);
          }
        },
        'wire-protocol',
        /bytes in parts and tables at once/,
      ],
      [
        'layouts one after the other',
        ({ channel }) => {
          const kept = new Map(Array.from({ length: 16 }, (_, shard) => [shard, Buffer.alloc(114_688)]));
          for (let turn = 0; turn < 8; turn++) {
            channel.send('layout', one(layoutBody({ shards: 16, cachePagesPerShard: 4, kept })));
          }
        },
        'wire-protocol',
        /a layout before the last one was in force/,
      ],
    ];
    const grown: [string, number][] = [];
    for (const [what, speak, code, message] of cases) {
      const peer = await admitted(receiver);
      const pids = [receiver.pid, ...childrenOf(receiver.pid, 'decompress')];
      expect(pids).toHaveLength(2);
      const growth = new Growth(pids);
      speak(peer);
      expect([what, await peer.told]).toEqual([what, { code, message: expect.stringMatching(message) as string }]);
      expect(await receiver.event('session')).toMatchObject({ status: 'failed', error: { code } });
      grown.push([what, growth.end()]);
    }
    for (const [what, bytes] of grown) expect([what, bytes < mostGrowth]).toEqual([what, true]);
    await admitted(receiver);
  });

  it('is given no more decompress processes than the receiver has use for', async () => {
    const receiver = await receiving();
    await admitted(receiver, { shards: 255, cachePagesPerShard: 0, decompressThreads: 255 });
    const most = Math.max(8, 2 * availableParallelism());
    expect(childrenOf(receiver.pid, 'decompress')).toHaveLength(most);
  });
});

describe('channels that come back after their migration is over', () => {
  it('do not shut out a sender at the same address', async () => {
    const receiver = await receiving(2);
    const [over, other] = [await admitted(receiver, { channels: 16 }), await admitted(receiver, { channels: 2 })];
    const leaving = connectPeer(receiver.pairing);
    leaving.channel.send('leave', withSecret(over.ticket.secret, { session: over.ticket.session }));
    await receiver.event('session');
    const back = Array.from({ length: 16 }, (_, channel) => join(receiver, over.ticket, channel));
    for (const why of await Promise.all(back.map(({ told }) => told))) {
      expect(why).toEqual({ code: 'wire-refused', message: 'this migration is over at the receiver' });
    }
    expect((await join(receiver, other.ticket, 1).next()).type).toBe('joined');
    expect(receiver.stderr()).not.toContain('nothing more is taken');
  });

  it('are told from those of nobody: whoever guesses is shut out all the same', async () => {
    const receiver = await receiving(2);
    const other = await admitted(receiver, { channels: 2 });
    const guess: Ticket = { session: '00', secret: 'ab'.repeat(32) };
    for (let turn = 0; turn < 11; turn++)
      expect(await join(receiver, guess, 1).told).toMatchObject({ code: 'wire-refused' });
    expect(await join(receiver, other.ticket, 1).told).toMatchObject({
      code: 'wire-refused',
      message: expect.stringContaining('too many wrong attempts') as string,
    });
    expect(receiver.stderr()).toContain('nothing more is taken from 127.0.0.1 for 60 s');
  });
});

/** A way to take long over introducing oneself; a byte a second. */
type Slow = (port: number, from: string) => Socket;

const slow: Readonly<Record<string, Slow>> = {
  'before TLS': (port, from) =>
    trickle(connect({ port, host: '127.0.0.1', localAddress: from }), Buffer.of(0x16, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3)),
  'without a word': (port, from) => connect({ port, host: '127.0.0.1', localAddress: from }),
  'after TLS, before the token': (port, from) => {
    const raw = connect({ port, host: '127.0.0.1', localAddress: from });
    const socket = connectTls({ socket: raw, rejectUnauthorized: false });
    socket.once('secureConnect', () => trickle(socket, frameHead('hello', 4096)));
    socket.on('error', () => undefined);
    return raw;
  },
};

function trickle(socket: Socket, bytes: Buffer): Socket {
  let at = 0;
  const timer = setInterval(() => socket.write(bytes.subarray(at, ++at)), 1000);
  socket.on('close', () => clearInterval(timer));
  return socket;
}

describe('many who take long over introducing themselves', () => {
  it.each([
    ['the address that a sender comes from, too', 1],
    ['many addresses', 40],
  ])('from %s are closed in time, and keep no sender out', async (_, addresses) => {
    const receiver = await receiving(2);
    const { port } = receiver.pairing;
    const ways = Object.values(slow);
    const closed: Promise<void>[] = [];
    for (let turn = 0; turn < 160; turn++) {
      const socket = (ways[turn % ways.length] as Slow)(port, `127.0.0.${1 + (turn % addresses)}`);
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => undefined);
      closed.push(new Promise((done) => socket.once('close', () => done())));
      await new Promise<void>((connected) => socket.once('connect', connected));
    }
    await admitted(receiver);
    await Promise.all(closed);
    expect(receiver.stderr()).toContain('too many have not introduced themselves yet');
    await admitted(receiver);
  });
});

/** A Zstandard frame (RFC 8878, 3.1.1) of these blocks, with a window of 1 MiB; of repeated ones where `times` is given. */
function zstdFrame(blocks: readonly Buffer[], times?: number): Buffer {
  const head = Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0, (20 - 10) << 3);
  const pieces = blocks.flatMap((block, at) => {
    const size = times ?? block.length;
    const word = (size << 3) | ((times === undefined ? 2 : 1) << 1) | Number(at === blocks.length - 1);
    return [Buffer.of(word & 255, (word >> 8) & 255, word >> 16), block];
  });
  return Buffer.concat([head, ...pieces]);
}
