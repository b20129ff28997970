import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { testLink, type LinkTest } from '../src/engine/link-test';
import { ProbeVisitor } from '../src/engine/probe-visitor';
import { ReceiveServer } from '../src/engine/receive-server';
import { makeIdentity } from '../src/engine/store/identity';
import { Channel } from '../src/engine/wire/channel';
import { frameHead } from '../src/engine/wire/frame';
import type { Pairing } from '../src/shared/pairing';
import { arrivedBody, mostPings, pongBody } from '../src/engine/wire/probe';
import { withSecret } from '../src/engine/wire/secret';
import { Opened, serve } from './kit/loopback';
import { connectPeer, type Peer } from './kit/receive';
import { testedLink } from './kit/tested-link';
import { until } from './kit/until';

const opened = new Opened();
afterEach(() => opened.close());

interface There {
  readonly server: ReceiveServer;
  readonly pairing: Pairing;
  readonly notices: string[];
}

/** A receiver that listens; nobody gets as far as the QEMU it is for. */
async function listen(options: { maxBandwidth?: number; secured?: boolean; lasting?: string } = {}): Promise<There> {
  const { maxBandwidth, secured = true, lasting } = options;
  const notices: string[] = [];
  const server = await ReceiveServer.listen({
    host: '127.0.0.1',
    port: 0,
    destinations: [{ address: 'tcp:127.0.0.1:1' }],
    direct: true,
    tokens: lasting === undefined ? { kind: 'once' } : { kind: 'lasting', token: lasting },
    ...(secured && { identity: await makeIdentity() }),
    ...(maxBandwidth !== undefined && { maxBandwidth }),
    // Nothing is to be started for a test.
    spawn: () => ({
      pid: undefined,
      post: () => undefined,
      onMessage: () => undefined,
      onExit: () => undefined,
      kill: () => undefined,
    }),
    onNotice: (text) => notices.push(text),
    onVisitEnd: () => notices.push('a visit'),
  });
  opened.add(server, () => void server.close());
  return { server, pairing: server.pairing, notices };
}

/** Before a port: everything comes so much later, either way. */
function delaying(port: number, ms: number): Promise<number> {
  const pass = (from: Socket, to: Socket): void => {
    from.on('data', (chunk: Buffer) => void setTimeout(() => to.write(chunk), ms));
    from.on('close', () => to.destroy());
    from.on('error', () => undefined);
  };
  return serve(opened, (near) => {
    const far = opened.add(connect(port, '127.0.0.1'), (socket) => socket.destroy());
    pass(near, far);
    pass(far, near);
  });
}

const unlimited = { channels: 1, maxBandwidth: 0 };

const hasThroughput = ({ figures }: LinkTest): void => expect(figures.throughput).toBeGreaterThan(0);

