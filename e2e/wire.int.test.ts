import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { sliceBytes } from '../src/engine/wire/token-bucket';
import { methods } from '../src/shared/settings';
import { loopback, spoiler } from './kit/loopback';
import { loopbackTest } from './kit/loopback-test';
import { guestStream, noise, noiseStream } from './kit/streams';
import { until } from './kit/until';

const { opened, spawn, started } = loopbackTest();

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
