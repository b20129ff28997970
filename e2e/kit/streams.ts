import { sampleStream, type SampleRecord } from '../../src/engine/testing';
import { pageBytes } from '../../src/shared/settings';

/** Bytes that nothing makes smaller, the same in every run. */
export function noise(seed: number, length: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil(length / 4) * 4);
  let state = seed * 2 + 1;
  for (let at = 0; at < length; at += 4) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    bytes.writeUInt32LE((state ^ (state >>> 13)) >>> 0, at);
  }
  return bytes.subarray(0, length);
}

function pageAt(page: number, round: number): Buffer {
  if (page % 7 === 0) return noise(page * 31 + round, pageBytes);
  const bytes = Buffer.alloc(pageBytes, `page ${page % 50} of a file `);
  bytes.writeUInt32LE(round * 3 + page, (page * 8) % 4000);
  return bytes;
}

/** A guest of 1024 pages sent once, then a part of it again and again, a little changed. */
export function guestStream(rounds = 4): Buffer {
  const all = Array.from({ length: rounds }, (_, round) =>
    Array.from({ length: 1024 }, (__, page): SampleRecord => {
      const block = page < 900 ? 0 : 1;
      if (page % 5 === 0) return { block, page: page % 900, fill: page % 3 === 0 ? 7 : 0 };
      return { block, page: page % 900, fill: 0, bytes: pageAt(page, round) };
    }).filter(({ page }) => round === 0 || page % 4 < 3),
  );
  return sampleStream(all, noise(9, 30_000));
}

/** Incompressible pages alone: all that is on the wire is their parts, but for a thousandth. */
export function noiseStream(pages = 1024): Buffer {
  const records = Array.from({ length: pages }, (_, page) => ({
    block: 0,
    page,
    fill: 0,
    bytes: noise(page, pageBytes),
  }));
  return sampleStream([records], Buffer.alloc(100));
}
