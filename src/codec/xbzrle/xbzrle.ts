import { WherryError } from '../../shared/failure';
import { xbzrleWasm } from './generated';

/** What `xbzrle.as.ts` exports; addresses are byte offsets in its memory. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  encode(base: number, page: number, out: number): number;
  decode(page: number, payload: number, length: number): number;
  copyPage(to: number, from: number): void;
  packedSize(from: number, length: number, regularBits: number): number;
  pageHash(page: number): number;
  samePage(a: number, b: number): number;
}

const wasmPageBytes = 65_536;

/** What one memory can hold, less its first page. */
export const arenaBytesMax = 2 ** 32 - wasmPageBytes;

let compiled: WebAssembly.Module | undefined;

/**
 * The XBZRLE codec and the memory it works in: pages and cache slots live here, so that no byte is copied to encode or
 * decode. Memory starts at 0 for the caller too, but nothing may lie below `arenaStart`.
 */
export class XbzrleArena {
  readonly arenaStart = wasmPageBytes;
  private readonly exports: Exports;
  private view: Uint8Array;

  /** Throws `worker` when there is no memory for it. */
  constructor(bytes: number) {
    compiled ??= new WebAssembly.Module(Buffer.from(xbzrleWasm, 'base64'));
    this.exports = new WebAssembly.Instance(compiled).exports as unknown as Exports;
    this.view = new Uint8Array(this.exports.memory.buffer);
    this.reserve(bytes);
  }

  /** Makes sure that `bytes` bytes from `arenaStart` exist; views taken before are stale afterwards. */
  reserve(bytes: number): void {
    const missing = this.arenaStart + bytes - this.view.length;
    if (missing <= 0) return;
    try {
      this.exports.memory.grow(Math.ceil(missing / wasmPageBytes));
    } catch (error) {
      throw new WherryError('worker', `no memory for ${bytes} bytes of pages: ${String(error)}`, { cause: error });
    }
    this.view = new Uint8Array(this.exports.memory.buffer);
  }

  /** A smaller memory with what lies at `from` in this one, `kept` bytes, at the same place: none ever shrinks. */
  smaller(bytes: number, from: number, kept: number): XbzrleArena {
    const arena = new XbzrleArena(bytes);
    arena.bytes(from, kept).set(this.bytes(from, kept));
    return arena;
  }

  /** A window on the memory, good until the next `reserve`. */
  bytes(at: number, length: number): Uint8Array {
    return this.view.subarray(at, at + length);
  }

  /** Writes what changed from `base` to `page` at `out`; the length, 0 for no change, undefined if it does not fit. */
  encode(base: number, page: number, out: number): number | undefined {
    const length = this.exports.encode(base, page, out);
    return length < 0 ? undefined : length;
  }

  /** Applies a payload to a page in place; false if it is malformed, and the page is spoilt then. */
  decode(page: number, payload: number, length: number): boolean {
    return this.exports.decode(page, payload, length) === 0;
  }

  copyPage(to: number, from: number): void {
    this.exports.copyPage(to, from);
  }

  /**
   * About how many of these bytes, at most 4096, a method would leave; found in a few µs.
   * @param regularBits what the method needs for a repeat that is just like the one before
   */
  packedSize(from: number, length: number, regularBits: number): number {
    return this.exports.packedSize(from, length, regularBits);
  }

  /** A hash of a page's content, a safe integer above 0. */
  pageHash(page: number): number {
    return this.exports.pageHash(page);
  }

  samePage(a: number, b: number): boolean {
    return this.exports.samePage(a, b) !== 0;
  }
}

/** Bytes that must be free behind a delta's start: a page, and what the encoder's last step may write past it. */
export const deltaRoomBytes = 4096 + 16;
