import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { StreamParser, type StreamSink } from './parser';
import { StreamSerialiser } from './serialise';
import { bytes, maxHeldBytes, page, rebuilt, seen, startOfRam } from './testing';
import { footer, openReturnPath, ping, ramEnd, ramPart, ramSectionEnd, streamHead } from './write';

/** The plain stream of a guest with one 64 MiB block and a ROM, as QEMU 7.2 writes it. */
const plain = Buffer.concat([
  streamHead('pc-i440fx-7.2'),
  openReturnPath(),
  ping(1),
  startOfRam(),
  ramPart(2),
  bytes('00 00 00 00 00 00 00 08 06 70 63 2e 72 61 6d'),
  page(1),
  bytes('00 00 00 00 00 00 10 22 00'),
  bytes('00 00 00 00 00 00 60 60 01 00 04 fc 1f 01 85'),
  bytes('00 00 00 00 00 00 71 20 00 00 00 03 78 01 09'),
  bytes('00 00 00 00 00 00 02 00'),
  ramSectionEnd(2),
  ramPart(2),
  bytes('00 00 00 00 03 ff f0 28'),
  page(2),
  bytes('00 00 00 00 00 00 00 02 04 70 63 2e 62 07'),
  ramSectionEnd(2),
  bytes('08 00 0b 00 00'),
  ramEnd(2),
  ramSectionEnd(2),
  bytes('04 00 00 00 00 05 74 69 6d 65 72'),
]);

describe('a plain stream', () => {
  it('gives its blocks, pages and zero pages, and is opaque from the end of ram on', () => {
    expect(seen(plain).items).toEqual([
      'block 0 pc.ram 67108864',
      'block 1 pc.b 262144',
      'page 0 0 named 1',
      'zero 0 4096 0',
      'page 0 67104768 2',
      'zero 1 0 named 7',
      'opaque ram-end',
    ]);
  });

  it.each([1, 2, 3, 7, 4095, 4096, 4104, 65536])('is rebuilt from chunks of %i bytes', (size) => {
    const { items } = seen(plain);
    expect(seen(plain, [size]).items).toEqual(items);
    expect(rebuilt(plain, [size])).toEqual(plain);
  });

  it('is rebuilt when it is cut off anywhere', () => {
    for (let length = 0; length < plain.length; length += length < 400 ? 1 : 97) {
      const cut = plain.subarray(0, length);
      expect(rebuilt(cut, [61]).equals(cut), `cut at ${length}`).toBe(true);
    }
  });

  it('hands on every whole piece at once', () => {
    let out = 0;
    const parser = new StreamParser(new StreamSerialiser((run) => (out += run.length)));
    const upToEos = plain.indexOf(bytes('7e 00 00 00 02 02'));
    parser.push(plain.subarray(0, upToEos));
    expect(out).toBe(upToEos);
    expect(parser.heldBytes).toBe(0);
    expect(parser.phase).toBe('ram');
  });

  it('needs neither configuration nor footers, as machine types up to 2.3 write it', () => {
    const withoutFooters = Buffer.concat([
      plain.subarray(0, 8),
      startOfRam().subarray(0, -5),
      ramPart(2),
      bytes('00 00 00 00 00 00 00 02 06 70 63 2e 72 61 6d 00'),
      ramSectionEnd(2).subarray(0, -5),
      ramEnd(2),
      ramSectionEnd(2).subarray(0, -5),
      bytes('00'),
    ]);
    expect(seen(withoutFooters, [1]).items.slice(2)).toEqual(['zero 0 0 named 0', 'opaque ram-end']);
    expect(rebuilt(withoutFooters, [1])).toEqual(withoutFooters);
  });
});

describe('any input', () => {
  const chunkSizes = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 8 });
  const mutation = fc.record({
    at: fc.nat(plain.length - 1),
    remove: fc.nat(12),
    insert: fc.uint8Array({ maxLength: 12 }),
  });

  it('is rebuilt byte for byte, however it is cut', () => {
    fc.assert(fc.property(chunkSizes, (sizes) => rebuilt(plain, sizes).equals(plain)));
  });

  it('is rebuilt when bytes of a good stream are changed, added or taken away', () => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), chunkSizes, (mutations, sizes) => {
        let stream: Buffer = plain;
        for (const { at, remove, insert } of mutations) {
          stream = Buffer.concat([stream.subarray(0, at), insert, stream.subarray(at + remove)]);
        }
        const { items, held } = seen(stream, sizes);
        return rebuilt(stream, sizes).equals(stream) && items.length > 0 && held <= maxHeldBytes;
      }),
      { numRuns: 500 },
    );
  });

  it('is rebuilt when noise follows any beginning', () => {
    const tail = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(fc.nat(plain.length), tail, chunkSizes, (length, noise, sizes) => {
        const stream = Buffer.concat([plain.subarray(0, length), noise]);
        return rebuilt(stream, sizes).equals(stream) && seen(stream, sizes).held <= maxHeldBytes;
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same items however it is cut', () => {
    fc.assert(
      fc.property(mutation, chunkSizes, ({ at, remove, insert }, sizes) => {
        const stream = Buffer.concat([plain.subarray(0, at), insert, plain.subarray(at + remove)]);
        expect(seen(stream, sizes).items).toEqual(seen(stream).items);
      }),
      { numRuns: 300 },
    );
  });

  it('goes raw after the end, too', () => {
    const out: Buffer[] = [];
    const parser = new StreamParser(new StreamSerialiser((run) => out.push(run)));
    parser.push(plain.subarray(0, 20));
    parser.end();
    parser.end();
    parser.push(footer(9));
    expect(Buffer.concat(out)).toEqual(Buffer.concat([plain.subarray(0, 20), footer(9)]));
  });

  it('calls opaque exactly once', () => {
    const reasons: string[] = [];
    const none = () => undefined;
    const sink: StreamSink = { block: none, page: none, zero: none, raw: none, opaque: (why) => reasons.push(why) };
    const parser = new StreamParser(sink);
    parser.push(plain);
    parser.end();
    expect(reasons).toEqual(['ram-end']);
  });
});
