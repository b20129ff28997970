import { compact, keep, noSlots, type KeptSlots } from './compaction';

/** Marks the end of the list of slots. */
const none = -1;

/** Which page lies in which slot of a shard's XBZRLE cache, and which page has to go. */
export interface CachePolicy {
  /** The slot that holds this page, which counts as a use of it; undefined if none does. */
  lookup(key: number): number | undefined;
  /** A slot for a page that has none: a fresh one, in ascending order, or that of a page given up for it. */
  insert(key: number): number;
  /** Counts as a use of the page in this slot, which must hold one. */
  touch(slot: number): void;
  /**
   * Goes on with another capacity, at least 1. Where pages have to be given up for it, they are those that would have
   * been next, and the others move together as `compact` says: returns which those are, else nothing.
   */
  resize(capacity: number): KeptSlots | undefined;
}

/**
 * Least recently used first to go. Only the sender needs it: what it decides travels as slot numbers. A list threaded
 * through typed arrays, because moving a key to the end of a Map leaves a hole each time, and finding the oldest key
 * then walks over them.
 */
export class PageCache implements CachePolicy {
  private readonly slots = new Map<number, number>();
  private keys: Float64Array;
  private older: Int32Array;
  private newer: Int32Array;
  private oldest = none;
  private newest = none;

  /** `capacity` in pages, at least 1. */
  constructor(private capacity: number) {
    this.keys = new Float64Array(capacity);
    this.older = new Int32Array(capacity);
    this.newer = new Int32Array(capacity);
  }

  lookup(key: number): number | undefined {
    const slot = this.slots.get(key);
    if (slot !== undefined) this.touch(slot);
    return slot;
  }

  touch(slot: number): void {
    if (slot === this.newest) return;
    this.unlink(slot);
    this.append(slot);
  }

  /** As `CachePolicy`; a page that is not `kept` counts as used longest ago, so it goes first unless it is used again. */
  insert(key: number, kept = true): number {
    const filling = this.slots.size < this.capacity;
    const slot = filling ? this.slots.size : this.evict();
    this.keys[slot] = key;
    this.slots.set(key, slot);
    if (kept || filling) this.append(slot);
    else this.prepend(slot);
    return slot;
  }

  resize(capacity: number): KeptSlots | undefined {
    const kept = this.slots.size > capacity ? this.shrink(capacity) : undefined;
    this.keys = resized(this.keys, new Float64Array(capacity));
    this.older = resized(this.older, new Int32Array(capacity));
    this.newer = resized(this.newer, new Int32Array(capacity));
    this.capacity = capacity;
    return kept;
  }

  private shrink(capacity: number): KeptSlots {
    const before = this.slots.size;
    while (this.slots.size > capacity) this.evict();
    const kept = noSlots(before);
    for (const slot of this.slots.values()) keep(kept, slot);
    compact(kept, capacity, (from, to) => this.move(from, to));
    return kept;
  }

  /** The page in one slot has moved to another one, which is free. */
  private move(from: number, to: number): void {
    const key = this.keys[from] as number;
    this.keys[to] = key;
    this.slots.set(key, to);
    const before = (this.older[to] = this.older[from] as number);
    const after = (this.newer[to] = this.newer[from] as number);
    if (before === none) this.oldest = to;
    else this.newer[before] = to;
    if (after === none) this.newest = to;
    else this.older[after] = to;
  }

  private evict(): number {
    const slot = this.oldest;
    this.unlink(slot);
    this.slots.delete(this.keys[slot] as number);
    return slot;
  }

  private unlink(slot: number): void {
    const before = this.older[slot] as number;
    const after = this.newer[slot] as number;
    if (before === none) this.oldest = after;
    else this.newer[before] = after;
    if (after === none) this.newest = before;
    else this.older[after] = before;
  }

  private append(slot: number): void {
    this.older[slot] = this.newest;
    this.newer[slot] = none;
    if (this.newest === none) this.oldest = slot;
    else this.newer[this.newest] = slot;
    this.newest = slot;
  }

  private prepend(slot: number): void {
    this.older[slot] = none;
    this.newer[slot] = this.oldest;
    if (this.oldest === none) this.newest = slot;
    else this.older[this.oldest] = slot;
    this.oldest = slot;
  }
}

/** As much of `from` as there is room for in `to`, which is returned. */
export function resized<Numbers extends Float64Array | Int32Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from.subarray(0, to.length));
  return to;
}