describe('a link test', () => {
  it.each([
    [1, true],
    [4, true],
    [16, true],
    [3, false],
  ])('over %i channels, TLS %s, says what the link gives, and uses nothing up', async (channels, secured) => {
    const { server, pairing, notices } = await listen({ secured });
    for (let again = 0; again < 2; again++) {
      const { figures, looks } = await testedLink(
        () => testLink(pairing, { channels, maxBandwidth: 0 }),
        ({ figures: { throughput, bytes } }) => {
          expect(throughput).toBeGreaterThan(1e6);
          expect(bytes).toBeGreaterThan(100_000);
        },
      );
      expect(figures).toMatchObject({ channels, maxBandwidth: 0 });
      expect(figures.bytes).toBeLessThan(66 * 2 ** 20);
      expect(figures.roundTripMs).toBeGreaterThan(0);
      expect(figures.roundTripMedianMs).toBeGreaterThanOrEqual(figures.roundTripMs);
      // Both clocks are this machine's.
      expect(Math.abs(figures.clockOffsetMs)).toBeLessThanOrEqual(figures.clockErrorMs + 1);
      expect(looks.length).toBeGreaterThanOrEqual(3);
    }
    expect(server.pairing).toEqual(pairing);
    expect(server.visits()).toEqual([]);
    expect(notices).toEqual([]);
  });

  it('keeps the sender’s limit', async () => {
    const { pairing } = await listen();
    const timed = async () => {
      const begun = performance.now();
      const { figures } = await testLink(pairing, { channels: 3, maxBandwidth: 2e6 });
      const seconds = (performance.now() - begun) / 1000;
      expect(figures.maxBandwidth).toBe(2e6);
      // A burst of 40 ms and a write in debt for each channel.
      expect(figures.bytes).toBeLessThanOrEqual(2e6 * (seconds + 0.04) + 3 * 64 * 1024);
      return figures;
    };
    await testedLink(timed, ({ throughput }) => {
      expect(throughput).toBeGreaterThan(0.5e6);
      expect(throughput).toBeLessThan(2.4e6);
    });
  });

  it('keeps the receiver’s budget', async () => {
    const { pairing } = await listen({ maxBandwidth: 3e6 });
    await testedLink(
      () => testLink(pairing, { channels: 2, maxBandwidth: 0 }),
      ({ figures: { throughput } }) => {
        expect(throughput).toBeGreaterThan(0.5e6);
        expect(throughput).toBeLessThan(4.5e6);
      },
    );
  });

  it('sees a long way', async () => {
    const { pairing } = await listen();
    const port = await delaying(pairing.port, 30);
    const { figures } = await testedLink(() => testLink({ ...pairing, port }, unlimited), hasThroughput);
    expect(figures.roundTripMs).toBeGreaterThanOrEqual(59);
    expect(figures.clockErrorMs).toBe(figures.roundTripMs / 2);
    expect(Math.abs(figures.clockOffsetMs)).toBeLessThanOrEqual(figures.clockErrorMs);
  });

  it('is refused with a wrong token, and told of', async () => {
    const { pairing, notices } = await listen();
    const wrong = testLink({ ...pairing, token: 'ab'.repeat(32) }, { channels: 2, maxBandwidth: 0 });
    await expect(wrong).rejects.toMatchObject({ code: 'wire-refused' });
    expect(notices[0]).toContain('refused a connection from 127.0.0.1');
  });

  it('is refused once another sender has used a one-time token', async () => {
    const { server, pairing } = await listen();
    const holder = connectPeer(pairing);
    const hello = { shards: 1, decompressThreads: 1, cachePagesPerShard: 0, maxPartPages: 1, channels: 1 };
    holder.channel.send('hello', withSecret(pairing.token, { ...hello, resumeWindowMs: 0 }));
    await until(() => server.visits().length > 0 || undefined, 'the visit');
    await expect(testLink(pairing, unlimited)).rejects.toMatchObject({
      code: 'wire-refused',
      message: expect.stringContaining('has been used') as string,
    });
  });

  it('finds nobody', async () => {
    await expect(testLink({ host: '127.0.0.1', port: 1, token: 'ab'.repeat(32) }, unlimited)).rejects.toMatchObject({
      code: 'wire-closed',
    });
  });

  it('goes on beside another one, and no more than there is room for', async () => {
    const { pairing } = await listen({ lasting: 'cd'.repeat(32) });
    const many = { channels: 16, maxBandwidth: 8e6 };
    await testedLink(
      () => Promise.all([testLink(pairing, many), testLink(pairing, many)]),
      (both) => both.forEach(hasThroughput),
    );
    const peers = Array.from({ length: 33 }, () => probing(pairing));
    const answers = await Promise.all(peers.map((peer) => peer.next()));
    expect(answers.filter(({ type }) => type === 'pong')).toHaveLength(32);
    expect(answers.filter(({ type }) => type === 'failure')).toHaveLength(1);
    for (const { channel } of peers) channel.destroy();
  });
});

/** A peer that was let in to test a link. */
function probing(pairing: Pairing): Peer {
  const peer = connectPeer(pairing);
  peer.channel.send('probe', Buffer.from(pairing.token, 'hex'));
  peer.channel.send('ping', undefined, 7);
  return peer;
}

/** What the receiver says last. */
async function lastWords(peer: Peer): Promise<unknown> {
  for (;;) {
    const { type, body } = await peer.next();
    if (type === 'failure') return JSON.parse(body.toString());
  }
}

describe('a receiver that is tested', () => {
  const load = Buffer.alloc(4000, 1);

  it.each<[string, (channel: Channel) => void, RegExp]>([
    [
      'a flood of pings',
      (channel) => {
        for (let ping = 0; ping <= mostPings; ping++) channel.send('ping', undefined, ping);
      },
      /more than 32 pings/,
    ],
    ['a ping among the load', (channel) => void (channel.send('load', load), channel.send('ping')), /unexpected ping/],
    ['load after its end', (channel) => void (channel.send('loaded'), channel.send('load', load)), /unexpected load/],
    ['a second end', (channel) => void (channel.send('loaded'), channel.send('loaded')), /unexpected loaded/],
    ['a guest’s stream', (channel) => void channel.send('end'), /unexpected end/],
    ['a request', (channel) => void channel.send('request', Buffer.from('{"ask":"inspect"}')), /unexpected request/],
    ['a second token', (channel) => void channel.send('probe', Buffer.alloc(32)), /a second probe/],
    ['an answer of its own', (channel) => void channel.send('pong', pongBody(1)), /a pong frame from a sender/],
    ['a frame too large', (channel) => void channel.write(frameHead('load', 4097)), /load frame of 4097 bytes/],
    [
      'load without end',
      (channel) => {
        for (let sent = 0; sent <= 66 * 2 ** 20; sent += load.length) channel.send('load', load);
      },
      /a test of more than/,
    ],
  ])('hangs up on %s, and says why', async (_, speak, message) => {
    const { pairing } = await listen({ secured: false });
    const peer = probing(pairing);
    expect(await peer.next()).toMatchObject({ type: 'pong', epoch: 7 });
    speak(peer.channel);
    expect(await lastWords(peer)).toMatchObject({
      code: 'wire-protocol',
      message: expect.stringMatching(message) as string,
    });
    await peer.over;
    await testedLink(() => testLink(pairing, unlimited), hasThroughput);
  });

  it('says next to nothing for what it is sent', async () => {
    const { pairing } = await listen({ secured: false });
    const peer = probing(pairing);
    for (let frame = 0; frame < 500; frame++) peer.channel.send('load', load);
    peer.channel.send('loaded');
    while ((await peer.next()).aux !== 1);
    expect(peer.channel.bytesReceived).toBeLessThan(peer.channel.bytesSent / 50);
  });

  it('does not wait for ever', async () => {
    const ended: ProbeVisitor[] = [];
    const port = await serve(opened, (socket) => {
      const channel: Channel = new Channel(socket, 'sender', {
        onFrame: (frame) => (visitor === undefined ? (visitor = visit()) : visitor.hear(frame)),
        onEnd: () => visitor?.lost(),
      });
      let visitor: ProbeVisitor | undefined;
      const visit = (): ProbeVisitor =>
        new ProbeVisitor(channel, {
          tooLate: () => false,
          now: Date.now,
          longestMs: 50,
          onEnd: (one) => ended.push(one),
        });
    });
    const peer = probing({ host: '127.0.0.1', port, token: 'ab'.repeat(32) });
    expect(await lastWords(peer)).toMatchObject({ code: 'wire-closed', message: 'a test of more than 50 ms' });
    await peer.over;
    expect(ended.length).toBeGreaterThan(0);
  });
});

