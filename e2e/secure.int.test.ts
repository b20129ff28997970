import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeIdentity } from '../src/engine/store/identity';
import { formatPairing } from '../src/shared/pairing';
import { contextOf } from '../src/engine/wire/secured';
import { expectCompleted, migrateWords } from './kit/matrix';
import { expectCountedOn, expectStatus, expectSweepsWhole, monitor, samplePair } from './kit/pairs';
import { commandLine } from './kit/processes';
import { differingPages } from './kit/ram';
import { startReceive, startReceiveIn } from './kit/receive';
import { until } from './kit/until';
import { ownFolder, runWherry } from './kit/wherry';

const mebibyte = 2 ** 20;
const memoryBytes = 64 * mebibyte;
const way = { method: 'zstd', xbzrle: 'on', policy: 'adaptive' } as const;
const busyPair = () => samplePair({ memoryBytes, rate: 'max', fillBytes: 16 * mebibyte });
const idlePair = () => samplePair({ memoryBytes, rate: 20, fillBytes: mebibyte });

/** Listens on the loopback interface for as long as the test lasts. */
async function serve(take: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    take(socket);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** Forwards to a port, and keeps what the near side sent. */
async function listener(port: number): Promise<{ readonly port: number; heard(): Buffer; links(): number }> {
  const chunks: Buffer[] = [];
  let links = 0;
  const near = await serve((socket) => {
    links += 1;
    const far = connect(port, '127.0.0.1').on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.pipe(far).pipe(socket);
    socket.on('close', () => far.destroy());
  });
  return { port: near, heard: () => Buffer.concat(chunks), links: () => links };
}

/** Whether a secret stands in a buffer, as its bytes or its text. */
function holds(bytes: Buffer, secret: string): boolean {
  return bytes.includes(Buffer.from(secret, 'hex')) || bytes.includes(secret);
}

/** Every file below a folder, and its mode. */
function filesIn(folder: string): readonly { readonly path: string; readonly mode: number }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .map((path) => ({ path, stats: statSync(path) }))
    .filter(({ stats }) => stats.isFile())
    .map(({ path, stats }) => ({ path, mode: stats.mode & 0o777 }));
}

/** Command lines of all that a process has started and that lives now. */
function commandLinesBelow(pid: number): readonly string[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return children.flatMap((child) => [
      readFileSync(`/proc/${child}/cmdline`, 'latin1'),
      ...commandLinesBelow(Number(child)),
    ]);
  } catch {
    return []; // it has just ended
  }
}

