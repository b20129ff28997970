/*
 * A part: what one shard contributes to one epoch, before its method.
 *
 *     u32 little-endian, bytes of ops | ops | deltas | full pages
 *
 * One op a page, in order: an opcode, then numbers as below. Deltas and full pages follow in the order of their ops.
 * The receiver keeps an array of slots per shard and does what it is told: no cache policy is replayed.
 */

/** Opcodes; 0 is invalid. */
export const op = {
  /** A full page, kept nowhere. */
  full: 1,
  /** Slot: a full page, also stored in that slot. */
  fullStore: 2,
  /** Slot, length of the delta: XBZRLE against that slot, which then holds the new page. */
  delta: 3,
  /** Slot: the very page in that slot. */
  unchanged: 4,
  /** Two slots: the page in the first one, also stored in the second. */
  copy: 5,
} as const;

/** Bytes of the length in front of the ops. */
export const partHeaderBytes = 4;

/** Most bytes of one op: opcode and two slots below 2^21. */
export const opBytesMax = 1 + 3 + 3;

/** Most bytes of a number in an op. */
const numberBytesMax = 3;

/** Writes a number below 2^21, seven bits a byte, low ones first; returns where the next byte goes. */
export function putNumber(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  let next = at;
  while (rest >= 0x80) {
    target[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[next++] = rest;
  return next;
}

/** Reads numbers from `at` to `end`; a number that does not end in time reads as undefined. */
export class NumberReader {
  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly end: number,
  ) {}

  get done(): boolean {
    return this.at === this.end;
  }

  next(): number | undefined {
    const stop = Math.min(this.end, this.at + numberBytesMax);
    let value = 0;
    for (let shift = 0; this.at < stop; shift += 7) {
      const byte = this.bytes[this.at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  }
}
