import crc32 from 'crc-32';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FrameParser,
  frameHead,
  frameHeadBytes,
  frameTypes,
  openers,
  type Frame,
  type FrameType,
  type Peer,
} from './frame';

const types = Object.keys(frameTypes) as FrameType[];
const refused = { code: 'wire-protocol' };

function frame(type: FrameType, body: Uint8Array = Buffer.alloc(0), epoch = 0, aux = 0): Buffer {
  return Buffer.concat([frameHead(type, body.length, epoch, aux), body]);
}

const hello = frame('hello', Buffer.alloc(34));

/** A parser that has had its peer's first frame. */
function after(peer: Peer): FrameParser {
  const parser = new FrameParser(peer);
  if (peer === 'sender') parser.push(hello);
  return parser;
}

function peerOf(type: FrameType): Peer {
  return frameTypes[type].from[0];
}

/** A head with some bytes changed and the checksum made right again. */
function forged(change: (head: Buffer) => void): Buffer {
  const head = frameHead('ack', 0);
  change(head);
  head.writeInt32BE(crc32.buf(head.subarray(0, 16)), 16);
  return head;
}

function plain({ type, aux, epoch, body }: Frame): object {
  return { type, aux, epoch, body: body.toString('hex') };
}

describe('a frame on the wire', () => {
  it('has exactly these bytes', () => {
    expect(frame('part', Buffer.from('0011223344556677', 'hex'), 0x01020304, 0x0506).toString('hex')).toBe(
      '57485259' + '05' + '04' + '0506' + '01020304' + '00000008' + '0fa005a0' + '0011223344556677',
    );
  });

  it('has a number and limits of its own for each type, none of them 0', () => {
    const ids = types.map((type) => frameTypes[type].id);
    expect(new Set(ids).size).toBe(types.length);
    expect(Math.min(...ids)).toBeGreaterThan(0);
  });

  it.each(types.filter((type) => !openers.has(type)))('%s is read back at its smallest and largest', (type) => {
    const { minBody, maxBody } = frameTypes[type];
    for (const length of [minBody, maxBody]) {
      const [got, ...more] = after(peerOf(type)).push(frame(type, Buffer.alloc(length, 7), 2 ** 32 - 1, 65_535));
      expect(more).toEqual([]);
      expect(got).toMatchObject({ type, epoch: 2 ** 32 - 1, aux: 65_535 });
      expect(got?.body.equals(Buffer.alloc(length, 7))).toBe(true);
    }
  });

  it('is the same however it is split and joined', () => {
    const one = fc.tuple(fc.uint8Array({ minLength: 7, maxLength: 300 }), fc.nat(2 ** 32 - 1), fc.nat(65_535));
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }),
        (parts, cuts) => {
          const stream = Buffer.concat(parts.map(([body, epoch, aux]) => frame('part', body, epoch, aux)));
          const parser = after('sender');
          const got: object[] = [];
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const size = cuts[turn % cuts.length] ?? 1;
            got.push(...parser.push(Buffer.from(stream.subarray(at, at + size))).map(plain));
            at += size;
          }
          const sent = parts.map(([body, epoch, aux]) => plain({ type: 'part', epoch, aux, body: Buffer.from(body) }));
          expect(got).toEqual(sent);
        },
      ),
    );
  });

  it('is out as soon as its last byte is in, and not before', () => {
    const bytes = frame('returnPath', Buffer.from('abc'));
    const parser = after('receiver');
    for (let at = 0; at < bytes.length - 1; at++) expect(parser.push(bytes.subarray(at, at + 1))).toEqual([]);
    expect(parser.push(bytes.subarray(-1)).map(({ body }) => body.toString())).toEqual(['abc']);
  });
});

describe('a hostile peer', () => {
  it.each<[string, Buffer, RegExp]>([
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /expected a Wherry frame, got 47455420/],
    ['another version', forged((head) => head.writeUInt8(3, 4)), /expected protocol version 5, got 3/],
    ['type 0', forged((head) => head.writeUInt8(0, 5)), /unknown frame type 0/],
    ['an unknown type', forged((head) => head.writeUInt8(99, 5)), /unknown frame type 99/],
    ['a damaged head', Buffer.from(frameHead('ack', 0)).fill(1, 11, 12), /wrong checksum/],
    ['a damaged checksum', Buffer.from(frameHead('ack', 0)).fill(1, 19), /wrong checksum/],
  ])('with %s is refused', (_, bytes, message) => {
    expect(() => after('receiver').push(bytes)).toThrow(message);
    expect(() => after('receiver').push(bytes)).toThrow(expect.objectContaining(refused));
  });

  it.each(types)('cannot announce a %s of other than its size', (type) => {
    const { minBody, maxBody } = frameTypes[type];
    const parser = (): FrameParser => (type === 'hello' ? new FrameParser('sender') : after(peerOf(type)));
    const message = new RegExp(`${type} frame of \\d+ bytes, ${minBody} to ${maxBody} allowed`);
    for (const length of [minBody - 1, maxBody + 1, 2 ** 32 - 1].filter((length) => length >= 0)) {
      // The head alone is enough: nothing of the body has come yet.
      expect(() => parser().push(frameHead(type, length))).toThrow(message);
    }
  });

  it.each(types)('cannot send a %s that is not its to send', (type) => {
    for (const peer of ['sender', 'receiver'] as const) {
      if ((frameTypes[type].from as readonly Peer[]).includes(peer)) continue;
      const head = frameHead(type, frameTypes[type].minBody);
      expect(() => after(peer).push(head)).toThrow(`a ${type} frame from a ${peer}`);
    }
  });

  it('cannot make a receiver hold anything before its hello, nor say hello twice', () => {
    for (const type of ['epoch', 'part', 'end', 'failure'] as const) {
      const head = frameHead(type, frameTypes[type].maxBody);
      expect(() => new FrameParser('sender').push(head)).toThrow(`a ${type} frame before the hello`);
    }
    for (const type of openers) {
      expect(() => after('sender').push(frame(type, Buffer.alloc(frameTypes[type].minBody)))).toThrow(
        `a second ${type}`,
      );
    }
  });

  it('gets typed errors only, whatever it sends', () => {
    fc.assert(
      fc.property(fc.constantFrom<Peer>('sender', 'receiver'), fc.array(fc.uint8Array()), (peer, chunks) => {
        const parser = new FrameParser(peer);
        try {
          for (const chunk of chunks) parser.push(Buffer.from(chunk));
        } catch (error) {
          expect(error).toMatchObject(refused);
        }
      }),
    );
  });

  it('that damages any bit of a head is found out', () => {
    for (let bit = 0; bit < frameHeadBytes * 8; bit++) {
      const head = Buffer.from(frameHead('received', 16, 3, 1));
      head.writeUInt8(head.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(() => after('receiver').push(head)).toThrow(expect.objectContaining(refused));
    }
  });
});
