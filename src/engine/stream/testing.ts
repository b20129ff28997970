import { StreamParser, type StreamSink } from './parser';
import { StreamSerialiser } from './serialise';
import { ramSectionEnd, ramStart } from './write';

/*
 * What the tests of this room share.
 */

/** The longest piece: word, name, length and a compressed page. */
export const maxHeldBytes = 8 + 1 + 255 + 4 + 4110;

/** Bytes written as hexadecimal pairs with spaces. */
export function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

/** A page with all bytes alike. */
export function page(fill: number): Buffer {
  return Buffer.alloc(4096, fill);
}

/** The START of section 2 with two blocks, whole. */
export function startOfRam(): Buffer {
  const blocks = [
    { name: 'pc.ram', usedBytes: 64 * 2 ** 20 },
    { name: 'pc.b', usedBytes: 256 * 2 ** 10 },
  ];
  return Buffer.concat([ramStart(2, blocks), ramSectionEnd(2)]);
}

/** Pushes the stream in chunks of the given sizes, over and over, and ends it; returns the most that was held back. */
export function feed(
  parser: StreamParser,
  stream: Uint8Array,
  sizes: readonly number[] = [stream.length || 1],
): number {
  let held = 0;
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const size = sizes[turn % sizes.length] ?? stream.length;
    // A copy that is spoilt afterwards: nobody may keep a view of a chunk. A Buffer, as sockets give them.
    const chunk = Buffer.from(stream.subarray(at, at + size));
    parser.push(chunk);
    chunk.fill(0xee);
    held = Math.max(held, parser.heldBytes);
    at += size;
  }
  parser.end();
  return held;
}

/** The stream written out again from the parser's calls. */
export function rebuilt(stream: Uint8Array, sizes?: readonly number[]): Buffer {
  const out: Buffer[] = [];
  feed(new StreamParser(new StreamSerialiser((run) => out.push(run))), stream, sizes);
  return Buffer.concat(out);
}

/** The parser's calls as text, raw bytes left out (how they are grouped depends on the chunks). */
export function seen(
  stream: Uint8Array,
  sizes?: readonly number[],
): { readonly items: string[]; readonly held: number } {
  const items: string[] = [];
  const sink: StreamSink = {
    block: (index, name, usedBytes) =>
      items.push(`block ${index} ${Buffer.from(name).toString('latin1')} ${usedBytes}`),
    page: (block, offset, named, content) =>
      items.push(`page ${block} ${offset}${named ? ' named' : ''} ${content[0] ?? -1}`),
    zero: (block, offset, named, fill) => items.push(`zero ${block} ${offset}${named ? ' named' : ''} ${fill}`),
    raw: () => undefined,
    opaque: (reason) => items.push(`opaque ${reason}`),
  };
  const held = feed(new StreamParser(sink), stream, sizes);
  return { items, held };
}