describe('a migration between two hosts', () => {
  it('is unreadable on its way over four channels, and the guest arrives whole', async () => {
    const pair = await busyPair();
    const receiver = await startReceive(pair.destination);
    const between = await listener(receiver.pairing.port);
    const destination = formatPairing({ ...receiver.pairing, port: between.port });
    const words = [...migrateWords({ source: pair.source, destination }, way), '--channels', '4', '--paused'];
    expect(expectCompleted(await runWherry(words), way).guestRunningOn).toBe('none');
    // One link for control, one for each channel and one more to test it, and one for the goodbye; each begins as TLS
    // does, and nothing of ours can be read.
    expect(between.links()).toBe(10);
    const heard = between.heard();
    expect(heard[0]).toBe(0x16);
    expect(heard.length).toBeGreaterThan(mebibyte);
    expect(heard.includes('WHRY')).toBe(false);
    expect(holds(heard, receiver.pairing.token)).toBe(false);

    const [source, there] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, there, pair.directory, memoryBytes)).toEqual([]);
    await there.execute('cont');
    await expectCountedOn(pair);
    await expectSweepsWhole(pair, there);
  });

  it('sends nothing to whoever shows another certificate', async () => {
    const pair = await idlePair();
    const receiver = await startReceive(pair.destination);
    const identity = await makeIdentity();
    const context = contextOf(identity);
    let heard = Buffer.alloc(0);
    const port = await serve((raw) => {
      const socket = new TLSSocket(raw, { isServer: true, secureContext: context });
      socket.on('data', (chunk: Buffer) => (heard = Buffer.concat([heard, chunk])));
      socket.on('error', () => undefined);
    });
    const destination = formatPairing({ ...receiver.pairing, port });
    const run = await runWherry(migrateWords({ source: pair.source, destination }, way));
    expect(run).toMatchObject({ code: 1, result: { guestRunningOn: 'source', error: { code: 'wire-refused' } } });
    const shown = `another certificate than the pairing text names: ${identity.fingerprint}`;
    expect(run.result?.error?.message).toContain(shown);
    expect(heard).toHaveLength(0);
    await expectStatus(await monitor(pair.source), 'running');
  });

  it('takes each one-time token for one migration, and says what became of it', async () => {
    const pair = await busyPair();
    const receiver = await startReceive(pair.destination);
    const words = migrateWords({ source: pair.source, destination: receiver.url }, way);
    expectCompleted(await runWherry([...words, '--paused']), way);
    const next = String((await receiver.event('pairing'))['url']);
    await receiver.event('session');
    expect(next).toMatch(/^wherry:/);
    expect(next).not.toContain(receiver.pairing.token);

    const other = await idlePair();
    for (const [destination, code, message] of [
      [receiver.url, 'wire-refused', /has been used, or has expired/],
      [next, 'not-incoming', /is paused/],
      [next, 'not-incoming', /is paused/], // it was not used
      [
        formatPairing({ ...receiver.pairing, token: '00'.repeat(32) }),
        'wire-refused',
        /use the pairing text that it printed last/,
      ],
    ] as const) {
      const run = await runWherry(migrateWords({ source: other.source, destination }, way));
      expect(run).toMatchObject({ code: 1, result: { status: 'failed', guestRunningOn: 'source', error: { code } } });
      expect(run.result?.error?.message).toMatch(message);
    }
    expect(receiver.stderr()).toMatch(/refused a connection from 127\.0\.0\.1: .* used/);
    expect(receiver.stderr()).not.toMatch(/[0-9a-f]{32}/);
    await expectStatus(await monitor(other.source), 'running');
  });

  it('gives no secret away: not in output, history, files that others read, nor a command line', async () => {
    const pair = await busyPair();
    const [here, there] = [ownFolder(), ownFolder()];
    const receiver = await startReceiveIn(there, pair.destination, '--token', 'lasting');
    const { token } = receiver.pairing;
    const pem = readFileSync(join(there, 'identity', 'receiver.pem'), 'utf8');
    const key = pem.split('\n')[1] ?? '';
    expect(key.length).toBeGreaterThan(60);
    const lines = new Set<string>();
    const pairing = join(ownFolder(), 'pairing');
    writeFileSync(pairing, `${receiver.url}\n`, { mode: 0o600 });
    const run = await runWherry(
      [...migrateWords({ source: pair.source, destination: `@${pairing}` }, way), '--max-bandwidth', '800kB/s'],
      (child) => {
        child.stdout?.on('data', () => {
          for (const pid of [child.pid ?? NaN, receiver.pid])
            for (const line of [commandLine(pid), ...commandLinesBelow(pid)]) lines.add(line);
        });
      },
      here,
    );
    expectCompleted(run, way);
    await receiver.event('session');
    const exported = await runWherry(['history', 'export', '--format', 'json'], undefined, here);
    expect(exported.stdout).toContain('"wherry://127.0.0.1');
    expect([...lines].some((line) => line.includes(`--destination @${pairing}`))).toBe(true);
    expect([...lines].some((line) => line.includes('/compress.cjs'))).toBe(true);
    expect([...lines].some((line) => line.includes('/decompress.cjs'))).toBe(true);
    const said = [run.stdout, run.stderr, receiver.stderr(), exported.stdout, ...lines].join('\n');
    expect(said.includes(token)).toBe(false);
    expect(said.includes(key)).toBe(false);
    for (const { path, mode } of [...filesIn(here), ...filesIn(there)]) {
      expect([path, mode]).toEqual([path, 0o600]);
      const own = path.includes('/identity/');
      expect([path, holds(readFileSync(path), token)]).toEqual([path, own && path.endsWith('token')]);
      expect([path, readFileSync(path).includes(key)]).toEqual([path, own && path.endsWith('.pem')]);
    }
    expect(filesIn(there)).toHaveLength(2);
  });

  it('keeps its certificate and a lasting token, and makes both anew when they are damaged', async () => {
    const pair = await idlePair();
    const data = ownFolder();
    const first = await startReceiveIn(data, pair.destination, '--token', 'lasting');
    process.kill(first.pid);
    await first.ended;
    const second = await startReceiveIn(data, pair.destination, '--token', 'lasting');
    expect({ ...second.pairing, port: 0 }).toEqual({ ...first.pairing, port: 0 });
  });
});

describe('--insecure', () => {
  it('carries a guest in the clear, and says on both sides what that means', async () => {
    const pair = await busyPair();
    const receiver = await startReceive(pair.destination, '--insecure');
    expect(receiver.url).not.toContain('fingerprint');
    // It comes beside the text, not before it.
    await until(() => receiver.stderr().includes('nothing on this link is encrypted'), 'a word about it');
    const words = migrateWords({ source: pair.source, destination: receiver.url }, way);
    const without = await runWherry(words);
    expect(without).toMatchObject({ code: 2, result: { guestRunningOn: 'source', error: { code: 'usage' } } });
    expect(without.result?.error?.message).toContain('no fingerprint in the pairing text');
    const run = await runWherry([...words, '--insecure']);
    expectCompleted(run, way);
    expect(run.stderr).toContain('nothing on this link is encrypted');
  });

  it.each([
    ['a sender with it and a receiver without', [], true, /only TLS is taken here/],
    ['a receiver with it and a sender without', ['--insecure'], false, /does not speak TLS/],
  ] as const)('is not for one side alone: %s', async (_, words, insecure, message) => {
    const pair = await idlePair();
    const receiver = await startReceive(pair.destination, ...words);
    const { fingerprint: _fingerprint, ...bare } = receiver.pairing;
    const destination = formatPairing(insecure ? bare : { ...bare, fingerprint: 'ab'.repeat(32) });
    const run = await runWherry([
      ...migrateWords({ source: pair.source, destination }, way),
      ...(insecure ? ['--insecure'] : []),
    ]);
    expect(run).toMatchObject({ code: 1, result: { guestRunningOn: 'source', error: { code: 'wire-refused' } } });
    expect(run.result?.error?.message).toMatch(message);
    expect(receiver.stderr()).toContain('refused a connection from 127.0.0.1');
  });

  it('is refused where it would say nothing', async () => {
    const pair = await idlePair();
    const receiver = await startReceive(pair.destination);
    const { source, destination } = pair;
    const run = await runWherry([...migrateWords({ source, destination: receiver.url }, way), '--insecure']);
    expect(run.result?.error).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('leave out --insecure') as string,
    });
    const local = await runWherry(['migrate', '--source', source, '--destination', destination, '--insecure']);
    expect(local).toMatchObject({ code: 2, stdout: '' });
    expect(local.stderr).toContain('--insecure: expected the destination of a receiver');
  });
});
