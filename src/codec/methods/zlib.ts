import { deflate, inflate } from 'node:zlib';
import { badFrame, type MethodCodec } from './method';

/** zlib streams (RFC 1950), as QEMU's compress threads make them; levels 0 to 9. */
export const zlib: MethodCodec = {
  compress: (raw, level) =>
    new Promise((resolve, reject) => {
      deflate(raw, { level }, (error, frame) => (error === null ? resolve(frame) : reject(error)));
    }),
  decompress: async (frame, rawBytes) => {
    const raw = await new Promise<Uint8Array>((resolve, reject) => {
      inflate(frame, { maxOutputLength: Math.max(1, rawBytes) }, (error, bytes) => {
        if (error === null) resolve(bytes);
        else reject(badFrame('zlib', error.message, error));
      });
    });
    if (raw.length !== rawBytes) throw badFrame('zlib', `expected ${rawBytes} bytes in it, found ${raw.length}`);
    return raw;
  },
};
