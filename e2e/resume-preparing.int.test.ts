import { afterEach, describe, expect, it } from 'vitest';
import { queryStatus } from '../src/engine/qmp/migrate';
import { frameHead, type FrameType } from '../src/engine/wire/frame';
import { encodeJson } from '../src/engine/wire/json';
import { formatPairing } from '../src/shared/pairing';
import { shutOutText } from '../src/engine/wire/link-error';
import { withSecret } from '../src/engine/wire/secret';
import { accessDenied } from '../src/engine/wire/secured';
import { builtinPairs } from './kit/builtin-pairs';
import { Cutter, type Break } from './kit/cutter';
import { Opened } from './kit/loopback';
import { monitor } from './kit/pairs';
import { differingPages } from './kit/ram';
import { answerOf, connectPeer, startReceive, type Peer } from './kit/receive';
import { until } from './kit/until';
import { ownFolder, runWherry } from './kit/wherry';

const memoryBytes = 64 * 2 ** 20;
const opened = new Opened();
const guests = builtinPairs(memoryBytes);

afterEach(() => opened.close());

/** A pair, a receiver before its destination, and a link to that which can be broken. */
async function distant(...words: readonly string[]) {
  const pair = await guests();
  const receiver = await startReceive(pair.destination, ...words);
  const cutter = new Cutter(opened);
  const destination = formatPairing({ ...receiver.pairing, port: await cutter.between(receiver.pairing.port) });
  const migrate = ['migrate', '--source', pair.source, '--destination', destination, '--compress-threads', '2'];
  return { pair, receiver, cutter, migrate: [...migrate, '--json'] };
}

/** How a frame of this type begins; bytes that are all text. */
const headOf = (type: FrameType): string => frameHead(type, 0).subarray(0, 6).toString('latin1');

const moments: readonly (readonly [when: string, seen: string])[] = [
  ['with its first words', headOf('control')],
  ['when the destination is asked about', '"ask":"inspect"'],
  ['when the destination is to get ready', '"ask":"prepare"'],
  ['when the link test begins', headOf('probe')],
  ['in the link test', headOf('load')],
  ['when the stream introduces itself', headOf('hello')],
  ['when its second channel does', headOf('join')],
  ['with the first of the stream', headOf('epoch')],
];

describe('a link that breaks while a migration is prepared', () => {
  // Two that nobody closes take seconds to be found out: not each moment is tried with both.
  const found: readonly Break[] = ['cut', 'half-open'];
  const cases = moments.flatMap(([when, seen], at) =>
    found
      .filter((how) => how === 'cut' || at % 2 === 1 || seen === headOf('control'))
      .map((how) => ({ when, seen, how })),
  );
  it.each(cases)('$when is replaced, and the guest arrives whole: $how', async ({ seen, how }) => {
    // Without encryption, so that what goes by can be read.
    const { pair, receiver, cutter, migrate } = await distant('--insecure');
    cutter.breakAt(seen, how);
    const run = await runWherry([...migrate, '--insecure', '--channels', '2', '--paused']);
    expect(run.result, run.stderr).toMatchObject({ status: 'completed', guestRunningOn: 'none' });
    expect(cutter.cuts).toBe(1);
    // Once, however many connections it was: the stream's own and the one beside it are lost together. Connections that
    // nobody has closed may be found out one after the other.
    expect(run.result?.reconnects).toBeGreaterThanOrEqual(1);
    if (how === 'cut') expect(run.result?.reconnects).toBe(1);
    expect(await receiver.event('session')).toMatchObject({ kind: 'migrate', status: 'delivered' });
    expect(receiver.stderr()).not.toContain('refused');
    const [source, there] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, there, ownFolder(), memoryBytes)).toEqual([]);
  });
});

describe('a link that dies before the receiver has shown who it is', () => {
  it('is replaced, and the guest arrives', async () => {
    const { receiver, cutter, migrate } = await distant();
    cutter.breakAt('\u0016\u0003\u0001', 'half-open'); // how a TLS handshake begins
    const run = await runWherry([...migrate, '--no-link-test']);
    expect(run.result, run.stderr).toMatchObject({ status: 'completed', guestRunningOn: 'destination', reconnects: 1 });
    expect(cutter.cuts).toBe(1);
    expect(await receiver.event('session')).toMatchObject({ status: 'delivered' });
  });
});

