import { resized } from './page-cache';

/**
 * Which of a shard's slots holds a page of which content, by a hash: only a hint, since pages may share a hash and the
 * one found has to be compared. It knows at most one slot for each hash, so a guest cannot make it slow.
 */
export class ContentIndex {
  private readonly slots = new Map<number, number>();
  /** 0 for a slot that is not known. */
  private hashes: Float64Array;

  constructor(capacity: number) {
    this.hashes = new Float64Array(capacity);
  }

  /** The slot whose page may be this one. */
  find(hash: number): number | undefined {
    return this.slots.get(hash);
  }

  /** The slot now holds a page with this hash; one that held such a page before stays the one that is found. */
  put(slot: number, hash: number): void {
    this.drop(slot);
    if (this.slots.has(hash)) return;
    this.slots.set(hash, slot);
    this.hashes[slot] = hash;
  }

  /** The page of one slot now lies in another one, whose own is no more. */
  move(from: number, to: number): void {
    this.drop(to);
    const hash = this.hashes[from] as number;
    if (hash === 0) return;
    this.slots.set(hash, to);
    this.hashes[to] = hash;
    this.hashes[from] = 0;
  }

  /** Goes on with another number of slots; what is known of those that stay is kept. */
  resize(capacity: number): void {
    for (let slot = capacity; slot < this.hashes.length; slot++) this.drop(slot);
    this.hashes = resized(this.hashes, new Float64Array(capacity));
  }

  /** The slot's page has changed. */
  drop(slot: number): void {
    const hash = this.hashes[slot] as number;
    if (hash === 0) return;
    this.slots.delete(hash);
    this.hashes[slot] = 0;
  }
}
