import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SourceDoor, type JudgeSource } from './source-door';
import { streamHead } from './stream/write';

const head = streamHead('pc-i440fx-7.2');
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

interface Listening {
  readonly door: SourceDoor;
  readonly taken: Promise<Socket>;
  /** Those taken so far. */
  readonly count: () => number;
  readonly dial: () => Promise<Socket>;
}

async function listen(kind: 'tcp' | 'unix' = 'tcp', judge?: JudgeSource): Promise<Listening> {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-door-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'out');
  let [count, give] = [0, (_: Socket): void => undefined];
  const taken = new Promise<Socket>((resolve) => (give = resolve));
  const place = kind === 'unix' ? { path } : { host: '127.0.0.1', port: 0 };
  const take = (source: Socket): void => {
    count += 1;
    cleanups.push(() => source.destroy());
    give(source);
  };
  const door = await SourceDoor.listen(place, take, judge);
  cleanups.push(() => door.close());
  const dial = async (): Promise<Socket> => {
    const socket = kind === 'unix' ? connect(path) : connect(door.port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  };
  return { door, taken, count: () => count, dial };
}

const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve).resume());

/** Everything a source sends, to its end. */
async function received(source: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  source.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => source.once('end', resolve));
  return Buffer.concat(chunks);
}

describe('SourceDoor', () => {
  it.each(['tcp', 'unix'] as const)(
    'takes a source over %s with all of its stream, in whatever pieces',
    async (kind) => {
      const { taken, dial } = await listen(kind);
      const source = await dial();
      source.setNoDelay(true);
      for (const byte of head) {
        source.write(Uint8Array.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      source.end('and pages');
      expect(await received(await taken)).toEqual(Buffer.concat([head, Buffer.from('and pages')]));
    },
  );

  it.each<[string, Buffer]>([
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['another version', Buffer.from('5145564d00000002', 'hex')],
    ['TLS', Buffer.from('1603010200010001fc03', 'hex')],
  ])('hangs up on %s and takes the source that comes next', async (_, bytes) => {
    const { taken, dial, count } = await listen();
    const stranger = await dial();
    stranger.write(bytes);
    await closed(stranger);
    expect(count()).toBe(0);
    (await dial()).end(head);
    expect(await received(await taken)).toEqual(head);
  });

  it('is kept by nobody who connects and is silent, however many there are', async () => {
    const { taken, dial } = await listen();
    const gone: Promise<unknown>[] = [];
    for (let i = 0; i < 40; i++) gone.push(closed(await dial()));
    const short = await dial();
    gone.push(closed(short));
    short.end(head.subarray(0, 7)); // and then nothing
    (await dial()).end(head);
    expect(await received(await taken)).toEqual(head);
    await Promise.all(gone);
  });

  it('takes no source but one that is found good, whoever speaks first', async () => {
    const judged: (number | undefined)[] = [];
    const good = new Set<number | undefined>();
    const judge: JudgeSource = ({ remotePort }) => {
      judged.push(remotePort);
      if (judged.length === 2) return Promise.reject(new Error('nobody can say'));
      return Promise.resolve(good.has(remotePort));
    };
    const { taken, dial, count } = await listen('tcp', judge);
    for (let i = 0; i < 3; i++) {
      const stranger = await dial();
      stranger.write(head);
      await closed(stranger);
    }
    expect([judged.length, count()]).toEqual([3, 0]);
    const source = await dial();
    good.add(source.localPort);
    source.end(head);
    expect(await received(await taken)).toEqual(head);
  });

  it('takes one of two that are both found good', async () => {
    let both = (): void => undefined;
    const two = new Promise<void>((resolve) => (both = resolve));
    let asked = 0;
    const { taken, dial, count } = await listen('tcp', async () => {
      if (++asked === 2) both();
      await two;
      return true;
    });
    const dialled = [await dial(), await dial()];
    const hungUp = Promise.race(dialled.map(closed));
    for (const socket of dialled) socket.write(head);
    await taken;
    await hungUp;
    expect(count()).toBe(1);
  });

  it('takes one source only', async () => {
    const { taken, dial, count } = await listen();
    const second = await dial();
    (await dial()).write(head);
    await taken;
    const hungUp = closed(second);
    second.write(head);
    await hungUp;
    expect(count()).toBe(1);
  });

  it('says where it cannot listen', async () => {
    const { door } = await listen();
    const place = { host: '127.0.0.1', port: door.port };
    await expect(SourceDoor.listen(place, () => undefined)).rejects.toMatchObject({
      message: expect.stringMatching(/cannot listen for the source's stream: .*EADDRINUSE/) as string,
    });
  });
});
