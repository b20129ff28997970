import { createRequire } from 'node:module';
import { badFrame, type MethodCodec } from './method';
import { boundsOf, maxRawBytes } from './zstd-frame';

/** What the addon exports. */
interface Addon {
  compress(data: Buffer, level: number): Promise<Buffer>;
  decompress(frame: Buffer): Promise<Buffer>;
}

// The package's own entry drops the level on its way to this function (1.2.2: every level came out as 3), so the addon
// is called directly; by `require`, because a bundler would try to bundle the binary.
const native = createRequire(__filename)('@mongodb-js/zstd/bindings') as Addon;

/** The highest level whose blocks are never split, so that its frames always keep the bound below. */
const plainLevel = 15;

/** Zstandard frames (RFC 8878), one to a part; levels 1 to 19. */
export const zstd: MethodCodec = {
  compress: async (raw, level) => {
    const data = asBuffer(raw);
    const frame = await native.compress(data, level);
    const fits = boundsOf(frame).most <= maxRawBytes(raw.length);
    return fits ? frame : native.compress(data, plainLevel);
  },
  decompress: async (frame, rawBytes) => {
    const { least, most } = boundsOf(frame);
    if (least > rawBytes || most < rawBytes) {
      throw badFrame('zstd', `expected ${rawBytes} bytes in it, its blocks hold ${least} to ${most}`);
    }
    if (most > maxRawBytes(rawBytes)) {
      throw badFrame('zstd', `blocks for up to ${most} bytes are too many for ${rawBytes}`);
    }
    const raw = await native.decompress(asBuffer(frame)).catch((error: unknown) => {
      throw badFrame('zstd', String(error), error);
    });
    if (raw.length !== rawBytes) throw badFrame('zstd', `expected ${rawBytes} bytes in it, found ${raw.length}`);
    return raw;
  },
};

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
