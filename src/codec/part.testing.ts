import { pageBytes } from '../shared/settings';
import { keyBytes } from './job';
import type { EncodedPart, PartEncoder } from './part-encoder';

/*
 * What the tests of parts share.
 */

/** Pages that a part has at most. */
export const maxPages = 16;

export interface TestPage {
  readonly key: number;
  readonly bytes: Uint8Array;
}

export function encode(encoder: PartEncoder, pages: readonly TestPage[], regularBits?: number): EncodedPart {
  pages.forEach(({ key, bytes }, i) => {
    encoder.keys.writeDoubleLE(key, i * keyBytes);
    encoder.pages(pages.length).set(bytes, i * pageBytes);
  });
  return encoder.encode(pages.length, regularBits);
}

export const joined = (pages: readonly TestPage[]): Buffer => Buffer.concat(pages.map(({ bytes }) => bytes));
export const page = (fill: number): Uint8Array => new Uint8Array(pageBytes).fill(fill);

/** A part as it is on the wire: what is done for each page, then deltas, then so many full pages. */
export function part(ops: readonly number[], deltas: readonly number[] = [], fulls = 0): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(ops.length);
  return Buffer.concat([head, Buffer.from(ops), Buffer.from(deltas), Buffer.alloc(fulls * pageBytes, 7)]);
}
