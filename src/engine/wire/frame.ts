import crc32 from 'crc-32';
import { WherryError } from '../../shared/failure';

/*
 * A frame on the wire, all integers big-endian:
 *
 *     0        4     5      6      8       12       16      20
 *     | 'WHRY' | ver | type | aux  | epoch | length | crc32 | body …
 *
 * crc32 covers the sixteen bytes before it, so that a damaged length is refused before anything is buffered; the
 * body's integrity is the epoch digest's business. Type 0 is invalid on purpose.
 */

export const frameHeadBytes = 20;
const magic = 0x57485259;
const version = 5;

/** Who may send a frame. */
export type Peer = 'sender' | 'receiver';

/**
 * Frame types with who sends them and the shortest and longest body each may have, bytes; the one table of it all. Those
 * that are `kept` are counted on both ends, and written again on another connection if they were not taken.
 */
export const frameTypes = {
  /** A token and JSON `Hello`, the first frame of a sender's first channel and only that. */
  hello: { id: 1, from: ['sender'], minBody: 34, maxBody: 4096 },
  /** Accepted: JSON `Welcome`, with what the sender's further channels have to show. */
  welcome: { id: 2, from: ['receiver'], minBody: 2, maxBody: 4096 },
  /** An epoch's head and order table. */
  epoch: { id: 3, from: ['sender'], kept: true, minBody: 19, maxBody: 8 * 2 ** 20 },
  /** One shard's part of an epoch; `aux` is the shard. */
  part: { id: 4, from: ['sender'], kept: true, minBody: 7, maxBody: 2 ** 20 + 64 * 1024 },
  /** Everything up to and with `epoch` has been written to the destination. */
  ack: { id: 5, from: ['receiver'], kept: true, minBody: 0, maxBody: 0 },
  /**
   * Bytes taken of this connection so far, u64, and kept frames of this channel, u64; said again and again as a sign of
   * life, also before the welcome. `aux` is 1 while nothing more is taken because the destination is behind.
   */
  received: { id: 6, from: ['receiver'], minBody: 16, maxBody: 16 },
  /** Bytes of the destination's return path. */
  returnPath: { id: 7, from: ['receiver'], kept: true, minBody: 1, maxBody: 64 * 1024 },
  /** The source's stream has ended. */
  end: { id: 8, from: ['sender'], kept: true, minBody: 0, maxBody: 0 },
  /** The destination closed its side. */
  returnEnd: { id: 9, from: ['receiver'], kept: true, minBody: 0, maxBody: 0 },
  /** JSON `Failure`; nothing follows. */
  failure: { id: 10, from: ['sender', 'receiver'], minBody: 2, maxBody: 64 * 1024 },
  /** A secret and JSON `Join`, the first frame of a sender's further channel, and in the place of a lost connection. */
  join: { id: 11, from: ['sender'], minBody: 34, maxBody: 4096 },
  /** The channel is taken; kept frames of it that have come so far, u64, and bytes of the next one, u64. */
  joined: { id: 12, from: ['receiver'], minBody: 16, maxBody: 16 },
  /** Kept frames of the receiver's that the sender has taken, u64. */
  taken: { id: 13, from: ['sender'], minBody: 8, maxBody: 8 },
  /** A secret and JSON `Leave`, the first frame of a connection that ends the session: its sender will not come back. */
  leave: { id: 14, from: ['sender'], minBody: 34, maxBody: 4096 },
  /** `Layout` from the next epoch on, with a bit for each page of a cache that shrinks (64 GiB at most); sent when every epoch before has been acknowledged. */
  layout: { id: 16, from: ['sender'], kept: true, minBody: 5, maxBody: 2 ** 21 + 4096 },
  /** The layout is in force. */
  laidOut: { id: 17, from: ['receiver'], kept: true, minBody: 0, maxBody: 0 },
  /** A token and JSON `ControlOpening`, the first frame of a link that asks about the destination instead of streaming. */
  control: { id: 32, from: ['sender'], minBody: 34, maxBody: 4096 },
  /** JSON `ControlRequest`; `epoch` is its number. */
  request: { id: 33, from: ['sender'], minBody: 2, maxBody: 4096 },
  /** JSON `ControlReply` to the request of the same number. */
  reply: { id: 34, from: ['receiver'], minBody: 2, maxBody: 16 * 1024 },
  /** JSON `ControlEvent`. */
  event: { id: 35, from: ['receiver'], minBody: 2, maxBody: 16 * 1024 },
  /** A token and nothing else, the first frame of a link that is to be tested; see `wire/probe`. */
  probe: { id: 48, from: ['sender'], minBody: 32, maxBody: 32 },
  /** What time is it there? `epoch` is the question's number. */
  ping: { id: 49, from: ['sender'], minBody: 0, maxBody: 0 },
  /** The answer of the same number: milliseconds since the epoch, f64. */
  pong: { id: 50, from: ['receiver'], minBody: 8, maxBody: 8 },
  /** Bytes that mean nothing, to see how fast they arrive. */
  load: { id: 51, from: ['sender'], minBody: 1, maxBody: 4096 },
  /** Bytes of this connection that have arrived, u64, and when by the receiver's stopwatch, ms, f64. `aux` is 1 for the last. */
  arrived: { id: 52, from: ['receiver'], minBody: 16, maxBody: 16 },
  /** That was all of the load. */
  loaded: { id: 53, from: ['sender'], minBody: 0, maxBody: 0 },
} as const satisfies Record<string, FrameRule>;

interface FrameRule {
  readonly id: number;
  readonly from: readonly Peer[];
  readonly minBody: number;
  readonly maxBody: number;
  readonly kept?: true;
}

/** What a frame is, by its name in the table. */
export type FrameType = keyof typeof frameTypes;

