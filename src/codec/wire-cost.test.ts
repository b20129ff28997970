import { describe, expect, it } from 'vitest';
import { pageBytes, type Method } from '../shared/settings';
import { keyBytes } from './job';
import { methodTable, regularBits } from './methods';
import { PartEncoder } from './part-encoder';

const pages = 64;
const rounds = 4;

/** Numbers below `below`, the same on every run. */
function noise(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48271) % 2147483647) % below;
}

const words = 'the page table of a guest holds an entry for each mapped frame and its flags or none at all'.split(' ');

function prose(next: (below: number) => number): Buffer {
  let text = '';
  while (text.length < pageBytes) text += `${words[next(words.length)] ?? ''} ${next(3) === 0 ? next(1000) : ''} `;
  return Buffer.from(text.slice(0, pageBytes), 'latin1');
}

function random(next: (below: number) => number): Buffer {
  return Buffer.from(Array.from({ length: pageBytes }, () => next(256)));
}

interface Guest {
  start(next: (below: number) => number): Buffer;
  rewrite(page: Buffer, next: (below: number) => number): Buffer;
}

function changed(page: Buffer, offsets: Iterable<number>, value: (old: number) => number): Buffer {
  const now = Buffer.from(page);
  for (const offset of offsets) now[offset] = value(now[offset] as number);
  return now;
}

const someOffsets = (count: number, next: (below: number) => number) =>
  Array.from({ length: count }, () => next(pageBytes));

/** What guests do to a page between two of its passes. */
const guests: Readonly<Record<string, Guest>> = {
  'a few counters': { start: random, rewrite: (page) => changed(page, [0, 1024, 2048, 3072], (old) => old + 1) },
  'many spots in noise': {
    start: random,
    rewrite: (page, next) => changed(page, someOffsets(600, next), () => next(256)),
  },
  'many spots in text': { start: prose, rewrite: (page, next) => changed(page, someOffsets(200, next), () => 32) },
  'other text in its place': { start: prose, rewrite: (_, next) => prose(next) },
  'noise cleared in places': { start: random, rewrite: (page, next) => changed(page, someOffsets(900, next), () => 0) },
  'noise overwritten by text, from the front': {
    start: random,
    rewrite: (page, next) => Buffer.concat([prose(next).subarray(0, 2000), page.subarray(2000)]),
  },
  'a table of one pattern, set up anew': {
    start: (next) => changed(Buffer.alloc(pageBytes, 'entry, 0'), someOffsets(1500, next), () => next(256)),
    rewrite: (_, next) => changed(Buffer.alloc(pageBytes, 'entry, 0'), [next(pageBytes)], () => 1),
  },
  'every eighth byte counted up': {
    start: () => Buffer.alloc(pageBytes),
    rewrite: (page, next) => {
      const offsets = Array.from({ length: 512 }, (_, i) => i * 8);
      return changed(page, offsets, (old) => old + next(50));
    },
  },
};

type Rule = 'chosen' | 'every delta' | 'no delta';

/** Bytes on the wire of the rounds after the first, under a rule; the first is the same for all. */
async function wireBytes(rule: Rule, names: readonly string[], method: Method, level: number): Promise<number> {
  const next = noise(7);
  const encoder = new PartEncoder(pages, rule === 'no delta' ? 0 : pages, 'adaptive');
  const memory = Array.from({ length: pages }, (_, i) => (guests[names[i % names.length] ?? ''] as Guest).start(next));
  let bytes = 0;
  for (let round = 0; round <= rounds; round++) {
    for (const [i, page] of memory.entries()) {
      encoder.keys.writeDoubleLE(i, i * keyBytes);
      encoder.pages(pages).set(page, i * pageBytes);
      memory[i] = (guests[names[i % names.length] ?? ''] as Guest).rewrite(page, next);
    }
    const { payload } = encoder.encode(pages, rule === 'chosen' ? regularBits({ method, level }) : undefined);
    const frame = await methodTable[method].compress(payload, level);
    if (round > 0) bytes += Math.min(frame.length, payload.length);
  }
  return bytes;
}

describe('the choice between a delta and its page', () => {
  const mixes = [...Object.keys(guests).map((name) => [name]), Object.keys(guests)];
  const methods = [
    ['zstd', 1],
    ['zstd', 6],
    ['zlib', 1],
  ] as const;
  const cases = mixes.flatMap((mix) => methods.map((method) => [mix.join(' and '), mix, ...method] as const));

  it.each(cases)('with %s: never above either fixed rule by more than 1 %%', async (_, mix, method, level) => {
    const chosen = await wireBytes('chosen', mix, method, level);
    const every = await wireBytes('every delta', mix, method, level);
    const none = await wireBytes('no delta', mix, method, level);
    const ops = 4 * pages * rounds; // seen only where everything comes to next to nothing
    expect(chosen).toBeLessThanOrEqual(1.01 * Math.min(every, none) + ops);
  });
});
