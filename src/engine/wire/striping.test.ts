import { EventEmitter, once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it } from 'vitest';
import { Channel } from './channel';
import { FrameParser, type Frame } from './frame';
import type { Lane } from './lane';
import type { PacedWriter } from './paced-writer';
import { withSecret } from './secret';
import { socketPair, writerOn, type SocketPair } from './testing';
import { inFlightBound, sliceBytes } from './token-bucket';

const pairs: SocketPair[] = [];

afterEach(() => {
  for (const pair of pairs.splice(0)) pair.close();
});

interface Striped {
  readonly writer: PacedWriter;
  readonly lanes: readonly Lane[];
  readonly channels: readonly Channel[];
  /** What each channel has brought. */
  readonly frames: readonly Frame[][];
  /** Resolves once this holds, looked at whenever something has come. */
  readonly until: (holds: () => boolean) => Promise<void>;
  /** The far end takes nothing of a channel, or everything again. */
  readonly hold: (channel: number, held: boolean) => void;
}

/** A writer over so many channels, each past its first frame, and a far end that reads them all and says so. */
async function striped(count: number, rate: number): Promise<Striped> {
  const frames: Frame[][] = [];
  const channels: Channel[] = [];
  const come = new EventEmitter();
  for (let index = 0; index < count; index++) {
    const pair = await socketPair();
    pairs.push(pair);
    channels.push(new Channel(pair.near, 'receiver', { onFrame: () => undefined, onEnd: () => undefined }));
  }
  const { writer, lanes } = writerOn(rate, ...channels);
  pairs.forEach(({ far }, index) => {
    const parser = new FrameParser('sender');
    const mine: Frame[] = [];
    frames.push(mine);
    let total = 0;
    far.on('data', (chunk: Buffer) => {
      total += chunk.length;
      mine.push(...parser.push(chunk).filter(({ type }) => type !== 'hello'));
      lanes[index]?.received(total);
      come.emit('bytes');
    });
    channels[index]?.send('hello', withSecret('ab'.repeat(32), {}));
  });
  const hold = (channel: number, held: boolean): void => {
    const far = pairs[channel]?.far;
    if (held) far?.pause();
    else far?.resume();
  };
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await once(come, 'bytes');
  };
  return { writer, lanes, channels, frames, until, hold };
}

const body = (bytes: number): Buffer[] => [Buffer.alloc(bytes, 5)];

