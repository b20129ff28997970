import { badFrame, type MethodCodec } from './method';

/** The part as it is. */
export const none: MethodCodec = {
  compress: async (raw) => raw,
  decompress: async (frame, rawBytes) => {
    if (frame.length !== rawBytes) throw badFrame('none', `expected ${rawBytes} bytes, got ${frame.length}`);
    return frame;
  },
};
