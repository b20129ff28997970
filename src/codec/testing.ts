import type { CachePolicy } from './page-cache';

/*
 * Page accesses to try cache policies with: for their tests and for `bench/cache.ts`. Each is a list of page keys, the
 * same on every run. Sizes are in pages of the cache that it is meant for.
 */

/** A set of pages swept in the same order again and again, as a source's dirty bitmap is. */
export function cyclicSweep(pages: number, sweeps: number): Float64Array {
  return Float64Array.from({ length: pages * sweeps }, (_, i) => i % pages);
}

/** Pages at random, all equally likely. */
export function evenly(pages: number, accesses: number): Float64Array {
  const next = noise();
  return Float64Array.from({ length: accesses }, () => Math.floor(next() * pages));
}

/** Pages at random, the n-th most popular one with weight 1/n^exponent, popularity scattered over the addresses. */
export function zipf(pages: number, accesses: number, exponent = 1): Float64Array {
  const next = noise();
  const sums = new Float64Array(pages);
  for (let i = 0, sum = 0; i < pages; i++) sums[i] = sum += 1 / (i + 1) ** exponent;
  const total = sums[pages - 1] as number;
  const rank = (at: number): number => {
    let low = 0;
    for (let high = pages - 1; low < high;) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] as number) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return Float64Array.from({ length: accesses }, () => (rank(next() * total) * 7919) % pages);
}

/** A hot set that moves on through memory: each page is used a few times over a while and then never again. */
export function movingSet(pages: number, accesses: number, usesEach = 6): Float64Array {
  const next = noise();
  return Float64Array.from({ length: accesses }, (_, i) => Math.floor(i / usesEach) + Math.floor(next() * pages));
}

/** The share of accesses that a policy finds in its cache, after the first `warmUp` ones. */
export function hitRate(policy: CachePolicy, accesses: Float64Array, warmUp = 0): number {
  let hits = 0;
  accesses.forEach((key, i) => {
    const hit = policy.lookup(key) !== undefined;
    if (!hit) policy.insert(key);
    else if (i >= warmUp) hits++;
  });
  return hits / (accesses.length - warmUp);
}

/** The most that any policy could find: the page needed last goes first (Belady 1966). */
export function bestHitRate(capacity: number, accesses: Float64Array, warmUp = 0): number {
  const end = accesses.length;
  const uses = nextUses(accesses);
  const pageOf = (use: number): number => (use < end ? (accesses[use] as number) : use - end);
  const held = new Map<number, number>(); // page to its next use
  const heap = new MaxHeap(); // next uses, overtaken ones among them
  let hits = 0;
  accesses.forEach((key, i) => {
    if (held.has(key)) hits += Number(i >= warmUp);
    else if (held.size === capacity) {
      let use = heap.pop();
      while (held.get(pageOf(use)) !== use) use = heap.pop();
      held.delete(pageOf(use));
    }
    held.set(key, uses[i] as number);
    heap.push(uses[i] as number);
  });
  return hits / (end - warmUp);
}

/** When each access's page is used again; a page never used again gets a time of its own after the end. */
function nextUses(accesses: Float64Array): Float64Array {
  const seen = new Map<number, number>();
  const uses = new Float64Array(accesses.length);
  for (let i = accesses.length - 1; i >= 0; i--) {
    const key = accesses[i] as number;
    uses[i] = seen.get(key) ?? accesses.length + key;
    seen.set(key, i);
  }
  return uses;
}

class MaxHeap {
  private readonly items: number[] = [];

  push(item: number): void {
    let at = this.items.length;
    for (; at > 0; at = (at - 1) >> 1) {
      const parent = this.items[(at - 1) >> 1] as number;
      if (parent >= item) break;
      this.items[at] = parent;
    }
    this.items[at] = item;
  }

  /** The largest; the heap must not be empty. */
  pop(): number {
    const top = this.items[0] as number;
    const item = this.items.pop() as number;
    const size = this.items.length;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && (this.items[child + 1] as number) > (this.items[child] as number)) child++;
      if ((this.items[child] as number) <= item) break;
      this.items[at] = this.items[child] as number;
      at = child;
    }
    if (size > 0) this.items[at] = item;
    return top;
  }
}

/** Numbers from 0 to below 1, the same on every run. */
function noise(): () => number {
  let state = 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
