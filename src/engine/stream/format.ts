/*
 * The parts of QEMU's migration stream (version 3, `ram` version 4; unchanged from QEMU 7.2 to 10.1) that are
 * understood here. All integers are big-endian.
 */

export const streamMagic = 0x5145564d; // "QEVM"
export const streamVersion = 3;

/** The byte in front of every section. */
export const sectionType = {
  eof: 0x00,
  start: 0x01,
  part: 0x02,
  end: 0x03,
  full: 0x04,
  subsection: 0x05,
  vmDescription: 0x06,
  configuration: 0x07,
  command: 0x08,
  footer: 0x7e,
} as const;

/** Numbers of the commands that may stand between two sections. */
export const command = {
  openReturnPath: 1,
  ping: 2,
  postcopyAdvise: 3,
  switchoverStart: 11,
} as const;

/** Types of the messages the destination sends back on the same socket. */
export const returnType = { shut: 1, pong: 2 } as const;

/** The low 12 bits of a record's first word; the rest is the page's offset in its block. */
export const ramFlag = {
  zero: 0x002,
  memSize: 0x004,
  page: 0x008,
  eos: 0x010,
  continue: 0x020,
  xbzrle: 0x040,
  compressPage: 0x100,
  multifdFlush: 0x200,
} as const;

export const ramSectionName = 'ram';
export const ramSectionVersion = 4;
export const flagMask = 0xfff;
export const wordBytes = 8;

/** Longest name a one-byte length can announce. */
export const maxNameBytes = 255;

const twoTo32 = 2 ** 32;

/** Writes the u64 `offset | flags` and, unless the record continues the previous block, the block's name. */
function putHead(target: Buffer, at: number, offset: number, flag: number, name: Uint8Array | undefined): number {
  const low = offset % twoTo32;
  target.writeUInt32BE((offset - low) / twoTo32, at);
  if (name === undefined) {
    target.writeUInt32BE(low + (flag | ramFlag.continue), at + 4);
    return at + wordBytes;
  }
  target.writeUInt32BE(low + flag, at + 4);
  target[at + wordBytes] = name.length;
  target.set(name, at + wordBytes + 1);
  return at + wordBytes + 1 + name.length;
}

/**
 * Writes what stands before a page's 4096 bytes.
 * @param offset bytes from the start of the block, a multiple of 4096
 * @param name the block's name, or undefined when the block is that of the record before (CONTINUE)
 * @returns the position at which the caller writes the page
 */
export function putPageHead(target: Buffer, at: number, offset: number, name: Uint8Array | undefined): number {
  return putHead(target, at, offset, ramFlag.page, name);
}

/** Writes a whole record for a page in which every byte is `fill`; returns the position after it. */
export function putZero(
  target: Buffer,
  at: number,
  offset: number,
  name: Uint8Array | undefined,
  fill: number,
): number {
  const end = putHead(target, at, offset, ramFlag.zero, name);
  target[end] = fill;
  return end + 1;
}

/** Writes what stands before a delta's bytes; returns the position at which the caller writes them. */
export function putXbzrleHead(
  target: Buffer,
  at: number,
  offset: number,
  name: Uint8Array | undefined,
  deltaBytes: number,
): number {
  const end = putHead(target, at, offset, ramFlag.xbzrle, name);
  target[end] = 1; // the encoding: XBZRLE
  target.writeUInt16BE(deltaBytes, end + 1);
  return end + 3;
}

/** Bytes that `putXbzrleHead` writes. */
export function xbzrleHeadBytes(name: Uint8Array | undefined): number {
  return recordHeadBytes(name) + 3;
}

/** Bytes of a record before its payload (a page's 4096 bytes, a zero page's one). */
export function recordHeadBytes(name: Uint8Array | undefined): number {
  return name === undefined ? wordBytes : wordBytes + 1 + name.length;
}