describe('a link that is cut while a migration is prepared', () => {
  it('again and again, in the middle of its handshakes, is replaced each time', async () => {
    const { receiver, cutter, migrate } = await distant();
    cutter.cutAfter([100, 300, 600, 100, 900, 1500, 400, 2500]);
    const run = await runWherry([...migrate, '--no-link-test']);
    expect(run.result, run.stderr).toMatchObject({ status: 'completed', guestRunningOn: 'destination' });
    expect(cutter.cuts).toBe(8);
    expect(run.result?.reconnects).toBeGreaterThanOrEqual(1);
    expect(await receiver.event('session')).toMatchObject({ status: 'delivered' });
  });

  it('while the destination answers is replaced, and it is asked again', async () => {
    const { receiver, cutter, migrate } = await distant('--insecure');
    cutter.cutAt('"ask":"inspect"', true);
    const run = await runWherry([...migrate, '--insecure', '--no-link-test']);
    expect(run.result, run.stderr).toMatchObject({ status: 'completed', guestRunningOn: 'destination' });
    expect(cutter.cuts).toBe(1);
    expect(run.result?.reconnects).toBeGreaterThanOrEqual(1);
    expect(await receiver.event('session')).toMatchObject({ kind: 'migrate', status: 'delivered' });
  });

  it('and cannot be had back until the stream has tried, too, is one loss', async () => {
    const { receiver, cutter, migrate } = await distant('--insecure');
    cutter.breakAt(headOf('probe'), 'cut');
    cutter.onCut = () => cutter.turnAway(Buffer.alloc(0), 6);
    const run = await runWherry([...migrate, '--insecure']);
    expect(run.result, run.stderr).toMatchObject({ status: 'completed', guestRunningOn: 'destination' });
    expect(cutter.away).toBe(0);
    expect(run.result?.reconnects).toBe(1);
    expect(await receiver.event('session')).toMatchObject({ status: 'delivered' });
  });

  const early = moments.filter(([, seen]) => [headOf('control'), headOf('probe'), headOf('hello')].includes(seen));
  it.each(early)('for good, %s, leaves the guest on the source', async (_, seen) => {
    const { pair, receiver, cutter, migrate } = await distant('--insecure');
    cutter.breakAt(seen, 'cut');
    cutter.onCut = () => cutter.refuse(true);
    const run = await runWherry([...migrate, '--insecure', '--resume-window', '1s']);
    expect(run).toMatchObject({ code: 1, result: { status: 'failed', guestRunningOn: 'source', reconnects: 0 } });
    // Whoever watches sees how long it is still tried.
    expect(run.events).toContainEqual(
      expect.objectContaining({
        event: 'progress',
        state: 'preparing',
        reconnecting: { leftMs: expect.any(Number) as number },
      }),
    );
    expect(run.result?.error).toMatchObject({
      code: 'wire-closed',
      message: expect.stringMatching(/could not be restored within \d/) as string,
    });
    expect((await queryStatus(await monitor(pair.source))).status).toBe('running');
    expect(receiver.stderr()).not.toContain('refused');
  });

  it('is not waited for where that was not wanted', async () => {
    const { cutter, migrate } = await distant('--insecure');
    cutter.breakAt(headOf('hello'), 'cut');
    const run = await runWherry([...migrate, '--insecure', '--resume-window', '0']);
    expect(run.result).toMatchObject({ status: 'failed', guestRunningOn: 'source', error: { code: 'wire-closed' } });
    expect(run.stderr).not.toContain('reconnecting');
  });

  it('and a relay’s, too, is replaced', async () => {
    const { receiver, cutter } = await distant('--insecure');
    const to = formatPairing({ ...receiver.pairing, port: await cutter.between(receiver.pairing.port) });
    cutter.breakAt(headOf('hello'), 'half-open');
    const listen = `unix:${ownFolder()}/stream`;
    let listening = false;
    const run = await runWherry(['send', '--listen', listen, '--to', to, '--insecure', '--json'], (child) => {
      child.stdout?.on('data', (chunk: Buffer | string) => {
        listening ||= String(chunk).includes('"event":"listening"');
        if (listening) child.kill('SIGINT');
      });
    });
    expect(listening, run.stderr).toBe(true);
    expect(cutter.cuts).toBe(1);
  });
});

