import { describe, expect, it } from 'vitest';
import { Sender } from '../src/engine/sender';
import { defaultSettings, type MigrationSettings } from '../src/shared/settings';
import { Cutter } from './kit/cutter';
import { listen, loopback, token, type Loopback } from './kit/loopback';
import { loopbackTest } from './kit/loopback-test';
import { guestStream } from './kit/streams';
import { until } from './kit/until';

const { opened, spawn } = loopbackTest();

interface Resumable extends Loopback {
  readonly cutter: Cutter;
}

const quick = { everyMs: 50, most: 5 } as const;

/** Both ends with a forwarder between them that breaks links. */
async function resumable(settings: Partial<MigrationSettings> = {}): Promise<Resumable> {
  const cutter = new Cutter(opened);
  const both = await loopback(opened, { spawn, settings, between: cutter.between, beats: quick, graceMs: 100 });
  return { ...both, cutter };
}

/** Gaps between breaks that look random and are the same in every run. */
function gaps(count: number, most: number, seed = 7): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return 1 + (state % most);
  });
}

describe('a link that is cut', () => {
  it.each([
    { channels: 1, xbzrleCacheBytes: 8 * 2 ** 20 },
    { channels: 4, xbzrleCacheBytes: 8 * 2 ** 20 },
    { channels: 1, method: 'none', level: 0, xbzrleCacheBytes: 0 },
  ] as const)('again and again brings the stream byte for byte with %o', async (settings) => {
    const stream = guestStream();
    const { sender, destination, source, cutter } = await resumable(settings);
    cutter.cutAfter(gaps(12, 150_000));
    source.end(stream);
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
    expect(cutter.cuts).toBeGreaterThanOrEqual(5);
    expect(sender.reconnects).toBeGreaterThanOrEqual(1);
    expect(sender.reconnects).toBeLessThanOrEqual(cutter.cuts);
    await until(() => sender.unacknowledgedBytes === 0, 'every epoch to be acknowledged');
    expect(sender.counters.rawBytes).toBe(stream.length);
  });

  it.each([
    ['parts', { xbzrleCacheBytes: 8 * 2 ** 20 }],
    ['frames of many times that', { method: 'none', level: 0, xbzrleCacheBytes: 0 }],
  ] as const)('each time after 32 KiB makes its way all the same: %s', async (_, settings) => {
    const stream = guestStream();
    const { sender, destination, source, cutter } = await resumable(settings);
    cutter.cutAfter(Array.from({ length: 1000 }, () => 32 * 1024));
    source.end(stream);
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
    // Whatever a connection has brought is not brought again: heads and hellos are all that is lost.
    expect(cutter.cuts).toBeGreaterThan(10);
    expect(cutter.cuts).toBeLessThan((1.1 * stream.length) / (32 * 1024));
    expect(sender.reconnects).toBeGreaterThan(10);
  });

  it('in the middle of what comes back loses no acknowledgement and no byte of the return path', async () => {
    const stream = guestStream();
    const { sender, destination, source, cutter } = await resumable();
    const answers: Buffer[] = [];
    source.on('data', (chunk: Buffer) => answers.push(chunk));
    let said = 0;
    destination.onData = () => void destination.socket?.write(Buffer.from([(said += 1) & 255]));
    cutter.cutAfter(gaps(20, 200), 'back');
    source.end(stream);
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
    await until(() => Buffer.concat(answers).length === said, 'all of the return path');
    expect([...Buffer.concat(answers)]).toEqual(Array.from({ length: said }, (_, at) => (at + 1) & 255));
    await until(() => sender.unacknowledgedBytes === 0, 'every epoch to be acknowledged');
    expect(cutter.cuts).toBeGreaterThanOrEqual(2);
  });

  it('holds the source back meanwhile, and says for how long it may last', async () => {
    const { sender, destination, source, attached, cutter } = await resumable({ method: 'none', level: 0 });
    cutter.cutAfter([400_000]);
    cutter.onCut = () => cutter.refuse(true);
    const stream = guestStream();
    source.end(stream);
    await until(() => sender.reconnecting !== undefined && attached.isPaused(), 'the source to be held back');
    expect(sender.reconnecting?.leftMs).toBeGreaterThan(0);
    expect(sender.reconnecting?.leftMs).toBeLessThanOrEqual(60_000);
    expect(sender.reconnects).toBe(0);
    cutter.refuse(false);
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
    expect(sender.reconnects).toBe(1);
    expect(sender.reconnecting).toBeUndefined();
  });

  it('for good ends both sides once the window is over, and lets go of source and destination', async () => {
    const stream = guestStream();
    const { sender, destination, source, released, failures, cutter, notices } = await resumable({
      resumeWindowMs: 300,
    });
    cutter.cutAfter([300_000]);
    cutter.onCut = () => cutter.refuse(true);
    source.end(stream);
    const ends = await Promise.all([failures.sender, failures.receiver]);
    expect(ends.map(({ code }) => code)).toEqual(['wire-closed', 'wire-closed']);
    expect(ends[0]?.message).toMatch(/could not be restored within \d/);
    await Promise.all([destination.ended, released]);
    expect(destination.bytes.equals(stream.subarray(0, destination.bytes.length))).toBe(true);
    expect(notices).toContainEqual(expect.stringMatching(/reconnecting, for 300 ms at most$/));
    expect(sender.reconnects).toBe(0);
  });

  it('ends sooner while the guest stands still', async () => {
    const { sender, source, failures, cutter } = await resumable({ switchoverResumeWindowMs: 200 });
    cutter.cutAfter([300_000]);
    cutter.onCut = () => cutter.refuse(true);
    source.write(guestStream());
    await until(() => sender.reconnecting !== undefined, 'the link to be lost');
    sender.hurry(true);
    expect(sender.reconnecting?.leftMs).toBeLessThanOrEqual(200);
    expect(await failures.sender).toMatchObject({ code: 'wire-closed' });
  });

  it('is let go of by the other side at once when the sender gives up', async () => {
    const { sender, source, failures, destination } = await resumable();
    source.write(guestStream(1));
    await until(() => destination.bytes.length > 100_000, 'some of the stream');
    sender.close();
    expect(await failures.receiver).toMatchObject({ code: 'wire-closed', message: 'the sender has left' });
  });

  it('is let go of, too, when the sender gives up before it was let in', async () => {
    let asked = (): void => undefined;
    const reached = new Promise<void>((resolve) => (asked = resolve));
    const connectDestination = (): Promise<undefined> => new Promise(() => asked());
    const { receiver, failed } = await listen(opened, spawn, { connectDestination });
    const quiet = { onNotice: () => undefined, onFailure: () => undefined };
    const sender = await Sender.create({ settings: { ...defaultSettings, compressThreads: 1 }, spawn, ...quiet });
    opened.add(sender, () => sender.close());
    const connected = sender.connect({ host: '127.0.0.1', port: receiver.port, token });
    await reached;
    sender.close();
    await expect(connected).rejects.toMatchObject({ code: 'wire-closed' });
    expect(await failed).toMatchObject({ code: 'wire-closed', message: 'the sender has left' });
  });

  it('survives a change of layout that it falls into', async () => {
    const stream = guestStream();
    const { sender, destination, source, cutter } = await resumable();
    source.write(stream.subarray(0, 3_000_000));
    await until(() => destination.bytes.length > 1_000_000, 'some of the stream');
    cutter.cutAfter(gaps(6, 300), 'back');
    expect(await sender.change({ ...defaultSettings, compressThreads: 4 })).toMatchObject({ compressThreads: 4 });
    source.end(stream.subarray(3_000_000));
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
    expect(cutter.cuts).toBeGreaterThanOrEqual(1);
  });
});

