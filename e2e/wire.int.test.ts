import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Sender } from '../src/engine/sender';
import { Channel } from '../src/engine/wire/channel';
import { epochBody, partBody, type PartHead } from '../src/engine/wire/epoch-frame';
import { layoutBody } from '../src/engine/wire/layout';
import { frameHead, type FrameType } from '../src/engine/wire/frame';
import { parseFailure, parseWelcome, type Hello } from '../src/engine/wire/hello';
import { encodeJson } from '../src/engine/wire/json';
import { withSecret } from '../src/engine/wire/secret';
import { sliceBytes } from '../src/engine/wire/token-bucket';
import type { Failure } from '../src/shared/failure';
import { defaultSettings, methods } from '../src/shared/settings';
import type { SpawnWorker, WorkerHandle } from '../src/shared/worker';
import { bundleWorkers, type BundledWorkers } from './kit/bundled-workers';
import { Gate } from './kit/gate';
import { Opened, listen, loopback, spoiler, token } from './kit/loopback';
import { guestStream, noise, noiseStream } from './kit/streams';
import { until } from './kit/until';

const layout = (shards: number, cachePagesPerShard: number): Buffer =>
  Buffer.concat(layoutBody({ shards, cachePagesPerShard, kept: new Map() }));

let workers: BundledWorkers;
const opened = new Opened();
const started: { readonly name: string; readonly handle: WorkerHandle; readonly exited: Promise<string> }[] = [];

const spawn: SpawnWorker = (kind, name) => {
  const handle = workers.spawn(kind, name);
  started.push({ name, handle, exited: new Promise((ended) => handle.onExit(ended)) });
  return handle;
};

beforeAll(async () => {
  process.env['NODE_PATH'] = resolve('node_modules'); // the bundles lie outside the project
  workers = await bundleWorkers(['compress', 'decompress']);
});

afterAll(() => {
  workers.remove();
});

/** Whatever happened in a test, closing both sides leaves no process and no ring. */
afterEach(async () => {
  opened.close();
  await Promise.all(started.splice(0).map(({ exited }) => exited));
  expect(openRings()).toEqual([]);
});

function openRings(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const name = readlinkSync(`/proc/self/fd/${fd}`);
      return /\/wherry-[0-9a-f]{24}/.test(name) ? [name] : [];
    } catch {
      return []; // the descriptor of this very listing
    }
  });
}

