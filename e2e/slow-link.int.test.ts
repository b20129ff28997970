import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { Program } from '../faults/program';
import { defaultSettings } from '../src/shared/settings';
import { RemoteFar } from '../src/engine/remote-far';
import { makeIdentity } from '../src/engine/store/identity';
import { Channel } from '../src/engine/wire/channel';
import { parseRequest } from '../src/engine/wire/control';
import { countsBody, type Frame } from '../src/engine/wire/frame';
import { encodeJson } from '../src/engine/wire/json';
import { contextOf } from '../src/engine/wire/secured';
import { SenderLink } from '../src/engine/wire/sender-link';
import { until } from './kit/until';

const token = 'ab'.repeat(32);
const asked = { shards: 1, decompressThreads: 1, cachePagesPerShard: 1, maxPartPages: 64, channels: 1 } as const;

let passed = 0;

// Sockets are real; seconds pass when a test says so.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + passed);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function pass(ms: number): Promise<void> {
  passed += ms;
  await vi.advanceTimersByTimeAsync(ms);
}

/** A receiver whose first connection gets no further than TCP until `open` is called. */
async function slow(onFrame: (frame: Frame, channel: Channel) => void) {
  const identity = await makeIdentity();
  const context = contextOf(identity);
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  let heard = (): void => undefined;
  const introduced = new Promise<void>((resolve) => (heard = resolve));
  const open = (): Channel => {
    const [raw] = sockets as [Socket];
    const secure = new TLSSocket(raw, { isServer: true, secureContext: context });
    const channel: Channel = new Channel(secure, 'sender', {
      onFrame: (frame) => {
        heard();
        onFrame(frame, channel);
      },
      onEnd: () => undefined,
    });
    return channel;
  };
  const { port } = server.address() as AddressInfo;
  const to = { host: '127.0.0.1', port, fingerprint: identity.fingerprint, token };
  return { to, open, introduced, sockets, there: once(server, 'connection') };
}

/** A sender's link on its way in; waits until something is said of it. */
function comesIn(to: Awaited<ReturnType<typeof slow>>['to']) {
  const notices: string[] = [];
  let tell = (_: string): void => undefined;
  const notice = new Promise<string>((resolve) => (tell = resolve));
  const onNotice = (text: string): void => {
    notices.push(text);
    tell(text);
  };
  const quiet = { onFrame: () => undefined, onEnd: () => undefined };
  const link = new SenderLink({ to, rate: 0, windowMs: 600_000, onNotice, ...quiet });
  onTestFinished(() => link.destroy());
  link.open(token, { ...asked, resumeWindowMs: 600_000 }).catch(() => undefined);
  return { notices, notice };
}

it('a sender counts how long its receiver is quiet from when that can say something', async () => {
  const { to, open, introduced, there } = await slow(() => undefined);
  const { notices, notice } = comesIn(to);
  await there;
  await pass(12_000);
  expect(notices).toEqual([]);
  open();
  await introduced;
  await pass(4000);
  expect(notices).toEqual([]);
  await pass(1100);
  expect(await notice).toMatch(/: no answer for 5\.0 s; it has said nothing at all yet \([^?]*\): reconnecting, for /);
});

it('a sender that is put off until it is too late says so', async () => {
  const { to, open, introduced, there } = await slow(() => undefined);
  const { notices, notice } = comesIn(to);
  await there;
  const channel = open();
  await introduced;
  const set = vi.spyOn(globalThis, 'setTimeout');
  // Real time passes as well: some seconds of the forty are left for a machine that stands still.
  for (let second = 0; second < 37; second++) {
    set.mockClear();
    channel.send('received', Buffer.alloc(16));
    // That it was heard shows in that it is waited for anew.
    while (set.mock.calls.length === 0) await new Promise(setImmediate);
    await pass(1000);
  }
  expect(notices).toEqual([]);
  await pass(3000);
  expect(await notice).toMatch(/has not let us in within 40\.0 s: reconnecting/);
});

it('a session counts so, too, and has not asked for the time all the while', async () => {
  let most = 0;
  const { to, open, there } = await slow(({ type, epoch, body }, channel) => {
    if (type !== 'request') return;
    most = Math.max(most, epoch);
    if (parseRequest(body).ask === 'clock') channel.send('reply', encodeJson({ answer: { nowMs: 0 } }), epoch);
  });
  const notices: string[] = [];
  const options = { settings: defaultSettings, onNotice: (text: string) => void notices.push(text) };
  const connected = RemoteFar.connect(to, options);
  await there;
  await pass(12_000);
  open();
  const far = await connected;
  onTestFinished(() => far.close());
  expect(notices.filter((text) => text.includes('reconnecting'))).toEqual([]);
  expect(most).toBe(5);
});

it('and finds out soon that a handshake stalls once it knows the way', async () => {
  vi.spyOn(performance, 'now').mockImplementation(() => passed);
  const { to, open, there, sockets } = await slow(({ type, epoch, body }, channel) => {
    if (type === 'request' && parseRequest(body).ask === 'clock')
      channel.send('reply', encodeJson({ answer: { nowMs: 0 } }), epoch);
  });
  const notices: string[] = [];
  const options = { settings: defaultSettings, onNotice: (text: string) => void notices.push(text) };
  const connected = RemoteFar.connect(to, options);
  await there;
  open();
  const far = await connected;
  onTestFinished(() => far.close());
  sockets[0]?.destroy();
  while (sockets.length < 2) await new Promise(setImmediate);
  await pass(4000);
  expect(notices.filter((text) => text.includes('trying again'))).toEqual([]);
  await pass(3000);
  expect(notices.at(-1)).toMatch(/it has said nothing for 5 s: trying again, for /);
});

it('a link over a way that takes long comes back over it', async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  const identity = await makeIdentity();
  const context = contextOf(identity);
  const channels: Channel[] = [];
  const welcome = encodeJson({ ticket: { session: 'ab', secret: token }, maxCacheBytes: 0 });
  const server = createServer((raw) => {
    raw.on('error', () => undefined);
    const secure = new TLSSocket(raw, { isServer: true, secureContext: context });
    const channel: Channel = new Channel(secure, 'sender', {
      onFrame: ({ type }) => {
        if (type === 'hello') channel.send('welcome', welcome);
        else if (type === 'join') channel.send('joined', countsBody(0, 0));
      },
      onEnd: () => undefined,
    });
    channels.push(channel);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  // 1.8 s there and back: TLS and what lets it in take 3.6 s.
  const line = Program.start(
    [process.execPath, 'e2e/kit/delay-line.mjs', '127.0.0.1', String(port), '900'],
    process.env,
  );
  const way = await line.line(({ event }) => event === 'listening', 60_000);

  const notices: string[] = [];
  const quiet = { onFrame: () => undefined, onEnd: () => undefined, beats: { everyMs: 1000, most: 100 } };
  const to = { host: '127.0.0.1', port: Number(way?.['port']), fingerprint: identity.fingerprint, token };
  const link = new SenderLink({ to, rate: 0, windowMs: 60_000, onNotice: (text) => notices.push(text), ...quiet });
  onTestFinished(() => {
    link.destroy();
    line.child.kill('SIGKILL');
    server.close();
    for (const { socket } of channels) socket.destroy();
  });
  await link.open(token, { ...asked, resumeWindowMs: 60_000 });
  channels[0]?.destroy();
  await until(() => notices.some((text) => text.startsWith('the link is back')), 'the link to be back', 120_000);
  expect(notices[0]).toMatch(/: reconnecting, for /);
});
