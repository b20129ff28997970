import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Channel } from './channel';
import { FrameParser, frameHeadBytes, type Frame } from './frame';
import type { Lane } from './lane';
import type { PacedWriter } from './paced-writer';
import { socketPair, writerOn, type SocketPair } from './testing';
import { inFlightBound, sliceBytes } from './token-bucket';

let pair: SocketPair;
let channel: Channel;
let lane: Lane;

/** A writer over the one channel. */
function over(rate: number): PacedWriter {
  const { writer, lanes } = writerOn(rate, channel);
  lane = lanes[0] as Lane;
  return writer;
}

beforeEach(async () => {
  pair = await socketPair();
  channel = new Channel(pair.near, 'receiver', { onFrame: () => undefined, onEnd: () => undefined });
});

afterEach(() => pair.close());

/** Reads frames at the far end and tells the writer, as a receiver does, until there were `count`. */
async function receive(count: number, onBytes = (): void => undefined): Promise<Frame[]> {
  const parser = new FrameParser('sender');
  const frames: Frame[] = [];
  let total = 0;
  for await (const chunk of pair.far) {
    total += (chunk as Buffer).length;
    onBytes();
    frames.push(...parser.push(chunk as Buffer));
    lane.received(total);
    if (frames.length >= count) break;
  }
  return frames;
}

const hello = (): Buffer => Buffer.alloc(34);

describe('PacedWriter', () => {
  it.each([0, 200_000_000])('keeps frames whole and in order at rate %d', async (rate) => {
    const writer = over(rate);
    const bodies = Array.from({ length: 40 }, (_, i) => randomBytes(7 + i * 7919));
    const sent = [
      writer.send('hello', [hello()]),
      ...bodies.map((body, i) => writer.send('part', [body.subarray(0, 5), body.subarray(5)], i, i)),
    ];
    const [, ...frames] = await receive(1 + bodies.length);
    await Promise.all(sent);
    expect(frames.map(({ epoch }) => epoch)).toEqual(bodies.map((_, i) => i));
    frames.forEach(({ body }, i) => expect(body.equals(bodies[i] as Buffer)).toBe(true));
    expect(writer.inFlight).toBe(0);
    expect(writer.roundTripMs).toBeGreaterThan(0);
  });

  it('never has more on the way than the bound and a slice', async () => {
    const rate = 20_000_000;
    const writer = over(rate);
    let most = 0;
    const body = Buffer.alloc(2 ** 20);
    const sent = [writer.send('hello', [hello()]), writer.send('part', [body]), writer.send('part', [body])];
    await receive(3, () => {
      most = Math.max(most, writer.inFlight);
      expect(writer.inFlight).toBeLessThanOrEqual(inFlightBound(rate, writer.roundTripMs) + sliceBytes(rate));
    });
    await Promise.all(sent);
    expect(most).toBeGreaterThan(0);
  });

  it('waits for a receiver that says nothing, and goes on when it speaks', async () => {
    const rate = 2 ** 30;
    const writer = over(rate);
    pair.far.resume();
    const bound = inFlightBound(rate, 0);
    const frames = Math.ceil(bound / 2 ** 20) + 2;
    let done = 0;
    for (let i = 0; i < frames; i++) void writer.send('part', [Buffer.alloc(2 ** 20)]).then(() => (done += 1));
    const all = frames * (2 ** 20 + frameHeadBytes);
    while (writer.inFlight < bound) await once(pair.far, 'data');
    expect(done).toBeLessThan(frames);
    expect(writer.inFlight).toBeLessThanOrEqual(bound + sliceBytes(rate));
    const last = writer.send('end');
    const taken = writer.inFlight;
    lane.received(taken);
    await last;
    expect(done).toBe(frames);
    expect(writer.inFlight).toBe(all + frameHeadBytes - taken);
    expect(writer.blockedMs).toBeGreaterThan(0);
  });

  it('keeps to its rate and knows how long it was held back', async () => {
    const rate = 4_000_000;
    const writer = over(rate);
    const started = performance.now();
    const sent = [writer.send('hello', [hello()]), writer.send('part', [Buffer.alloc(1_000_000)])];
    await receive(2);
    await Promise.all(sent);
    const seconds = (performance.now() - started) / 1000;
    // No faster than the limit; how much slower is the machine's business.
    expect(1_000_000 / seconds).toBeLessThanOrEqual(rate * 1.05);
    expect(writer.limitedMs).toBeGreaterThan(0);
  });

  it('writes nothing while paused, not even the rest of a frame, and then goes on', async () => {
    const writer = over(2_000_000);
    const sent = [writer.send('hello', [hello()]), writer.send('part', [Buffer.alloc(200_000, 1)])];
    await once(pair.far, 'readable');
    writer.pause();
    const held = channel.bytesSent;
    expect(held).toBeLessThan(200_000);
    lane.received(held);
    writer.setRate(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(channel.bytesSent).toBe(held);
    writer.resume();
    const frames = await receive(2);
    await Promise.all(sent);
    expect(frames.map(({ body }) => body.length)).toEqual([hello().length, 200_000]);
  });

  it('goes on at another rate at once, also from a wait that the old one asked for', async () => {
    const writer = over(1);
    const sent = [writer.send('hello', [hello()]), writer.send('part', [Buffer.alloc(100_000)])];
    await once(pair.far, 'readable');
    expect(channel.bytesSent).toBeLessThan(5000);
    writer.setRate(0);
    await receive(2);
    await Promise.all(sent);
  });

  it('believes no receiver that claims more than was sent, or takes its word back', async () => {
    const writer = over(0);
    pair.far.resume();
    await writer.send('part', [Buffer.alloc(1000)]);
    lane.received(2 ** 50);
    expect(writer.inFlight).toBe(0);
    lane.received(5);
    expect(writer.inFlight).toBe(0);
  });
});

describe('PacedWriter on a link that dies', () => {
  it('lets go of everything it was asked to send once there will be no other', async () => {
    const writer = over(0);
    const sent = Array.from({ length: 20 }, () => writer.send('part', [Buffer.alloc(2 ** 20)]));
    pair.far.destroy();
    await new Promise((closed) => channel.socket.once('close', closed));
    writer.end();
    await Promise.all(sent);
    await writer.send('end');
    await writer.room();
    expect(channel.ended).toBe(true);
  });

  it('does not wait for a slow limit any more', async () => {
    const writer = over(1);
    const sent = writer.send('part', [Buffer.alloc(5000)]);
    await once(pair.far, 'readable');
    channel.destroy();
    writer.end();
    await sent;
    expect(channel.bytesSent).toBeLessThan(5000);
  });
});