describe('a stream over the wire', () => {
  const cases = methods.flatMap((method) =>
    [8 * 2 ** 20, 0].map((xbzrleCacheBytes) => ({ method, level: method === 'none' ? 0 : 1, xbzrleCacheBytes })),
  );

  it.each(cases)('arrives byte for byte with %o', async (settings) => {
    const stream = guestStream();
    const { sender, destination, source } = await loopback(opened, { spawn, settings });
    source.end(stream);
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
    const { counters } = sender;
    expect(counters.rawBytes).toBe(stream.length);
    expect(counters.xbzrle > 0).toBe(settings.xbzrleCacheBytes > 0);
    expect(counters.duplicate).toBeGreaterThan(0);
    const known = counters.wireXbzrle + counters.wireNormal + counters.wirePlain;
    expect(known).toBeLessThan(sender.wireBytes);
    if (settings.method !== 'none') expect(sender.wireBytes).toBeLessThan(stream.length / 2);
    await until(() => sender.unacknowledgedBytes === 0, 'every epoch to be acknowledged');
  });

  it('arrives whatever it is, and in whatever pieces it comes', async () => {
    const stream = Buffer.concat([guestStream(1).subarray(0, 700_001), noise(4, 100_003)]);
    const { destination, source } = await loopback(opened, { spawn });
    for (let at = 0, turn = 0; at < stream.length; turn++) {
      const size = [1, 5000, 77, 65_536, 4104, 3][turn % 6] ?? 1;
      source.write(stream.subarray(at, at + size));
      at += size;
      if (turn % 8 === 0) await new Promise(setImmediate);
    }
    source.end();
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
  });

  it('reaches the destination without waiting for more once the source falls silent', async () => {
    const stream = guestStream(1);
    const { destination, source } = await loopback(opened, { spawn });
    for (const [from, to] of [
      [0, 1],
      [1, 90],
      [90, 5000],
      [5000, 400_000],
    ] as const) {
      source.write(stream.subarray(from, to));
      // A parser holds back the start of a record, never more.
      await until(
        () => destination.bytes.length > to - 4400 && destination.bytes.length <= to,
        `${to} bytes to arrive`,
      );
    }
    expect(destination.bytes.equals(stream.subarray(0, destination.bytes.length))).toBe(true);
  });

  it('is held back at the source while the destination takes nothing', async () => {
    const stream = noiseStream(6000);
    const settings = { method: 'none', level: 0 } as const;
    const { sender, destination, source, attached } = await loopback(opened, { spawn, settings });
    destination.onData = () => destination.socket?.pause();
    source.end(stream);
    await until(() => attached.isPaused(), 'the source to be held back');
    expect(sender.counters.rawBytes).toBeLessThan(stream.length);
    destination.onData = () => undefined;
    destination.socket?.resume();
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
  });

  it('keeps to a limit', async () => {
    const stream = noiseStream(300);
    const maxBandwidth = 2_000_000;
    const { sender, destination, source } = await loopback(opened, { spawn, settings: { maxBandwidth } });
    const from = performance.now();
    source.end(stream);
    await destination.ended;
    const seconds = (performance.now() - from) / 1000;
    // However slow the machine: never more than the rate, what it may save up in 40 ms, and one slice.
    expect(sender.wireBytes).toBeLessThanOrEqual(maxBandwidth * (seconds + 0.04) + sliceBytes(maxBandwidth));
    expect(sender.waits.limitedMs).toBeGreaterThan(0);
  });
});

describe('the return path', () => {
  it('brings back what the destination says, and its end', async () => {
    const stream = guestStream(1);
    const { destination, source } = await loopback(opened, { spawn });
    const said: Buffer[] = [];
    source.on('data', (chunk: Buffer) => said.push(chunk));
    source.write(stream);
    await until(() => destination.bytes.length === stream.length, 'the stream');
    const answer = noise(3, 300_000);
    destination.socket?.end(answer);
    await once(source, 'end');
    expect(Buffer.concat(said).equals(answer)).toBe(true);
  });

  it('that ends in mid-migration is a failed destination', async () => {
    const { destination, source, released, failures } = await loopback(opened, { spawn });
    source.write(guestStream(1).subarray(0, 500_000));
    await until(() => destination.bytes.length > 100_000, 'some of the stream');
    destination.socket?.destroy();
    expect(await failures.sender).toMatchObject({ code: 'destination-failed' });
    await released;
  });

  it('that breaks while bytes are on the way is a failed destination, on both sides', async () => {
    const { destination, source, released, failures } = await loopback(opened, { spawn });
    destination.onData = () => destination.socket?.destroy();
    source.end(noiseStream(3000));
    expect(await failures.sender).toMatchObject({ code: 'destination-failed' });
    await released;
  });
});

describe('a link that spoils what it carries', () => {
  const stream = noiseStream();

  it.each([30_000, 100_001, 900_000, 2_000_000, 4_000_000])(
    'at byte %d gives the destination nothing that was not sent',
    async (at) => {
      const settings = { method: 'none', level: 0, compressThreads: 1 } as const;
      const { destination, source, failures } = await loopback(opened, {
        spawn,
        settings,
        between: spoiler(opened, at, 'flip'),
      });
      source.end(stream);
      const [here, there] = await Promise.all([failures.sender, failures.receiver]);
      expect(['wire-digest', 'codec', 'wire-protocol']).toContain(there.code);
      expect(here).toMatchObject({ code: there.code, message: there.message });
      await destination.ended;
      expect(destination.bytes.length).toBeLessThan(stream.length);
      expect(destination.bytes.equals(stream.subarray(0, destination.bytes.length))).toBe(true);
    },
  );

  it('is found out in a compressed part as well', async () => {
    const guest = guestStream();
    const { destination, source, failures } = await loopback(opened, {
      spawn,
      between: spoiler(opened, 200_000, 'flip'),
    });
    source.end(guest);
    expect(['wire-digest', 'codec', 'wire-protocol']).toContain((await failures.receiver).code);
    await destination.ended;
    expect(destination.bytes.equals(guest.subarray(0, destination.bytes.length))).toBe(true);
  });

  it('that is cut, and may not come back, ends both sides and lets go of source and destination', async () => {
    const { destination, source, released, failures } = await loopback(opened, {
      spawn,
      settings: { resumeWindowMs: 0 },
      between: spoiler(opened, 1_500_000, 'cut'),
    });
    source.end(stream);
    const ends = await Promise.all([failures.sender, failures.receiver]);
    expect(ends.map(({ code }) => code)).toEqual(['wire-closed', 'wire-closed']);
    await Promise.all([destination.ended, released]);
    expect(destination.bytes.equals(stream.subarray(0, destination.bytes.length))).toBe(true);
  });
});

