const twoTo32 = 2 ** 32;

/** Spreads 32 bits over 32 bits (the finaliser of MurmurHash3, which is in the public domain). */
export function mix(value: number): number {
  let bits = value ^ (value >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/**
 * A 32-bit number that depends on nothing but its arguments, so a workload's whole state is its counter.
 * @param n a whole number below 2^53
 */
export function hash(seed: number, n: number): number {
  return mix(mix(seed ^ 0x9e3779b9) ^ mix((n >>> 0) + 0x7f4a7c15) ^ Math.imul(Math.floor(n / twoTo32), 0x2545f491));
}

/** A small, fast generator (xorshift32) for filling pages; the same start gives the same numbers. */
export function generator(start: number): () => number {
  let state = start === 0 ? 1 : start;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
