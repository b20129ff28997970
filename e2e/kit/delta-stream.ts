import { StreamParser } from '../../src/engine/stream/parser';
import { StreamSerialiser } from '../../src/engine/stream/serialise';
import { ramFlag, recordHeadBytes, sectionType } from '../../src/engine/stream/format';
import { ramSectionEnd } from '../../src/engine/stream/write';

/** A delta for a page of a RAM block, as QEMU's XBZRLE record carries it. */
export interface PageDelta {
  readonly block: string;
  /** Bytes from the block's start. */
  readonly offset: number;
  readonly payload: Uint8Array;
}

/** A captured migration stream with delta records put behind the last page of its `ram` sections. */
export function withDeltas(stream: Buffer, deltas: readonly PageDelta[]): Buffer {
  const { ram, rest } = splitAfterRam(stream);
  const end = ramSectionEnd(ram.readUInt32BE(ram.length - 4));
  const pages = ram.subarray(0, ram.length - end.length);
  if (!ram.subarray(pages.length).equals(end)) throw new Error('ram does not end with EOS and a footer');
  return Buffer.concat([pages, ...deltas.map(deltaRecord), end, rest]);
}

/** The stream up to the footer of ram's END, and what follows. */
function splitAfterRam(stream: Buffer): { readonly ram: Buffer; readonly rest: Buffer } {
  let length = 0;
  let ramBytes: number | undefined;
  const serialiser = new StreamSerialiser((run) => (length += run.length));
  const parser = new StreamParser({
    block: (index, name) => serialiser.block(index, name),
    page: (block, offset, named, page) => serialiser.page(block, offset, named, page),
    zero: (block, offset, named, fill) => serialiser.zero(block, offset, named, fill),
    raw: (bytes) => serialiser.raw(bytes),
    opaque: (reason) => {
      if (reason === 'ram-end') ramBytes = length;
    },
  });
  parser.push(stream);
  if (ramBytes === undefined || stream[ramBytes] !== sectionType.full) throw new Error('no device state after ram');
  return { ram: stream.subarray(0, ramBytes), rest: stream.subarray(ramBytes) };
}

function deltaRecord({ block, offset, payload }: PageDelta): Buffer {
  const name = Buffer.from(block);
  const head = Buffer.alloc(recordHeadBytes(name) + 3);
  head.writeBigUInt64BE(BigInt(offset + ramFlag.xbzrle));
  head[8] = name.length;
  head.set(name, 9);
  head[9 + name.length] = 1; // the encoding: XBZRLE
  head.writeUInt16BE(payload.length, 10 + name.length);
  return Buffer.concat([head, payload]);
}