describe('a sender that was let in', () => {
  const refusal = encodeJson({ code: 'wire-refused', message: shutOutText });
  it.each([
    ['an alert, which whoever is in between can make', [], accessDenied],
    ['what is no TLS', [], Buffer.from('HTTP/1.0 400 Bad Request\r\n\r\n')],
    ['a frame', ['--insecure'], Buffer.concat([frameHead('failure', refusal.length), refusal])],
  ] as const)('and is shut out when it comes back tries again: %s', async (_, more, said) => {
    const { receiver, cutter, migrate } = await distant(...more);
    cutter.cutAfter([300_000]);
    cutter.onCut = () => {
      cutter.turnAway(said, 4);
      cutter.cutAll();
    };
    const run = await runWherry([...migrate, ...more, '--no-link-test']);
    expect(run.result, run.stderr).toMatchObject({ status: 'completed', guestRunningOn: 'destination' });
    expect(cutter.away).toBe(0);
    expect(await receiver.event('session')).toMatchObject({ kind: 'migrate', status: 'delivered' });
  });
});

describe('a receiver that a sender comes to again', () => {
  const [attempt, other] = ['a1'.repeat(32), 'b2'.repeat(32)];
  const control = (peer: Peer, token: string, shown?: string): void => {
    const opening = { resumeWindowMs: 60_000, ...(shown !== undefined && { attempt: shown }) };
    peer.channel.send('control', withSecret(token, opening));
    peer.channel.send('request', encodeJson({ ask: 'prepare' }), 7);
  };
  const streamTokenIn = async (peer: Peer): Promise<string> => {
    const { type, epoch, body } = await answerOf(peer);
    expect([type, epoch], body.toString()).toEqual(['reply', 7]);
    const { answer } = JSON.parse(body.toString()) as { answer: { streamToken: string } };
    return answer.streamToken;
  };
  const hello = (peer: Peer, token: string, shown?: string): void => {
    const asked = { shards: 1, decompressThreads: 1, cachePagesPerShard: 1, maxPartPages: 64, channels: 1 };
    const given = { ...asked, resumeWindowMs: 60_000, ...(shown !== undefined && { attempt: shown }) };
    peer.channel.send('hello', withSecret(token, given));
  };

  it('knows it by what it shows, and takes nobody else for it', async () => {
    const { pairing } = await startReceive((await guests()).destination);
    const first = connectPeer(pairing);
    control(first, pairing.token, attempt);
    const streamToken = await streamTokenIn(first);
    for (const shown of [other, undefined]) {
      const stranger = connectPeer(pairing);
      control(stranger, pairing.token, shown);
      expect(await stranger.told).toMatchObject({
        code: 'wire-refused',
        message: 'a sender with this one-time token is connected already',
      });
    }
    // It does not know yet that its first connection is gone, and neither do we.
    const again = connectPeer(pairing);
    control(again, pairing.token, attempt);
    expect(await streamTokenIn(again)).toBe(streamToken);
    await first.over;

    const stream = connectPeer(pairing);
    hello(stream, streamToken, attempt);
    const { type, body: welcome } = await answerOf(stream);
    expect(type).toBe('welcome');
    for (const shown of [other, undefined]) {
      const stranger = connectPeer(pairing);
      hello(stranger, streamToken, shown);
      expect(await stranger.told).toMatchObject({ code: 'wire-refused', message: 'its stream is connected already' });
    }
    const streamAgain = connectPeer(pairing);
    hello(streamAgain, streamToken, attempt);
    expect((await answerOf(streamAgain)).body.equals(welcome)).toBe(true);
    await stream.over;
  });

  it('has nothing left of one that went before it was made ready for', async () => {
    const { pairing } = await startReceive((await guests()).destination);
    for (let time = 0; time < 3; time++) {
      const peer = connectPeer(pairing);
      peer.channel.send('control', withSecret(pairing.token, { resumeWindowMs: 60_000, attempt: other }));
      peer.channel.send('request', encodeJson({ ask: 'inspect' }), 1);
      expect(JSON.parse((await answerOf(peer)).body.toString())).toMatchObject({ answer: { status: 'inmigrate' } });
      peer.channel.socket.destroy();
    }
    await until(async () => {
      const peer = connectPeer(pairing);
      control(peer, pairing.token, attempt);
      const { type } = await answerOf(peer);
      if (type !== 'reply') return false;
      peer.channel.socket.destroy();
      return true;
    }, 'the destination and the token to be free');
  });
});
