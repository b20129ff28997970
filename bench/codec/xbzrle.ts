import { deltaRoomBytes, XbzrleArena } from '../../src/codec/xbzrle/xbzrle';
import { pageBytes } from '../../src/shared/settings';
import type { Section } from '../kit/result';
import { digits } from '../kit/table';
import { sideBySide, type Work } from '../kit/timing';
import { change, type PatternName, patternNames } from './patterns';

const pages = 256;
const bytes = pages * pageBytes;

/** XBZRLE's encoder and decoder as shipped, page by page, beside copies of the same pages; GB/s of guest memory. */
export async function measureXbzrle(memory: Buffer, passes: number): Promise<Section> {
  const perPattern = [];
  for (const name of patternNames) perPattern.push({ name, ...(await one(memory, name, passes)) });
  const rows = perPattern.map((row) => ({ part: 'xbzrle', ...row }));
  const seed = rows.find(({ name }) => name === 'seed');
  const figures = {
    ...Object.fromEntries(
      rows.flatMap(({ name, encode = NaN, decode = NaN, memcpy }) => [
        [`encodeGigabytesPerSecond.${name}`, encode],
        [`decodeGigabytesPerSecond.${name}`, decode],
        [`encodeToMemcpy.${name}`, encode / memcpy],
      ]),
    ),
    memcpyGigabytesPerSecond: seed?.memcpy ?? NaN,
  };
  const table = {
    title: 'XBZRLE on one core, GB/s of guest memory',
    head: ['changed in a page', 'delta, B', 'encode', 'decode', 'memcpy', 'encode ÷ memcpy'],
    rows: rows.map(({ name, deltaBytes, encode, decode, memcpy }) => [
      name,
      deltaBytes === undefined ? 'overflow' : deltaBytes.toFixed(0),
      digits(encode),
      digits(decode),
      digits(memcpy),
      digits(encode === undefined ? undefined : encode / memcpy),
    ]),
  };
  const groups = rows.map(({ name: label, encode, decode, memcpy }) => ({
    label,
    bars: [
      { name: 'encode', value: encode },
      { name: 'decode', value: decode },
      { name: 'memcpy', value: memcpy },
    ],
  }));
  return { figures, rows, table, charts: [{ kind: 'bars', title: 'XBZRLE', unit: 'GB/s', groups }] };
}

async function one(memory: Buffer, pattern: PatternName, passes: number) {
  const arena = new XbzrleArena(2 * bytes + Math.ceil(deltaRoomBytes / pageBytes) * pageBytes);
  const old = arena.arenaStart;
  const [now, out] = [old + bytes, old + 2 * bytes];
  arena.bytes(old, bytes).set(memory.subarray(0, bytes));
  arena.bytes(now, bytes).set(memory.subarray(0, bytes));
  change(arena.bytes(now, bytes), pattern);
  const lengths = eachPage((at) => arena.encode(old + at, now + at, out));
  const known = lengths.filter((length) => length !== undefined);
  const deltaBytes = known.length === 0 ? undefined : known.reduce((sum, length) => sum + length, 0) / known.length;
  const source = Buffer.from(memory.subarray(0, bytes));
  const target = Buffer.alloc(bytes);
  const work = (name: string, run: (at: number) => void): Work => ({
    name,
    bytes,
    run: () => {
      for (let at = 0; at < bytes; at += pageBytes) run(at);
    },
  });
  const works = [
    work('encode', (at) => arena.encode(old + at, now + at, out)),
    work('copy in the arena', (at) => arena.copyPage(now + at, old + at)),
    work('copy of a buffer', (at) => source.copy(target, at, at, at + pageBytes)),
  ];
  // The copies write what was there, and the pages of the encoder with it: it is measured first and made anew.
  const encoder = await sideBySide([works[0] as Work, works[2] as Work], passes);
  const copier = await sideBySide([works[1] as Work, works[2] as Work], passes);
  arena.bytes(now, bytes).set(memory.subarray(0, bytes));
  change(arena.bytes(now, bytes), pattern);
  const length = arena.encode(old, now, out);
  const decoder =
    length === undefined || length === 0
      ? undefined
      : await sideBySide([work('decode', (at) => arena.decode(old + at, out, length))], passes);
  const copies = [copier.get('copy in the arena'), copier.get('copy of a buffer'), encoder.get('copy of a buffer')];
  return {
    deltaBytes,
    encode: encoder.get('encode'),
    decode: decoder?.get('decode'),
    /** The faster of the two ways to copy. */
    memcpy: Math.max(...copies.map((speed) => speed ?? 0)),
  };
}

function eachPage<T>(work: (at: number) => T): readonly T[] {
  return Array.from({ length: pages }, (_, page) => work(page * pageBytes));
}
