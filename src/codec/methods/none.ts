import { badFrame, type MethodCodec } from './method';

/** The part as it is. */
export const none: MethodCodec = {
  compress: (raw) => Promise.resolve(raw),
  decompress: (frame, rawBytes) =>
    frame.length === rawBytes
      ? Promise.resolve(frame)
      : Promise.reject(badFrame('none', `expected ${rawBytes} bytes, got ${frame.length}`)),
};