describe('frames striped over channels', () => {
  it('arrive once each, whichever channel they took, and use them all', async () => {
    const { writer, frames, until } = await striped(4, 0);
    const sent = Array.from({ length: 64 }, (_, epoch) => writer.stripe('part', body(200_000 + epoch), epoch, 0));
    await Promise.all(sent);
    const arrived = (): Frame[] => frames.flat();
    await until(() => arrived().length === 64);
    const numbers = arrived().map(({ epoch, body: { length } }) => [epoch, length]);
    expect(numbers.sort(([a = 0], [b = 0]) => a - b)).toEqual(sent.map((_, epoch) => [epoch, 200_000 + epoch]));
    for (const mine of frames) expect(mine.length).toBeGreaterThan(0);
    expect(writer.channelBytes.every((bytes) => bytes > 200_000)).toBe(true);
  });

  it('leave those for the first channel there, in their order', async () => {
    const { writer, frames, until } = await striped(3, 0);
    const sent = Array.from({ length: 30 }, (_, epoch) => [
      writer.send('epoch', body(1000), epoch),
      writer.stripe('part', body(50_000), epoch, 1),
    ]).flat();
    await Promise.all(sent);
    const heads = (): Frame[] => frames.flat().filter(({ type }) => type === 'epoch');
    await until(() => heads().length === 30);
    expect(frames[0]?.filter(({ type }) => type === 'epoch').map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: 30 }, (_, epoch) => epoch),
    );
  });

  it('go past a channel that stands still, which keeps no more than its share', async () => {
    const rate = 2 ** 28;
    const { writer, channels, frames, until, hold } = await striped(4, rate);
    hold(2, true);
    let done = 0;
    const parts = 60;
    const sent = Array.from({ length: parts }, (_, epoch) => writer.stripe('part', body(2 ** 20), epoch, 0));
    for (const one of sent) void one.then(() => (done += 1));
    const share = (): number => 1.25 * (inFlightBound(rate, writer.roundTripMs) / 4);
    // All but what the one channel took before its share was full: at most one that it began, and those before.
    await until(() => frames.flat().length >= parts - Math.ceil(share() / 2 ** 20) - 1);
    expect(channels[2]?.bytesSent).toBeLessThanOrEqual(share() + 1000);
    expect(frames[2]).toEqual([]);
    expect(done).toBeLessThan(parts);
    hold(2, false);
    await Promise.all(sent);
    expect(done).toBe(parts);
  });

  it('have the limit over the sum of all channels', async () => {
    const rate = 4_000_000;
    const { writer } = await striped(4, rate);
    const started = performance.now();
    const before = writer.channelBytes.reduce((sum, bytes) => sum + bytes, 0);
    await Promise.all(Array.from({ length: 20 }, (_, epoch) => writer.stripe('part', body(50_000), epoch, 0)));
    const seconds = (performance.now() - started) / 1000;
    const bytes = writer.channelBytes.reduce((sum, one) => sum + one, 0) - before;
    expect(bytes).toBeGreaterThan(1_000_000);
    expect(bytes).toBeLessThanOrEqual(rate * (seconds + 0.04) + sliceBytes(rate));
    // Waiting together is waiting once.
    expect(writer.limitedMs).toBeLessThanOrEqual(seconds * 1000);
    expect(writer.limitedMs).toBeGreaterThan(0);
  });

  it('all stop while paused, and all go on', async () => {
    const { writer, until } = await striped(4, 1_000_000);
    const sent = Array.from({ length: 8 }, (_, epoch) => writer.stripe('part', body(50_000), epoch, 0));
    await until(() => writer.channelBytes.some((bytes) => bytes > 1000));
    writer.pause();
    const held = writer.channelBytes;
    writer.setRate(0);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(writer.channelBytes).toEqual(held);
    writer.resume();
    await Promise.all(sent);
    expect(writer.channelBytes.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(400_000);
  });

  it('never have more on the way than the bound, and a quarter for the slices', async () => {
    const rate = 50_000_000;
    const { writer, hold } = await striped(16, rate);
    for (let channel = 0; channel < 16; channel++) hold(channel, true);
    const sent = Array.from({ length: 40 }, (_, epoch) => writer.stripe('part', body(300_000), epoch, 0));
    const bound = inFlightBound(rate, 0);
    const started = writer.blockedMs;
    while (writer.inFlight < bound || writer.blockedMs === started) await new Promise(setImmediate);
    const held = writer.inFlight;
    expect(held).toBeLessThanOrEqual(1.25 * inFlightBound(rate, writer.roundTripMs));
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(writer.inFlight).toBe(held);
    for (let channel = 0; channel < 16; channel++) hold(channel, false);
    await Promise.all(sent);
  });

  it('are kept until they are taken, no more than the bound and a frame, and come again on another connection', async () => {
    const { writer, lanes, channels, frames } = await striped(1, 0);
    const sent = Array.from({ length: 40 }, (_, epoch) => writer.stripe('part', body(300_000), epoch, 0));
    const lane = lanes[0] as Lane;
    while (writer.blockedMs === 0) await new Promise(setImmediate);
    channels[0]?.destroy();
    pairs[0]?.close();
    expect(writer.keptBytes).toBeLessThanOrEqual(1.25 * 2 * 2 ** 20 + 300_020);
    const taken = frames.flat().length;
    lane.received(0, taken);
    const pair = await socketPair();
    pairs.push(pair);
    const parser = new FrameParser('sender');
    let total = 0;
    pair.far.on('data', (chunk: Buffer) => {
      total += chunk.length;
      frames[0]?.push(...parser.push(chunk).filter(({ type }) => type !== 'join'));
      lane.received(total, frames.flat().length);
    });
    const other = new Channel(pair.near, 'receiver', { onFrame: () => undefined, onEnd: () => undefined });
    other.send('join', withSecret('ab'.repeat(32), {}));
    lane.use(other, taken);
    await Promise.all(sent);
    while (frames.flat().length < 40) await once(pair.far, 'data');
    expect(frames.flat().map(({ epoch }) => epoch)).toEqual(sent.map((_, epoch) => epoch));
    expect(writer.keptBytes).toBe(0);
  });

  it('are let go of when the link dies, wherever they wait', async () => {
    const { writer, channels, until } = await striped(3, 1000);
    const sent = Array.from({ length: 9 }, (_, epoch) => writer.stripe('part', body(50_000), epoch, 0));
    await until(() => writer.channelBytes.some((bytes) => bytes > 500));
    for (const channel of channels) channel.destroy();
    writer.end();
    await Promise.all(sent);
    await writer.room();
    expect(writer.channelBytes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(50_000);
  });
});
