import { WherryError } from '../../shared/failure';

/** One way to make a part smaller. */
export interface MethodCodec {
  /** The frame for `raw` at a level that `checkLevel` allows; runs beside this thread where it takes long. */
  compress(raw: Uint8Array, level: number): Promise<Uint8Array>;
  /**
   * What the frame holds: exactly `rawBytes` bytes. Throws `codec` for anything else, and never takes much more memory
   * than `rawBytes` to find out, whatever the frame claims; `rawBytes` itself is for the caller to bound.
   */
  decompress(frame: Uint8Array, rawBytes: number): Promise<Uint8Array>;
}

/** The error for a frame that is not what it should be. */
export function badFrame(method: string, what: string, cause?: unknown): WherryError {
  return new WherryError('codec', `malformed ${method} frame: ${what}`, { cause });
}
