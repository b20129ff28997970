// How small a method would make some bytes, without doing it: repeats found as LZ77 finds them, what is left weighed by
// its entropy. AssemblyScript, compiled together with xbzrle.as.ts.

const MOST: i32 = 4096;
const HASH_BITS: i32 = 11;
const MIN_REPEAT: i32 = 4;
/** Bits of a repeat: how far back, how long, how many bytes before it. */
const REPEAT_BITS: f32 = 22;
/** Log2 of the misses in a row after which every second place is looked at, then every third, and so on. */
const PATIENCE_BITS: i32 = 5;
/** Bits a table of frequencies costs for each byte value in it; also what a sample too small to be typical hides. */
const VALUE_BITS: f32 = 0.8;

/** Offset after which bytes with this hash stood last, plus 1. */
const seenAt = memory.data(4096, 16);
const counts = memory.data(1024, 16);
/** n × log2(n) for n up to a page. */
const weights = memory.data(16400, 16);
let ready = false;

function prepare(): void {
  for (let n: i32 = 1; n <= MOST; n++) store<f32>(weights + (n << 2), (n as f32) * Mathf.log2(n as f32));
  ready = true;
}

/** The number of equal bytes at two places, `a` before `b`, up to `end`. */
function repeatLength(a: usize, b: usize, end: usize): i32 {
  let n: i32 = MIN_REPEAT;
  while (b + n + 8 <= end) {
    const differing = load<u64>(a + n) ^ load<u64>(b + n);
    if (differing != 0) return n + ((ctz(differing) as i32) >> 3);
    n += 8;
  }
  while (b + n < end && load<u8>(a + n) == load<u8>(b + n)) n++;
  return n;
}

/**
 * An estimate of the bytes that `length` bytes (at most 4096) take after compression. `regularBits` is what a repeat
 * costs that is as long and as far back as the one before.
 */
export function packedSize(from: usize, length: i32, regularBits: i32): i32 {
  if (!ready) prepare();
  memory.fill(seenAt, 0, 4096);
  memory.fill(counts, 0, 1024);
  const end = from + length;
  let bits: f32 = 0;
  let plain: i32 = 0;
  let distance: i32 = 0;
  let repeat: i32 = 0;
  let misses: i32 = 0;
  let lookAt: i32 = 0;
  for (let at: i32 = 0; at < length;) {
    // As fast compressors do: where nothing repeats, look less and less often.
    if (at >= lookAt && at + MIN_REPEAT <= length) {
      const word = load<u32>(from + at);
      const entry = seenAt + (((word * 0x9e3779b1) >> (32 - HASH_BITS)) << 1);
      let before = (load<u16>(entry) as i32) - 1;
      store<u16>(entry, (at + 1) as u16);
      if (word == load<u32>(from + at - distance) && distance > 0) before = at - distance;
      // One byte on its own and then the distance of the last repeat again is cheaper than another distance.
      const waits = before != at - distance && load<u32>(from + at + 1) == load<u32>(from + at + 1 - distance);
      if (before >= 0 && load<u32>(from + before) == word && !(waits && distance > 0)) {
        const n = repeatLength(from + before, from + at, end);
        const regular = n == repeat && at - before == distance;
        bits += regular ? (regularBits as f32) : REPEAT_BITS;
        distance = at - before;
        repeat = n;
        at += n;
        misses = 0;
        lookAt = at;
        continue;
      }
      lookAt = at + 1 + (misses++ >> PATIENCE_BITS);
    }
    const count = counts + ((load<u8>(from + at) as usize) << 2);
    store<u32>(count, load<u32>(count) + 1);
    plain++;
    at++;
  }
  bits += load<f32>(weights + (plain << 2));
  for (let value: i32 = 0; value < 256; value++) {
    const n = load<u32>(counts + (value << 2));
    if (n != 0) bits += VALUE_BITS - load<f32>(weights + (n << 2));
  }
  return ((bits / 8) as i32) + 1;
}
