import { describe, expect, it, onTestFinished } from 'vitest';
import { sliceBytes } from '../src/engine/wire/token-bucket';
import { Gate } from './kit/gate';
import { loopback, spoiler } from './kit/loopback';
import { loopbackTest } from './kit/loopback-test';
import { guestStream, noiseStream } from './kit/streams';
import { until } from './kit/until';

const { opened, spawn } = loopbackTest();

describe('several channels', () => {
  it.each([2, 4, 16])('bring a stream byte for byte: %d of them', async (channels) => {
    const stream = guestStream();
    const settings = { channels, compressThreads: 5, decompressThreads: 2 };
    const warnings: string[] = [];
    const note = ({ name, message }: Error): void => void warnings.push(`${name}: ${message}`);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    const { sender, destination, source } = await loopback(opened, { spawn, settings });
    source.end(stream);
    await destination.ended;
    expect(destination.bytes.equals(stream)).toBe(true);
    expect(sender.channelBytes).toHaveLength(channels);
    expect(sender.channelBytes.reduce((sum, bytes) => sum + bytes, 0)).toBe(sender.wireBytes);
    expect(sender.channelBytes.filter((bytes) => bytes > 4096).length).toBeGreaterThan(1);
    await until(() => sender.unacknowledgedBytes === 0, 'every epoch to be acknowledged');
    expect(warnings.filter((text) => text.startsWith('MaxListeners'))).toEqual([]);
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
