import { throughputOf } from '../../src/engine/link-figures';
import { epochBody, parseEpochBody, parsePartBody, partBody } from '../../src/engine/wire/epoch-frame';
import {
  FrameParser,
  frameHead,
  frameTypes,
  openers,
  type Frame,
  type FrameType,
  type Peer,
} from '../../src/engine/wire/frame';
import { layoutBody, parseLayoutBody } from '../../src/engine/wire/layout';
import { arrivedBody, parseArrived, parsePong, pongBody, type Arrival } from '../../src/engine/wire/probe';
import { methods } from '../../src/shared/settings';
import { inPieces, mutateBytes } from '../mutate';
import type { Random } from '../random';
import { must, taken, type FuzzTarget } from '../target';

const types = Object.keys(frameTypes) as FrameType[];

function someFrame(type: FrameType, random: Random): Buffer {
  const { minBody, maxBody } = frameTypes[type];
  const length = Math.min(maxBody, minBody + random.below(200));
  return Buffer.concat([frameHead(type, length, random.below(2 ** 32), random.below(300)), random.bytes(length)]);
}

function fromPeer(peer: Peer, random: Random): Buffer {
  const own = types.filter((type) => (frameTypes[type].from as readonly Peer[]).includes(peer));
  const first = peer === 'sender' ? random.pick([...openers]) : random.pick(own);
  const later = own.filter((type) => !openers.has(type));
  const rest = Array.from({ length: random.below(6) }, () =>
    someFrame(random.pick(random.chance(0.05) ? types : later), random),
  );
  return Buffer.concat([someFrame(first, random), ...rest]);
}

/** Frames written again are the bytes they were cut from; what is no frame is refused, and little is held. */
export const frames: FuzzTarget = {
  name: 'frames',
  weight: 4,
  run: (random) => {
    const peer = random.pick(['sender', 'receiver'] as const);
    const bytes = random.give(mutateBytes(fromPeer(peer, random), random));
    const parser = new FrameParser(peer);
    const found: Frame[] = [];
    for (const piece of inPieces(bytes, random)) {
      const more = taken(['wire-protocol'], () => parser.push(Buffer.from(piece)));
      if (more === undefined) return 'refused';
      found.push(...more);
    }
    const again = found.flatMap(({ type, aux, epoch, body }) => [frameHead(type, body.length, epoch, aux), body]);
    const whole = Buffer.concat(again);
    must(whole.equals(bytes.subarray(0, whole.length)), 'frames written again are others');
    return 'taken';
  },
};

/** Heads of epochs: taken means written again they are the same. */
export const epochHeads: FuzzTarget = {
  name: 'epoch-heads',
  weight: 3,
  run: (random) => {
    const pieces = epochBody({
      rawBytes: random.below(2 ** 32),
      digest: random.bytes(8).readBigUInt64BE(),
      shards: [...random.bytes(random.below(20))],
      method: random.pick(methods),
      tableBytes: random.below(2 ** 32),
      table: random.bytes(random.below(100)),
    });
    const body = random.give(mutateBytes(Buffer.concat(pieces), random));
    if (body.length < frameTypes.epoch.minBody) return 'refused';
    const head = taken(['wire-protocol'], () => parseEpochBody(body));
    if (head === undefined) return 'refused';
    must(Buffer.concat(epochBody(head)).equals(body), 'an epoch written again is another one');
    return 'taken';
  },
};

/** Heads of parts and layouts, the same way. */
export const partHeads: FuzzTarget = {
  name: 'part-heads',
  weight: 3,
  run: (random) => {
    const [pages, rawBytes] = [random.below(2 ** 16), random.below(2 ** 32)];
    const part = partBody({ method: random.pick(methods), pages, rawBytes, frame: random.bytes(random.below(60)) });
    const body = random.give(mutateBytes(Buffer.concat(part), random));
    if (body.length < frameTypes.part.minBody) return 'refused';
    const head = taken(['wire-protocol'], () => parsePartBody(body));
    if (head === undefined) return 'refused';
    must(Buffer.concat(partBody(head)).equals(body), 'a part written again is another one');
    return 'taken';
  },
};

const cacheLimit = 2 ** 30;

export const layouts: FuzzTarget = {
  name: 'layouts',
  weight: 2,
  run: (random) => {
    const shards = 1 + random.below(255);
    const kept = new Map(
      Array.from({ length: random.below(4) }, () => [random.below(shards), random.bytes(random.below(9))] as const),
    );
    const layout = { shards, cachePagesPerShard: random.below(2 ** random.below(22)), kept };
    const body = random.give(mutateBytes(Buffer.concat(layoutBody(layout)), random));
    if (body.length < frameTypes.layout.minBody || body.length > frameTypes.layout.maxBody) return 'refused';
    const read = taken(['wire-protocol', 'wire-refused'], () => parseLayoutBody(body, cacheLimit));
    if (read === undefined) return 'refused';
    must(read.shards * read.cachePagesPerShard * 4096 <= cacheLimit, 'a cache beyond the limit');
    must(Buffer.concat(layoutBody(read)).equals(body), 'a layout written again is another one');
    return 'taken';
  },
};

/** What a receiver says of a link test: taken means written again it is the same, and whatever comes of it is a rate. */
export const probes: FuzzTarget = {
  name: 'probes',
  weight: 2,
  run: (random) => {
    const time = (): number => random.pick([0, -1, 1e3, 1.7e12, 8.64e15]) + random.below(1000) / 8;
    if (random.chance(0.3)) {
      const body = random.give(mutateBytes(pongBody(time()), random));
      if (body.length !== frameTypes.pong.maxBody) return 'refused';
      const ms = taken(['wire-protocol'], () => parsePong(body));
      if (ms === undefined) return 'refused';
      must(pongBody(ms).equals(body), 'a pong written again is another one');
      return 'taken';
    }
    const channels = Array.from({ length: random.below(4) }, (): Arrival[] => []);
    for (let told = random.below(20); told > 0 && channels.length > 0; told--) {
      const sound = arrivedBody({ bytes: random.below(2 ** random.below(53)), atMs: time() });
      const body = random.give(mutateBytes(sound, random));
      if (body.length !== frameTypes.arrived.maxBody) return 'refused';
      const arrival = taken(['wire-protocol'], () => parseArrived(body));
      if (arrival === undefined) return 'refused';
      must(arrivedBody(arrival).equals(body), 'an arrival written again is another one');
      const channel = random.pick(channels);
      const before = channel.at(-1);
      // The link refuses what runs backwards.
      if (before === undefined || (arrival.atMs >= before.atMs && arrival.bytes >= before.bytes)) channel.push(arrival);
    }
    const rate = throughputOf(channels);
    must(rate === undefined || (Number.isFinite(rate) && rate > 0), 'a throughput that is no rate');
    return 'taken';
  },
};
