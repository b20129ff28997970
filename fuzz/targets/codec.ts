import { keyBytes } from '../../src/codec/job';
import { methodTable } from '../../src/codec/methods';
import { PartDecoder } from '../../src/codec/part-decoder';
import { PartEncoder } from '../../src/codec/part-encoder';
import { deltaRoomBytes, XbzrleArena } from '../../src/codec/xbzrle/xbzrle';
import { cachePolicies, methods, pageBytes } from '../../src/shared/settings';
import { mutateBytes } from '../mutate';
import type { Random } from '../random';
import { must, taken, takenLater, type FuzzTarget } from '../target';
import { PlainPartDecoder, plainXbzrle } from './plain-decoders';

const arena = new XbzrleArena(5 * pageBytes + deltaRoomBytes);
const [base, now, guard, payloadAt] = [0, 1, 2, 3].map((i) => arena.arenaStart + i * pageBytes) as [
  number,
  number,
  number,
  number,
];

/** A page that differs from another in some runs. */
function rewritten(page: Uint8Array, random: Random): Buffer {
  const bytes = Buffer.from(page);
  for (let runs = random.below(random.pick([3, 30, 300])); runs > 0; runs--) {
    const at = random.below(pageBytes);
    bytes.fill(random.below(256), at, Math.min(pageBytes, at + 1 + random.below(random.pick([2, 30, 500]))));
  }
  return bytes;
}

/** Deltas: encoded ones give the page back; any other does what the byte loop does, and touches nothing but its page. */
export const xbzrle: FuzzTarget = {
  name: 'xbzrle',
  weight: 6,
  run: (random) => {
    const old = Buffer.alloc(pageBytes, random.bytes(1 + random.below(40)));
    const wanted = rewritten(old, random);
    arena.bytes(base, pageBytes).set(old);
    arena.bytes(now, pageBytes).set(wanted);
    const length = arena.encode(base, now, payloadAt);
    const sound = Buffer.from(arena.bytes(payloadAt, length ?? random.below(60)));
    if (length !== undefined)
      must(plainXbzrle(old, sound)?.equals(wanted) === true, 'a delta of ours gives another page');
    const payload = random.give(mutateBytes(sound, random).subarray(0, pageBytes));
    arena.bytes(now, pageBytes).set(old);
    arena.bytes(guard, pageBytes).fill(0x5a);
    arena.bytes(payloadAt, payload.length).set(payload);
    const good = arena.decode(now, payloadAt, payload.length);
    must(
      arena.bytes(guard, pageBytes).every((byte) => byte === 0x5a),
      'bytes behind the page were changed',
    );
    must(Buffer.from(arena.bytes(base, pageBytes)).equals(old), 'bytes before the page were changed');
    const plain = plainXbzrle(old, payload);
    must(good === (plain !== undefined), `${good ? 'taken' : 'refused'}, unlike by the byte loop`);
    if (plain === undefined) return 'refused';
    must(plain.equals(arena.bytes(now, pageBytes)), 'another page than by the byte loop');
    return 'taken';
  },
};

const maxPages = 12;

/** Parts: what is taken gives the pages that a plain reading of the format gives, and a shard that lost one is lost. */
export const parts: FuzzTarget = {
  name: 'parts',
  weight: 2,
  run: (random) => {
    const cachePages = random.pick([0, 1, 3, 8]);
    const encoder = new PartEncoder(maxPages, cachePages, random.pick(cachePolicies));
    const decoder = new PartDecoder({ cachePagesPerShard: cachePages, maxPages });
    const plain = new PlainPartDecoder(cachePages);
    const memory = Array.from({ length: 6 }, (_, i): Buffer => Buffer.alloc(pageBytes, i % 3));
    for (let step = 1 + random.below(5); step > 0; step--) {
      const count = 1 + random.below(maxPages);
      const touched = Array.from({ length: count }, () => random.below(memory.length));
      const pages = touched.map((key) => (memory[key] = rewritten(memory[key] as Buffer, random)));
      touched.forEach((key, i) => encoder.keys.writeDoubleLE(key, i * keyBytes));
      encoder.pages(count).set(Buffer.concat(pages));
      const { payload } = encoder.encode(count, random.pick([undefined, 9]));
      const isSound = random.chance(0.6);
      const given = random.give(isSound ? payload : mutateBytes(payload, random));
      const claimed = random.chance(0.95) ? count : random.below(maxPages + 2);
      const out = taken(['codec'], () => decoder.decode(0, given, claimed));
      const wanted = plain.decode(given, claimed, maxPages);
      must((out === undefined) === (wanted === undefined), `${out ? 'taken' : 'refused'}, unlike by the plain reading`);
      if (out === undefined || wanted === undefined) {
        must(!isSound || claimed !== count, 'a part of ours was refused');
        must(taken(['codec'], () => decoder.decode(0, payload, count)) === undefined, 'the shard goes on after a loss');
        return 'refused';
      }
      must(wanted.equals(out), 'other pages than by the plain reading');
      if (isSound && claimed === count) must(Buffer.concat(pages).equals(out), 'other pages than were encoded');
      // What a changed part has left in the slots is not what the encoder thinks.
      if (!given.equals(payload) || claimed !== count) return 'taken';
    }
    return 'taken';
  },
};

/** Frames of every method: the length announced or a refusal, whatever the bytes. */
export const frames: FuzzTarget = {
  name: 'methods',
  weight: 2,
  run: async (random) => {
    const method = random.pick(methods);
    const raw = Buffer.alloc(1 + random.below(9000), random.bytes(1 + random.below(300)));
    const sound = Buffer.from(await methodTable[method].compress(raw, random.pick([1, 3])));
    const frame = random.give(mutateBytes(sound, random));
    const announced = random.chance(0.7) ? raw.length : random.below(2 ** 20);
    const out = await takenLater(['codec'], () => methodTable[method].decompress(frame, announced));
    if (out === undefined) {
      must(!frame.equals(sound) || announced !== raw.length, 'a frame of ours was refused');
      return 'refused';
    }
    must(out.length === announced, `${out.length} bytes, ${announced} were announced`);
    if (frame.equals(sound)) must(raw.equals(out), 'other bytes than were compressed');
    return 'taken';
  },
};
