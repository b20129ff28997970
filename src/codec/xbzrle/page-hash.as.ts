// Tells pages apart by their content. AssemblyScript, compiled together with xbzrle.as.ts.

const PAGE: i32 = 4096;
const P1: u64 = 0x9e3779b185ebca87;
const P2: u64 = 0xc2b2ae3d27d4eb4f;

function mixed(hash: u64, word: u64): u64 {
  return rotl<u64>(hash ^ (word * P2), 31) * P1;
}

/** 53 bits of a 64-bit hash of a page, never 0: what a JavaScript number holds exactly. */
export function pageHash(page: usize): f64 {
  let a: u64 = P1;
  let b: u64 = P2;
  let c: u64 = P1 ^ P2;
  let d: u64 = P1 + P2;
  for (let at: i32 = 0; at < PAGE; at += 32) {
    a = mixed(a, load<u64>(page + at));
    b = mixed(b, load<u64>(page + at, 8));
    c = mixed(c, load<u64>(page + at, 16));
    d = mixed(d, load<u64>(page + at, 24));
  }
  let hash = mixed(mixed(mixed(mixed(P1, a), b), c), d);
  hash = (hash ^ (hash >> 29)) * P2;
  return ((hash >> 11) | 1) as f64;
}

/** Whether two pages hold the same bytes. */
export function samePage(a: usize, b: usize): bool {
  for (let at: i32 = 0; at < PAGE; at += 32) {
    const first = v128.xor(v128.load(a + at), v128.load(b + at));
    const second = v128.xor(v128.load(a + at, 16), v128.load(b + at, 16));
    if (v128.any_true(v128.or(first, second))) return false;
  }
  return true;
}