describe('several channels', () => {
  it.each([2, 4, 16])('bring a stream byte for byte: %d of them', async (channels) => {
    const stream = guestStream();
    const settings = { channels, compressThreads: 5, decompressThreads: 2 };
    const { sender, destination, source } = await loopback(opened, { spawn, settings });
    source.end(stream);
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
    expect(sender.channelBytes).toHaveLength(channels);
    expect(sender.channelBytes.reduce((sum, bytes) => sum + bytes, 0)).toBe(sender.wireBytes);
    expect(sender.channelBytes.filter((bytes) => bytes > 4096).length).toBeGreaterThan(1);
    await until(() => sender.unacknowledgedBytes === 0, 'every epoch to be acknowledged');
  });

  it('pass one that stands still, and the stream is whole when it goes on', async () => {
    const stream = noiseStream(6000);
    const settings = { channels: 4, compressThreads: 4, method: 'none', level: 0 } as const;
    const gate = new Gate(opened);
    const { sender, destination, source } = await loopback(opened, { spawn, settings, between: gate.between });
    gate.holdFirstToCarry();
    source.end(stream);
    // The parts of more than one epoch get there, while what is missing keeps every one of them from the destination.
    const others = (): number => gate.passed.reduce((sum, bytes) => sum + bytes, 0);
    const ahead = (): boolean => others() > destination.bytes.length + 3 * 2 ** 20;
    await until(() => gate.held !== undefined && ahead(), 'the others to go on');
    expect(sender.counters.rawBytes).toBeLessThan(stream.length);
    gate.open();
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
  });

  it('are held back together while the destination takes nothing, and lose nothing by it', async () => {
    const stream = noiseStream(12_000);
    const settings = { channels: 4, compressThreads: 4, method: 'none', level: 0 } as const;
    const { sender, destination, source, attached } = await loopback(opened, { spawn, settings });
    destination.onData = () => destination.socket?.pause();
    source.end(stream);
    await until(() => attached.isPaused(), 'the source to be held back');
    expect(sender.counters.rawBytes).toBeLessThan(stream.length);
    // A destination that takes a little at a time: each time what comes next may be on any of the channels.
    destination.onData = () => {
      destination.socket?.pause();
      setImmediate(() => destination.socket?.resume());
    };
    destination.socket?.resume();
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
  });

  it('keep to one limit together', async () => {
    const stream = noiseStream(300);
    const maxBandwidth = 2_000_000;
    const settings = { maxBandwidth, channels: 4, compressThreads: 4 };
    const { sender, destination, source } = await loopback(opened, { spawn, settings });
    const before = sender.wireBytes;
    const from = performance.now();
    source.end(stream);
    await destination.ended;
    const seconds = (performance.now() - from) / 1000;
    expect(sender.wireBytes - before).toBeLessThanOrEqual(maxBandwidth * (seconds + 0.04) + sliceBytes(maxBandwidth));
    expect(sender.channelBytes.filter((bytes) => bytes > 4096)).toHaveLength(4);
  });

  it('end together where none may come back: one that is cut ends both sides', async () => {
    const stream = noiseStream(3000);
    const settings = { channels: 4, method: 'none', level: 0, resumeWindowMs: 0 } as const;
    const gate = new Gate(opened);
    const { destination, source, released, failures } = await loopback(opened, {
      spawn,
      settings,
      between: gate.between,
    });
    gate.cutFirstToCarry();
    source.end(stream);
    const ends = await Promise.all([failures.sender, failures.receiver]);
    expect(ends.map(({ code }) => code)).toEqual(['wire-closed', 'wire-closed']);
    expect(ends[0]?.message).toMatch(/^channel [123]: /);
    await Promise.all([destination.ended, released]);
    expect(destination.bytes.equals(stream.subarray(0, destination.bytes.length))).toBe(true);
  });

  it('that spoil a byte give the destination nothing that was not sent, and both sides know why', async () => {
    const stream = noiseStream();
    const settings = { channels: 3, method: 'none', level: 0 } as const;
    const { destination, source, failures } = await loopback(opened, {
      spawn,
      settings,
      between: spoiler(opened, 50_000, 'flip'),
    });
    source.end(stream);
    const [here, there] = await Promise.all([failures.sender, failures.receiver]);
    expect(['wire-digest', 'codec', 'wire-protocol']).toContain(there.code);
    expect(here.code).toBe(there.code);
    await destination.ended;
    expect(destination.bytes.equals(stream.subarray(0, destination.bytes.length))).toBe(true);
  });
});

