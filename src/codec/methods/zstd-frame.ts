import { badFrame } from './method';

/*
 * What a Zstandard frame will decompress to, read from its headers alone (RFC 8878, section 3.1.1). The library at hand
 * decompresses whole buffers without a limit, and its frames do not carry their content's size, so the bound comes
 * from the blocks: a raw or repeated one says its size, a compressed one never holds more than 128 KiB.
 */

const magic = 0xfd2fb528;
const blockBytesMax = 128 * 1024;
const blockType = { raw: 0, repeated: 1, compressed: 2 } as const;

/** What level 19 asks for; more would only be memory taken at the peer's word. */
const windowBytesMax = 8 * 2 ** 20;

/**
 * High levels split blocks where the statistics change: 9 times was the most seen in samples of programs, text and
 * noise. So a frame may have this many times the blocks that its content needs, and no more.
 */
const splitsMax = 16;

/** How many bytes a frame's content may have. */
export interface FrameBounds {
  readonly least: number;
  readonly most: number;
}

/** The most that a frame with `rawBytes` of content may look like holding, by its blocks. */
export function maxRawBytes(rawBytes: number): number {
  return (1 + Math.ceil(rawBytes / blockBytesMax)) * splitsMax * blockBytesMax;
}

/** Walks the headers of a frame; throws `codec` unless it is exactly one well-formed frame with a sane window. */
export function boundsOf(frame: Uint8Array): FrameBounds {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const header = readHeader(view);
  let at = header.bytes;
  let least = 0;
  let most = 0;
  for (let last = false; !last;) {
    if (at + 3 > frame.length) throw badFrame('zstd', `cut in a block's header at ${at}`);
    const word = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    const type = (word >> 1) & 3;
    const size = word >> 3;
    if (type > blockType.compressed || size > blockBytesMax)
      throw badFrame('zstd', `no block of type ${type}, ${size}`);
    least += type === blockType.compressed ? 0 : size;
    most += type === blockType.compressed ? blockBytesMax : size;
    at += 3 + (type === blockType.repeated ? 1 : size);
    last = (word & 1) === 1;
  }
  at += header.checksumBytes;
  if (at !== frame.length) throw badFrame('zstd', `ends at ${at} of ${frame.length} bytes`);
  const { contentBytes } = header;
  if (contentBytes === undefined) return { least, most };
  if (contentBytes < least || contentBytes > most) throw badFrame('zstd', `cannot hold ${contentBytes} bytes`);
  return { least: contentBytes, most };
}

interface FrameHeader {
  readonly bytes: number;
  readonly checksumBytes: number;
  readonly contentBytes: number | undefined;
}

function readHeader(view: DataView): FrameHeader {
  if (view.byteLength < 6 || view.getUint32(0, true) !== magic) throw badFrame('zstd', 'no magic number');
  const descriptor = view.getUint8(4);
  const single = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x08) !== 0) throw badFrame('zstd', 'reserved bit set');
  if ((descriptor & 0x03) !== 0) throw badFrame('zstd', 'wants a dictionary');
  const flag = descriptor >> 6;
  const sizeBytes = flag === 0 ? Number(single) : 2 ** flag;
  const sizeAt = single ? 5 : 6;
  if (view.byteLength < sizeAt + sizeBytes) throw badFrame('zstd', 'cut in its header');
  const contentBytes = readContentBytes(view, sizeAt, sizeBytes);
  const windowBytes = (single ? contentBytes : undefined) ?? readWindowBytes(view.getUint8(5));
  if (windowBytes > windowBytesMax) throw badFrame('zstd', `window ${windowBytes} above ${windowBytesMax} bytes`);
  return { bytes: sizeAt + sizeBytes, checksumBytes: (descriptor & 0x04) !== 0 ? 4 : 0, contentBytes };
}

function readWindowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function readContentBytes(view: DataView, at: number, bytes: number): number | undefined {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  if (bytes === 4) return view.getUint32(at, true);
  return bytes === 8 ? Number(view.getBigUint64(at, true)) : undefined;
}
