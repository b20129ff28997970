import { WherryError } from '../../shared/failure';
import { methods, type Method } from '../../shared/settings';

/*
 * Bodies of the two frames that carry a guest, integers big-endian:
 *
 *   epoch:  u32 stream bytes | u64 digest | u16 parts | u8 method | u32 table bytes before the method
 *           | u8 shard of each part | table
 *   part:   u8 method | u16 pages | u32 part bytes before the method | frame          (aux: shard)
 *
 * A method is one more than its index in the settings' table, so that 0 is invalid.
 */
const epochHeadBytes = 4 + 8 + 2 + 1 + 4;
const partHeadBytes = 1 + 2 + 4;

/** What a receiver believes about an epoch until it has checked it. */
export interface EpochHead {
  readonly rawBytes: number;
  readonly digest: bigint;
  /** Shards that contribute a part, in the order they are encoded in. */
  readonly shards: readonly number[];
  readonly method: Method;
  readonly tableBytes: number;
  readonly table: Uint8Array;
}

/** A part as its frame has it; nothing of it has been checked against its epoch. */
export interface PartHead {
  readonly method: Method;
  readonly pages: number;
  readonly rawBytes: number;
  readonly frame: Buffer;
}

/** Body pieces of an epoch frame, in order. */
export function epochBody({ rawBytes, digest, shards, method, tableBytes, table }: EpochHead): readonly Uint8Array[] {
  const head = Buffer.allocUnsafe(epochHeadBytes);
  head.writeUInt32BE(rawBytes, 0);
  head.writeBigUInt64BE(digest, 4);
  head.writeUInt16BE(shards.length, 12);
  head.writeUInt8(methods.indexOf(method) + 1, 14);
  head.writeUInt32BE(tableBytes, 15);
  return [head, Uint8Array.from(shards), table];
}

/** Reads a body at least as long as its frame type's shortest; throws `wire-protocol` for what it cannot be. */
export function parseEpochBody(body: Buffer): EpochHead {
  const parts = body.readUInt16BE(12);
  const tableAt = epochHeadBytes + parts;
  if (tableAt > body.length) throw new WherryError('wire-protocol', `an epoch frame too short for its ${parts} parts`);
  return {
    rawBytes: body.readUInt32BE(0),
    digest: body.readBigUInt64BE(4),
    shards: [...body.subarray(epochHeadBytes, tableAt)],
    method: methodOf(body.readUInt8(14)),
    tableBytes: body.readUInt32BE(15),
    table: body.subarray(tableAt),
  };
}

/** Body pieces of a part frame, in order. */
export function partBody({ method, pages, rawBytes, frame }: PartHead): readonly Buffer[] {
  const head = Buffer.allocUnsafe(partHeadBytes);
  head.writeUInt8(methods.indexOf(method) + 1, 0);
  head.writeUInt16BE(pages, 1);
  head.writeUInt32BE(rawBytes, 3);
  return [head, frame];
}

/** Reads a body at least as long as its frame type's shortest; throws `wire-protocol` for an unknown method. */
export function parsePartBody(body: Buffer): PartHead {
  return {
    method: methodOf(body.readUInt8(0)),
    pages: body.readUInt16BE(1),
    rawBytes: body.readUInt32BE(3),
    frame: body.subarray(partHeadBytes),
  };
}

/** Bytes a part adds on the wire to its frame. */
export const partOverheadBytes = partHeadBytes;

function methodOf(byte: number): Method {
  const method = methods[byte - 1];
  if (method === undefined) throw new WherryError('wire-protocol', `compression method number ${byte}`);
  return method;
}
