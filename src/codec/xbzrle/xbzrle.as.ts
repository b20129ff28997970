// QEMU's XBZRLE, in AssemblyScript: compiled to WebAssembly with SIMD by scripts/build-wasm.mjs, not by tsc.
// Payload: pairs of (ULEB128 unchanged bytes, ULEB128 changed bytes, the changed bytes' new values); a trailing
// unchanged run is not written. All runs are maximal, so there is exactly one encoding of a page pair.

export { packedSize } from './packed-size.as';
export { pageHash, samePage } from './page-hash.as';

const PAGE: i32 = 4096;
const OVERFLOW: i32 = -1;
const REFUSED: i32 = -1;

/** Bytes compared at once: one bit of a 64-bit mask for each. */
const STRIDE: i32 = 64;

/** Writes n (0 to 16383) at `out`; returns its length, 1 or 2. */
function putLength(out: usize, n: i32): i32 {
  if (n < 128) {
    store<u8>(out, n as u8);
    return 1;
  }
  store<u16>(out, ((n & 0x7f) | 0x80 | ((n >> 7) << 8)) as u16);
  return 2;
}

/** Copies n bytes in steps of 16, so up to 15 bytes after them are written as well: every output has slack for it. */
function copyRun(to: usize, from: usize, n: i32): void {
  for (let i: i32 = 0; i < n; i += 16) v128.store(to + i, v128.load(from + i));
}

/** A bit for each of the 64 bytes, set where the bytes differ. */
function differences(a: v128, b: v128, c: v128, d: v128): u64 {
  const zero = i8x16.splat(0);
  const low = (i8x16.bitmask(i8x16.ne(a, zero)) as u64) | ((i8x16.bitmask(i8x16.ne(b, zero)) as u64) << 16);
  const high = (i8x16.bitmask(i8x16.ne(c, zero)) as u64) | ((i8x16.bitmask(i8x16.ne(d, zero)) as u64) << 16);
  return low | (high << 32);
}

/**
 * Encodes what changed from `base` to `page` at `out` (4096 bytes and 16 of slack).
 * Returns the length, 0 if nothing changed, -1 if it does not fit: the rules of when it does not are QEMU's own, which
 * ask for two free bytes at the start of each pair, even when only an unchanged tail is left.
 */
export function encode(base: usize, page: usize, out: usize): i32 {
  let written: i32 = 0;
  let start: i32 = 0; // of the run that is open
  let same = true; // what kind of run that is
  for (let at: i32 = 0; at < PAGE; at += STRIDE) {
    const a = v128.xor(v128.load(base + at), v128.load(page + at));
    const b = v128.xor(v128.load(base + at, 16), v128.load(page + at, 16));
    const c = v128.xor(v128.load(base + at, 32), v128.load(page + at, 32));
    const d = v128.xor(v128.load(base + at, 48), v128.load(page + at, 48));
    if (same && !v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
    // Bits where the open run's kind ends: it is inverted each time the kind changes.
    let ends = differences(a, b, c, d);
    if (!same) ends = ~ends;
    while (ends != 0) {
      const bit = ctz(ends);
      const end: i32 = at + (bit as i32);
      if (same) {
        written += putLength(out + written, end - start);
        if (written + 2 > PAGE) return OVERFLOW;
      } else {
        const length = end - start;
        written += putLength(out + written, length);
        if (written + length > PAGE) return OVERFLOW;
        copyRun(out + written, page + start, length);
        written += length;
        if (written + 2 > PAGE) return OVERFLOW;
      }
      start = end;
      same = !same;
      ends = ~ends & (~(0 as u64) << bit);
    }
  }
  if (same) return written;
  const length = PAGE - start;
  written += putLength(out + written, length);
  if (written + length > PAGE) return OVERFLOW;
  copyRun(out + written, page + start, length);
  return written + length;
}

/** Reads a length at `at`: the value in the low bits, its own size above bit 16; -1 if a second byte has its top bit. */
function getLength(at: usize): i32 {
  const first = load<u8>(at) as i32;
  if (first < 128) return first | (1 << 16);
  const second = load<u8>(at, 1) as i32;
  if (second >= 128) return REFUSED;
  return (first & 0x7f) | (second << 7) | (2 << 16);
}

/**
 * Applies `length` bytes of payload to `page` in place. Returns 0, or -1 for what QEMU refuses: fewer than two bytes
 * where a run must start, an overlong length, no unchanged bytes but at the start, no changed bytes, a run past the
 * end of the page or of the payload. After -1 the page is spoilt.
 */
export function decode(page: usize, payload: usize, length: i32): i32 {
  let read: i32 = 0;
  let at: i32 = 0;
  while (read < length) {
    if (length - read < 2) return REFUSED;
    const same = getLength(payload + read);
    if (same < 0 || ((same & 0xffff) == 0 && read != 0)) return REFUSED;
    read += same >> 16;
    at += same & 0xffff;
    if (at > PAGE || length - read < 2) return REFUSED;
    const changed = getLength(payload + read);
    const n = changed & 0xffff;
    if (changed < 0 || n == 0) return REFUSED;
    read += changed >> 16;
    if (at + n > PAGE || read + n > length) return REFUSED;
    if (n <= 16 && at + 16 <= PAGE) {
      for (let i: i32 = 0; i < n; i++) store<u8>(page + at + i, load<u8>(payload + read + i));
    } else {
      memory.copy(page + at, payload + read, n);
    }
    read += n;
    at += n;
  }
  return 0;
}

/** Copies a page; the two may be one, but must not overlap otherwise. */
export function copyPage(to: usize, from: usize): void {
  memory.copy(to, from, PAGE);
}