describe('a worker killed in mid-stream', () => {
  it('that compresses is replaced, and nothing is lost', async () => {
    const stream = guestStream(6);
    const { sender, destination, source, notices } = await loopback(opened, { spawn });
    source.write(stream.subarray(0, 2_000_000));
    await until(() => destination.bytes.length > 500_000, 'some of the stream');
    for (const { name, handle } of [...started]) if (name.startsWith('compress')) handle.kill();
    source.end(stream.subarray(2_000_000));
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
    expect(sender.workers().map(({ restarts }) => restarts)).toEqual([1, 1]);
    expect(notices.filter((text) => text.includes('was started again'))).toHaveLength(2);
  });

  it('that decompresses ends the migration, since its cache is gone', async () => {
    const stream = guestStream(6);
    const { destination, source, failures } = await loopback(opened, { spawn });
    source.write(stream.subarray(0, 2_000_000));
    await until(() => destination.bytes.length > 500_000, 'some of the stream');
    for (const { name, handle } of [...started]) if (name.startsWith('decompress')) handle.kill();
    source.end(stream.subarray(2_000_000));
    expect(await failures.receiver).toMatchObject({ code: 'worker' });
    expect(await failures.sender).toMatchObject({ code: 'worker' });
    await destination.ended;
    expect(destination.bytes.equals(stream.subarray(0, destination.bytes.length))).toBe(true);
  });
});

const hello: Hello = {
  shards: 2,
  decompressThreads: 1,
  cachePagesPerShard: 4,
  maxPartPages: 64,
  channels: 1,
  resumeWindowMs: 0,
};

interface Stranger {
  readonly socket: Socket;
  readonly send: (type: FrameType, body?: Uint8Array, epoch?: number, aux?: number) => void;
  /** The welcome's body. */
  readonly welcomed: Promise<Buffer>;
  readonly joined: Promise<void>;
  /** The receiver's reason for ending the connection; undefined where it gave none. */
  readonly told: Promise<Failure | undefined>;
}