/** A receiver that says what a test makes it say to each frame. */
function hostile(answer: (channel: Channel, type: string, number: number) => void): Promise<Pairing> {
  const server = createServer((socket) => {
    opened.add(socket, () => socket.destroy());
    const channel: Channel = new Channel(socket, 'sender', {
      onFrame: ({ type, epoch }) => answer(channel, type, epoch),
      onEnd: () => undefined,
    });
  });
  opened.add(server, () => server.close());
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () =>
      resolve({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, token: 'ab'.repeat(32) }),
    ),
  );
}

describe('a sender that tests', () => {
  const good = (channel: Channel, type: string, number: number): void => {
    if (type === 'ping') channel.send('pong', pongBody(1.7e12), number);
  };
  const arrived = (channel: Channel, bytes: number, atMs = 1, aux = 0): void =>
    void channel.send('arrived', arrivedBody({ bytes, atMs }), 0, aux);

  it.each<[string, (channel: Channel, type: string, number: number) => void, string, RegExp]>([
    [
      'another number',
      (channel, _, number) => channel.send('pong', pongBody(1), number + 1),
      'wire-protocol',
      /nobody waits/,
    ],
    ['no time', (channel, _, number) => channel.send('pong', pongBody(NaN), number), 'wire-protocol', /is no time/],
    ['a welcome', (channel) => channel.send('welcome', Buffer.from('{}')), 'wire-protocol', /unexpected welcome/],
    ['what came before it was sent', (channel) => arrived(channel, 0), 'wire-protocol', /before there was a load/],
    [
      'more than was sent',
      (channel, type, number) => (type === 'load' ? arrived(channel, 2 ** 40) : good(channel, type, number)),
      'wire-protocol',
      /were sent/,
    ],
    [
      'less than before',
      (channel, type, number) => {
        if (type !== 'load') return good(channel, type, number);
        arrived(channel, channel.bytesReceived);
        arrived(channel, 0);
      },
      'wire-protocol',
      /were sent/,
    ],
    [
      'times that run backwards',
      (channel, type, number) => {
        if (type !== 'load') return good(channel, type, number);
        arrived(channel, channel.bytesReceived, 5);
        arrived(channel, channel.bytesReceived, 4);
      },
      'wire-protocol',
      /before the one before/,
    ],
    [
      'an end in the middle',
      (channel, type, number) =>
        type === 'load' ? arrived(channel, channel.bytesReceived, 5, 1) : good(channel, type, number),
      'wire-protocol',
      /as the last of a load that goes on/,
    ],
    [
      'arrivals without end',
      (channel, type, number) => {
        if (type !== 'load') return good(channel, type, number);
        for (let told = 0; told < 3000; told++) arrived(channel, channel.bytesReceived);
      },
      'wire-protocol',
      /more than 2002 times/,
    ],
    ['a refusal', (channel) => channel.giveUp({ code: 'wire-refused', message: 'not now' }), 'wire-refused', /not now/],
    ['nothing', () => undefined, 'wire-closed', /no answer from 127.0.0.1:\d+ for 1\.0 s/],
    [
      'nothing any more',
      (channel, type) => type === 'load' && channel.destroy(),
      'wire-closed',
      /no answer|closed|lost/,
    ],
  ])('gives up on %s', async (what, answer, code, message) => {
    const to = await hostile(answer);
    // Whoever says nothing is waited for in full.
    const patience = what === 'nothing' && { connectMs: 1000 };
    await expect(testLink(to, { ...unlimited, ...patience })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('goes on without a throughput where nothing is said to arrive', async () => {
    const to = await hostile(good);
    const { figures } = await testLink(to, unlimited);
    expect(figures).not.toHaveProperty('throughput');
    expect(figures.bytes).toBeLessThan(20 * 1024);
  });
});
