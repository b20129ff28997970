import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Channel } from './channel';
import { Lane } from './lane';
import { Pace } from './pace';
import { socketPair, type SocketPair } from './testing';

let pairs: SocketPair[];

beforeEach(async () => (pairs = await Promise.all([socketPair(), socketPair(), socketPair()])));
afterEach(() => pairs.forEach((pair) => pair.close()));

const channelOn = ({ near }: SocketPair): Channel =>
  new Channel(near, 'receiver', { onFrame: () => undefined, onEnd: () => undefined });

it('says nothing in the middle of a frame that goes on over another connection', async () => {
  const [first, lost, next] = pairs as [SocketPair, SocketPair, SocketPair];
  const pace = new Pace(0);
  const wire = { pace, channels: 2, onChange: (): void => undefined };
  const [ahead, lane] = [new Lane(wire), new Lane(wire)];
  ahead.use(channelOn(first), 0);
  const broken = channelOn(lost);
  lane.use(broken, 0);
  pace.pause();
  // The lane ahead waits for the end of the pause, and this one for its turn after it.
  void ahead.write([Buffer.alloc(100, 1)]);
  const frame = Buffer.from(Array.from({ length: 100 }, (_, i) => i));
  const written = lane.write([frame]);
  lost.far.destroy();
  await once(broken.socket, 'close');
  lane.use(channelOn(next), 0, 30);
  lane.say([Buffer.alloc(28, 0xff)]);
  pace.resume();
  await written;
  const chunks: Buffer[] = [];
  for await (const chunk of next.far) {
    chunks.push(chunk as Buffer);
    if (Buffer.concat(chunks).length >= 98) break;
  }
  expect(Buffer.concat(chunks).subarray(0, 70)).toEqual(frame.subarray(30));
  expect(Buffer.concat(chunks).subarray(70)).toEqual(Buffer.alloc(28, 0xff));
});
