import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageBytes } from '../../shared/settings';
import { deltaRoomBytes, XbzrleArena } from './xbzrle';

const arena = new XbzrleArena(4 * pageBytes + deltaRoomBytes);
const base = arena.arenaStart;
const page = base + pageBytes;
const out = page + pageBytes;

/** The format's definition as a byte loop: undefined where the delta does not fit. */
function referenceEncode(old: Uint8Array, now: Uint8Array): Buffer | undefined {
  const bytes: number[] = [];
  const length = (n: number) => (n < 128 ? [n] : [(n & 0x7f) | 0x80, n >> 7]);
  for (let at = 0; at < pageBytes;) {
    if (bytes.length + 2 > pageBytes) return undefined;
    let end = at;
    while (end < pageBytes && old[end] === now[end]) end++;
    if (end === pageBytes) break;
    bytes.push(...length(end - at));
    if (bytes.length + 2 > pageBytes) return undefined;
    const start = end;
    while (end < pageBytes && old[end] !== now[end]) end++;
    bytes.push(...length(end - start));
    if (bytes.length + end - start > pageBytes) return undefined;
    bytes.push(...now.subarray(start, end));
    at = end;
  }
  return Buffer.from(bytes);
}

function encode(old: Uint8Array, now: Uint8Array): Buffer | undefined {
  arena.bytes(base, pageBytes).set(old);
  arena.bytes(page, pageBytes).set(now);
  const length = arena.encode(base, page, out);
  return length === undefined ? undefined : Buffer.from(arena.bytes(out, length));
}

function decode(old: Uint8Array, payload: ArrayLike<number>): Buffer | undefined {
  arena.bytes(base, pageBytes).set(old);
  arena.bytes(out, payload.length).set(payload);
  return arena.decode(base, out, payload.length) ? Buffer.from(arena.bytes(base, pageBytes)) : undefined;
}

/** Compares whole pages at once; comparing them as arrays takes a thousand times as long. */
const sameAs = (wanted: Uint8Array | undefined) => (got: Buffer | undefined) =>
  got === undefined || wanted === undefined ? got === wanted : got.equals(wanted);

const zeros = new Uint8Array(pageBytes);
const at = (offset: number, value: number) => zeros.map((_, i) => (i === offset ? value : 0));
const differing = (from: number, to: number) => zeros.map((_, i) => (i >= from && i < to ? 1 + (i % 255) : 0));

describe('encode, against known payloads', () => {
  it.each([
    ['identical', zeros, []],
    ['the first byte', at(0, 1), [0x00, 0x01, 0x01]],
    ['the last byte', at(4095, 7), [0xff, 0x1f, 0x01, 0x07]],
    ['byte 127', at(127, 1), [0x7f, 0x01, 0x01]],
    ['byte 128', at(128, 1), [0x80, 0x01, 0x01, 0x01]],
  ])('%s', (_, now, payload) => {
    expect(encode(zeros, now)).toEqual(Buffer.from(payload));
  });

  it("the example of QEMU's own document", () => {
    const old = zeros.slice();
    const now = zeros.slice();
    old.set([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 0x68, 0, 0, 0x6b, 0, 0x6d], 1001);
    now.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x68, 0, 0, 0x67, 0, 0x69], 1001);
    const literals = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    expect(encode(old, now)).toEqual(Buffer.from([0xe9, 0x07, 0x0f, ...literals, 0x03, 0x01, 0x67, 0x01, 0x01, 0x69]));
  });

  it.each([
    ['3 equal, 4093 differ: exactly a page', differing(3, 4096), 4096],
    ['2 equal, 4094 differ', differing(2, 4096), undefined],
    ['2 equal, 4092 differ, 2 equal: no room for a pair that is never written', differing(2, 4094), undefined],
    ['3 equal, 4091 differ, 2 equal', differing(3, 4094), 4094],
    ['all differ', differing(0, 4096), undefined],
    ['every second byte differs', zeros.map((_, i) => i % 2), undefined],
  ])('%s', (_, now, length) => {
    expect(encode(zeros, now)?.length).toBe(length);
    expect(encode(zeros, now)).satisfy(sameAs(referenceEncode(zeros, now)));
  });
});

/** Pages that differ in runs: few or many, of any density, so that both verdicts come up. */
const pagePairs = fc
  .record({
    seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    sameRun: fc.integer({ min: 1, max: 400 }),
    changedRun: fc.integer({ min: 1, max: 400 }),
    head: fc.nat(6),
  })
  .map(({ seed, sameRun, changedRun, head }) => {
    let state = seed;
    const next = (below: number) => (state = (Math.imul(state, 48271) >>> 0) % 2147483647) % below;
    const old = zeros.map(() => next(256));
    const now = old.slice();
    for (let i = head; i < pageBytes; i += 1 + next(sameRun)) {
      for (const end = Math.min(pageBytes, i + 1 + next(changedRun)); i < end; i++)
        now[i] = (old[i] as number) ^ (1 + next(255));
    }
    return { old, now };
  });

describe('encode and decode', () => {
  it('equal the byte loop, verdict included, and give the page back', () => {
    fc.assert(
      fc.property(pagePairs, ({ old, now }) => {
        const payload = encode(old, now);
        expect(payload).satisfy(sameAs(referenceEncode(old, now)));
        if (payload !== undefined) expect(decode(old, payload)).satisfy(sameAs(now));
      }),
      { numRuns: 500 },
    );
  });

  it('give the same verdict at every edge', () => {
    for (let from = 0; from < 6; from++) {
      for (let to = 4085; to <= 4096; to++) {
        for (const hole of [0, 100, 128, 4084]) {
          const now = differing(from, to);
          if (hole > 0) now[hole] = 0;
          expect(encode(zeros, now)).satisfy(sameAs(referenceEncode(zeros, now)));
        }
      }
    }
  });
});

describe('decode', () => {
  it.each([
    ['one byte', [5]],
    ['no changed run', [5, 0]],
    ['no changed run, overlong', [5, 0x80, 0]],
    ['a second unchanged run of 0', [1, 1, 9, 0, 1, 9]],
    ['a length of three bytes', [0x80, 0x80, 1, 1, 9]],
    ['an unchanged run past the page', [0x81, 0x20, 1, 9]],
    ['a changed run past the page', [0xff, 0x1f, 2, 9, 9]],
    ['literals past the payload', [0, 3, 9, 9]],
    ['an unchanged run with nothing behind it', [0, 1, 9, 5]],
    ['a cut length', [0, 1, 9, 5, 0x81]],
  ])('refuses %s', (_, payload) => {
    expect(decode(zeros, payload)).toBeUndefined();
  });

  it('takes an empty payload as no change', () => {
    expect(decode(at(7, 7), [])).satisfy(sameAs(at(7, 7)));
  });

  it('takes an overlong 0 at the start', () => {
    expect(decode(zeros, [0x80, 0, 1, 9])).satisfy(sameAs(at(0, 9)));
  });

  it('touches only its page, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 255 }), (payload, guard) => {
        arena.bytes(page, pageBytes).fill(guard);
        decode(zeros, payload);
        expect(arena.bytes(page, pageBytes).every((byte) => byte === guard)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