/** First frames of a sender's links, and nothing but that. */
export const openers: ReadonlySet<FrameType> = new Set(['hello', 'join', 'control', 'leave', 'probe']);

const typeById = new Map<number, FrameType>(
  (Object.keys(frameTypes) as FrameType[]).map((type) => [frameTypes[type].id, type]),
);

/** A frame whose head has been checked; its body has not. */
export interface Frame {
  readonly type: FrameType;
  /** Meaning depends on the type; 0 where unused. */
  readonly aux: number;
  readonly epoch: number;
  readonly body: Buffer;
}

/** Whether frames of this type are counted, and sent again if they were not taken. */
export function isKept(type: FrameType): boolean {
  const { kept }: FrameRule = frameTypes[type];
  return kept === true;
}

/** A body that is nothing but counts, u64 each. */
export function countsBody(...counts: readonly number[]): Buffer {
  const body = Buffer.allocUnsafe(8 * counts.length);
  counts.forEach((count, at) => body.writeBigUInt64BE(BigInt(count), 8 * at));
  return body;
}

/** One of a body's counts; what is too large for a number is larger than anything that is counted. */
export function countAt(body: Buffer, index: number): number {
  return Number(body.readBigUInt64BE(8 * index));
}

/** The twenty bytes before a body of `length` bytes. */
export function frameHead(type: FrameType, length: number, epoch = 0, aux = 0): Buffer {
  const head = Buffer.allocUnsafe(frameHeadBytes);
  head.writeUInt32BE(magic, 0);
  head.writeUInt8(version, 4);
  head.writeUInt8(frameTypes[type].id, 5);
  head.writeUInt16BE(aux, 6);
  head.writeUInt32BE(epoch, 8);
  head.writeUInt32BE(length, 12);
  head.writeInt32BE(crc32.buf(head.subarray(0, 16)), 16);
  return head;
}

/** A head as read from the wire; throws `wire-protocol` naming what was refused. */
export function parseFrameHead(head: Buffer): { type: FrameType; aux: number; epoch: number; length: number } {
  if (head.readUInt32BE(0) !== magic) throw refused(`expected a Wherry frame, got ${head.toString('hex', 0, 4)}`);
  if (head.readInt32BE(16) !== crc32.buf(head.subarray(0, 16))) throw refused('frame head with a wrong checksum');
  const given = head.readUInt8(4);
  if (given !== version) throw refused(`expected protocol version ${version}, got ${given}`);
  const type = typeById.get(head.readUInt8(5));
  if (type === undefined) throw refused(`unknown frame type ${head.readUInt8(5)}`);
  const length = head.readUInt32BE(12);
  const { minBody, maxBody } = frameTypes[type];
  if (length < minBody || length > maxBody) {
    throw refused(`${type} frame of ${length} bytes, ${minBody} to ${maxBody} allowed`);
  }
  return { type, aux: head.readUInt16BE(6), epoch: head.readUInt32BE(8), length };
}

/** A kept frame of which the connection brought no more than the beginning. */
export interface Unfinished {
  readonly head: ReturnType<typeof parseFrameHead>;
  /** What has come of its body. */
  readonly body: Buffer;
}

/**
 * Cuts a peer's byte stream into frames, whatever the chunks. No length is believed before its head has been checked,
 * and nothing is kept of a frame that is not the peer's to send: a stranger cannot make us hold more than a hello.
 */
export class FrameParser {
  #chunks: Buffer[] = [];
  #held = 0;
  #head: ReturnType<typeof parseFrameHead> | undefined;
  #first = true;

  constructor(private readonly peer: Peer) {}

  /** All frames completed by this chunk; bodies are views where one chunk holds them. Throws `wire-protocol`. */
  push(chunk: Buffer): readonly Frame[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const frames: Frame[] = [];
    for (;;) {
      if (this.#head === undefined) {
        if (this.#held < frameHeadBytes) return frames;
        this.#head = parseFrameHead(this.#take(frameHeadBytes));
        this.#admit(this.#head.type);
      }
      if (this.#held < this.#head.length) return frames;
      const { type, aux, epoch, length } = this.#head;
      frames.push({ type, aux, epoch, body: this.#take(length) });
      this.#head = undefined;
    }
  }

  /** The frame that is half here, where its rest can come on another connection. */
  get unfinished(): Unfinished | undefined {
    if (this.#head === undefined || !isKept(this.#head.type)) return undefined;
    return { head: this.#head, body: Buffer.concat(this.#chunks) };
  }

  /** What comes next is the rest of this one. Throws `wire-protocol` for a peer that goes on before it knows. */
  goOn(unfinished: Unfinished): void {
    if (this.#head !== undefined || this.#held > 0) throw refused('a frame before the answer to a join');
    this.#head = unfinished.head;
    this.#chunks = [unfinished.body];
    this.#held = unfinished.body.length;
  }

  #admit(type: FrameType): void {
    const { from }: FrameRule = frameTypes[type];
    if (!from.includes(this.peer)) throw refused(`a ${type} frame from a ${this.peer}`);
    const opening = this.#first && this.peer === 'sender';
    this.#first = false;
    const opens = openers.has(type);
    if (opening && !opens) throw refused(`a ${type} frame before the hello`);
    if (!opening && opens) throw refused(`a second ${type}`);
  }

  /** Takes `n` bytes off the front: a view when the first chunk holds them, one copy across a seam. */
  #take(n: number): Buffer {
    this.#held -= n;
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= n) {
      if (first.length === n) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(n);
      return first.subarray(0, n);
    }
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = whole.length > n ? [whole.subarray(n)] : [];
    return whole.subarray(0, n);
  }
}

function refused(message: string): WherryError {
  return new WherryError('wire-protocol', message);
}