/** A connection that says what it likes. */
function stranger(port: number): Stranger {
  const socket = opened.add(connect(port, '127.0.0.1'), (one) => one.destroy());
  let tell = (_: Failure | undefined): void => undefined;
  let welcome = (_: Buffer): void => undefined;
  let join = (): void => undefined;
  const told = new Promise<Failure | undefined>((done) => (tell = done));
  const welcomed = new Promise<Buffer>((done) => (welcome = done));
  const joined = new Promise<void>((done) => (join = done));
  new Channel(socket, 'receiver', {
    onFrame: ({ type, body }) => {
      if (type === 'failure') tell(parseFailure(body));
      else if (type === 'welcome') welcome(body);
      else if (type === 'joined') join();
    },
    onEnd: () => tell(undefined),
  });
  const send = (type: FrameType, body: Uint8Array = Buffer.alloc(0), epoch = 0, aux = 0): void => {
    socket.write(Buffer.concat([frameHead(type, body.length, epoch, aux), body]));
  };
  return { socket, send, welcomed, joined, told };
}

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
    const other = stranger(receiver.port);
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
      const silent = Array.from({ length: 16 }, () => stranger(receiver.port));
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
    const other = stranger(receiver.port);
    other.send('hello', withSecret(token, hello));
    other.send('end');
    expect(await other.told).toMatchObject({ code: 'wire-protocol', message: 'a end frame before the welcome' });
    expect(await failed).toMatchObject({ code: 'wire-protocol' });
  });

  const epoch = {
    rawBytes: 5000,
    digest: 0n,
    shards: [0],
    method: 'none',
    tableBytes: 0,
    table: Buffer.alloc(0),
  } as const;
  const part: PartHead = { method: 'none', pages: 1, rawBytes: 10, frame: Buffer.alloc(10) };
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
    const peer = stranger(receiver.port);
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
    const peer = stranger(receiver.port);
    peer.send('hello', withSecret(token, hello));
    await peer.welcomed;
    peer.send('failure', encodeJson({ code: 'worker', message: 'no more workers' }));
    expect(await failed).toMatchObject({ code: 'worker', message: 'no more workers' });
  });
});

