import type { Random } from './random';

const edges = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

type ByteChange = (bytes: Buffer, random: Random) => Buffer;

const byteChanges: readonly ByteChange[] = [
  (bytes, random) => {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return bytes;
  },
  (bytes, random) => {
    bytes[random.below(bytes.length)] = random.below(256);
    return bytes;
  },
  (bytes, random) => {
    const [at, width] = [random.below(bytes.length), random.pick([2, 4, 8])];
    const number = Buffer.alloc(8);
    const value = random.pick(edges);
    if (random.chance(0.5)) number.writeUInt32BE(value, width >= 4 ? width - 4 : 0);
    else number.writeUInt32LE(value, 0);
    number.copy(bytes, at, 0, width);
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => {
    const at = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))]);
  },
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(16)), bytes.subarray(at)]);
  },
  (bytes, random) => {
    const [from, to] = [random.below(bytes.length), random.below(bytes.length + 1)];
    const piece = bytes.subarray(from, from + 1 + random.below(64));
    return Buffer.concat([bytes.subarray(0, to), piece, bytes.subarray(to)]);
  },
];

/** The bytes, changed in up to `most` places; now and then left as they are. The ones given stay what they were. */
export function mutateBytes(given: Uint8Array, random: Random, most = 4): Buffer {
  let bytes: Buffer = Buffer.from(given);
  for (let left = random.below(most + 1); left > 0 && bytes.length > 0; left--) {
    bytes = random.pick(byteChanges)(bytes, random);
  }
  return bytes;
}

/** Cut into pieces of random lengths, short ones more often. */
export function inPieces(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  const longest = random.pick([1, 3, 40, 5000, 70_000]);
  // So many crumbs of a long input would only take time.
  const least = Math.ceil(bytes.length / 500);
  for (let at = 0; at < bytes.length;) {
    const piece = bytes.subarray(at, at + least + random.below(longest));
    pieces.push(piece);
    at += piece.length;
  }
  return pieces;
}

const strangeNames = ['__proto__', 'constructor', 'toString', '', 'length', 'x'.repeat(300)];

function strangeValue(random: Random): unknown {
  const pollution: unknown = JSON.parse('{"__proto__":{"polluted":1}}');
  const many = Array.from({ length: random.below(300) }, (_, i) => i);
  const strange = [
    null,
    true,
    '',
    0,
    -1,
    0.5,
    1e308,
    2 ** 53,
    -(2 ** 63),
    'NaN',
    'é\u0000\ud800',
    [],
    {},
    pollution,
    many,
  ];
  return random.chance(0.1) ? 'y'.repeat(random.below(70_000)) : random.pick(strange);
}

/** A value of JSON with up to three changes of its shape; the one given stays what it was. */
export function mutateJson(given: unknown, random: Random): unknown {
  let value: unknown = structuredClone(given);
  for (let left = random.below(4); left > 0; left--) value = changed(value, random);
  return value;
}

function changed(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.15)) return strangeValue(random);
  const names = Object.keys(value);
  const name = names.length > 0 && random.chance(0.8) ? random.pick(names) : random.pick(strangeNames);
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
  const put = (key: string, entry: unknown): void => {
    Object.defineProperty(copy, key, { value: entry, enumerable: true, configurable: true, writable: true });
  };
  const before = (value as Record<string, unknown>)[name];
  const kind = random.below(4);
  if (kind === 0 && name !== 'length') delete (copy as Record<string, unknown>)[name];
  else if (Array.isArray(copy)) copy[random.below(copy.length + 1)] = changed(before, random);
  else if (kind === 1) put(random.pick(strangeNames), before ?? 1);
  else put(name, changed(before, random));
  return copy;
}

/** JSON text of a mutated value, its text perhaps mutated, too. */
export function mutatedText(given: unknown, random: Random): string {
  const text = JSON.stringify(mutateJson(given, random)) ?? 'undefined';
  return random.chance(0.3) ? mutateBytes(Buffer.from(text), random).toString('utf8') : text;
}