describe('one channel of several', () => {
  it('comes back alone', async () => {
    const stream = guestStream();
    const { sender, destination, source, cutter } = await resumable({ channels: 4 });
    cutter.cutAfter([500_000]);
    source.end(stream);
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
    expect(cutter).toMatchObject({ cuts: 1, made: 5 });
    expect(sender.reconnects).toBe(1);
  });
});

describe('a link that stands still', () => {
  it.each([1, 3])('is replaced, though nobody has closed it: %d channels', async (channels) => {
    const stream = guestStream();
    const { sender, destination, source, cutter } = await resumable({ channels });
    source.write(stream.subarray(0, 2_000_000));
    await until(() => destination.bytes.length > 500_000, 'some of the stream');
    cutter.stall();
    source.end(stream.subarray(2_000_000));
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
    expect(cutter.made).toBe(2 * channels);
    expect(sender.reconnects).toBeGreaterThanOrEqual(1);
  });

  it('because the destination is slow is none', async () => {
    const { sender, destination, source, cutter } = await resumable();
    const stream = guestStream(12);
    source.write(stream.subarray(0, 10_000));
    await until(() => destination.socket, 'the destination to be there');
    destination.socket?.pause();
    source.end(stream.subarray(10_000));
    await until(() => sender.waits.heldMs > 0, 'the destination to hold everything up');
    const heard = cutter.back;
    await until(() => cutter.back > heard + 36 * quick.most * 3, 'many signs of life');
    expect(cutter.made).toBe(1);
    destination.socket?.resume();
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
    expect(sender.reconnects).toBe(0);
  });
});