describe('a further channel', () => {
  /** A sender of so many channels as far as its welcome, and what it was given for the others. */
  async function welcomed(channels: number, options: Parameters<typeof listen>[2] = {}, resumeWindowMs = 0) {
    const listening = await listen(opened, spawn, options);
    const first = stranger(listening.receiver.port);
    first.send('hello', withSecret(token, { ...hello, channels, resumeWindowMs }));
    const { ticket } = parseWelcome(await first.welcomed);
    const { session } = ticket;
    const join = (change: object = {}, secret = ticket.secret): Stranger => {
      const other = stranger(listening.receiver.port);
      other.send('join', withSecret(secret, { session, channel: 1, taken: 0, ...change }));
      return other;
    };
    return { ...listening, first, ticket, join };
  }

  it.each<[string, object, Failure['code'], RegExp, string?]>([
    ['with another secret', {}, 'wire-refused', /did not show the token/, 'ab'.repeat(32)],
    ['with a secret cut short', {}, 'wire-refused', /did not show the token/, 'ab'.repeat(16)],
    ['of another session', { session: '00'.repeat(8) }, 'wire-refused', /named another session/],
    ['more than were announced', { channel: 3 }, 'wire-refused', /channel 4 of a sender that announced 3/],
    ['that would be the first', { channel: 0 }, 'wire-refused', /channel 0 is here already/],
    ['beyond all limits', { channel: 16 }, 'wire-protocol', /a join that is not one/],
    ['that says more than it should', { path: '/' }, 'wire-protocol', /a join that is not one/],
  ])('%s is refused, and the session goes on', async (_, change, code, message, secret) => {
    const { first, join, notices } = await welcomed(3);
    const other = join(change, secret);
    expect(await other.told).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(notices).toEqual([expect.stringMatching(/^refused a connection from 127\.0\.0\.1: /)]);
    for (const channel of [1, 2]) await join({ channel }).joined;
    expect(first.socket.destroyed).toBe(false);
  });

  it('comes once', async () => {
    const { join } = await welcomed(3);
    const [one, two] = [join({ channel: 2 }), join({ channel: 1 })];
    await Promise.all([one.joined, two.joined]);
    expect(await join({ channel: 2 }).told).toMatchObject({
      code: 'wire-refused',
      message: 'channel 2 is here already',
    });
    expect([one, two].map(({ socket }) => socket.destroyed)).toEqual([false, false]);
  });

  it('is refused where there is no session, and before anybody could know its secret', async () => {
    const { receiver } = await listen(opened, spawn);
    const early = stranger(receiver.port);
    early.send('join', withSecret('cd'.repeat(32), { session: 'ab', channel: 1, taken: 0 }));
    expect(await early.told).toMatchObject({
      code: 'wire-refused',
      message: 'there is no session that a channel could join',
    });
  });

  it.each<[string, (peer: Stranger) => void, Failure['code'], RegExp]>([
    [
      'an epoch',
      ({ send }) => send('epoch', Buffer.alloc(19), 1),
      'wire-protocol',
      /a epoch frame on a further channel/,
    ],
    ['the end', ({ send }) => send('end'), 'wire-protocol', /a end frame on a further channel/],
    ['a part far ahead', ({ send }) => send('part', Buffer.alloc(9, 1), 65), 'wire-protocol', /epoch 65, expected/],
    [
      'a reason to give up',
      ({ send }) => send('failure', encodeJson({ code: 'worker', message: 'none left' })),
      'worker',
      /none/,
    ],
  ])('that brings %s ends the session, and every channel hears why', async (_, speak, code, message) => {
    const { first, join, failed } = await welcomed(2);
    const peer = join();
    await peer.joined;
    speak(peer);
    const why = { code, message: expect.stringMatching(message) as string };
    expect(await Promise.all([failed, first.told, peer.told])).toMatchObject([why, why, why]);
  });

  it('that goes ends the session', async () => {
    const { first, join, failed } = await welcomed(2);
    const peer = join();
    await peer.joined;
    peer.socket.destroy();
    const why = { code: 'wire-closed', message: expect.stringMatching(/^channel 1: /) as string };
    expect(await Promise.all([failed, first.told])).toMatchObject([why, why]);
  });

  it('may take the place of one that is still there, and of the first; nobody else\u2019s may', async () => {
    const { first, join } = await welcomed(2, {}, 60_000);
    const one = join();
    await one.joined;
    const two = join();
    await two.joined;
    expect(await one.told).toBeUndefined();
    expect(await join({}, 'ab'.repeat(32)).told).toMatchObject({ code: 'wire-refused' });
    const other = join({ channel: 0 });
    await other.joined;
    expect(await first.told).toBeUndefined();
    expect([two, other].map(({ socket }) => socket.destroyed)).toEqual([false, false]);
  });

  it('with a count that cannot be is refused, and the session goes on', async () => {
    const { first, join } = await welcomed(2, {}, 60_000);
    expect(await join({ channel: 0, taken: 7 }).told).toMatchObject({ code: 'wire-protocol' });
    await join().joined;
    expect(first.socket.destroyed).toBe(false);
  });

  it('that goes is waited for, and then ends the session', async () => {
    const { first, join, failed, notices } = await welcomed(2, { graceMs: 100 }, 200);
    const peer = join();
    await peer.joined;
    peer.socket.destroy();
    const message = expect.stringMatching(/^channel 1: .*, and the sender has not come back within 300 ms$/) as string;
    expect(await Promise.all([failed, first.told])).toMatchObject([
      { code: 'wire-closed', message },
      { code: 'wire-closed', message },
    ]);
    expect(notices).toEqual([expect.stringMatching(/: waiting for the sender to come back$/)]);
  });

  it('that leaves ends the session at once, but only with the secret', async () => {
    const { receiver, ticket, failed } = await welcomed(1, {}, 60_000);
    const { session } = ticket;
    const other = stranger(receiver.port);
    other.send('leave', withSecret('ab'.repeat(32), { session }));
    expect(await other.told).toMatchObject({ code: 'wire-refused' });
    stranger(receiver.port).send('leave', withSecret(ticket.secret, { session }));
    expect(await failed).toMatchObject({ code: 'wire-closed', message: 'the sender has left' });
  });

  it('that does not come ends the session in time', async () => {
    const { first, join, failed } = await welcomed(3, { joinMs: 3000 });
    await join({ channel: 2 }).joined;
    const why = { code: 'wire-closed', message: '2 of 3 channels have come within 3000 ms' };
    expect(await Promise.all([failed, first.told])).toMatchObject([why, why]);
  });
});
