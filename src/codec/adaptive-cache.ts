import type { KeptSlots } from './compaction';
import { PageCache, type CachePolicy } from './page-cache';

/** Of the pages that do not fit, one in this many is kept all the same, so that a new hot set gets in. */
const keptOneIn = 32;
/** One page in this many is watched, where the cache is large enough that those are many. */
const sampledOneIn = 8;
const minSampledPages = 64;

/** Bimodal insertion (Qureshi et al. 2007): a newcomer is the next to go, but now and then one is kept. */
class Turns {
  private turn = 0;

  next(): boolean {
    this.turn = (this.turn + 1) % keptOneIn;
    return this.turn === 0;
  }
}

/**
 * LRU until that fails: a set larger than the cache, swept in the same order again and again as a source's dirty
 * bitmap is, evicts under LRU every page just before it is needed. Then newcomers are given up first, so that a part of
 * the set stays and hits on each sweep. Which of the two would do better right now is seen from a sample of the pages,
 * run through both without their bytes: two lists of keys, 1/8 of the cache's each.
 */
export class AdaptiveCache implements CachePolicy {
  private readonly pages: PageCache;
  private samples: Samples;
  private readonly pagesTurns = new Turns();
  /** `capacity` in pages, at least 1. */
  constructor(capacity: number) {
    this.pages = new PageCache(capacity);
    this.samples = new Samples(capacity);
  }

  lookup(key: number): number | undefined {
    this.samples.see(key);
    return this.pages.lookup(key);
  }

  insert(key: number): number {
    return this.pages.insert(key, !this.samples.preferThrift || this.pagesTurns.next());
  }

  touch(slot: number): void {
    this.pages.touch(slot);
  }

  /** Which rule does better is learnt anew: what one capacity is too small for, another holds. */
  resize(capacity: number): KeptSlots | undefined {
    this.samples = new Samples(capacity);
    return this.pages.resize(capacity);
  }
}

/** A sample of the pages under both rules, for a cache of this capacity. */
class Samples {
  private readonly sampled: number;
  private readonly recent: PageCache;
  private readonly thrifty: PageCache;
  private readonly turns = new Turns();
  private readonly scoreMax: number;
  /** How many hits more the thrifty sample had of late. */
  private score = 0;

  constructor(capacity: number) {
    this.sampled = capacity >= sampledOneIn * minSampledPages ? sampledOneIn : 1;
    const sample = Math.floor(capacity / this.sampled);
    this.recent = new PageCache(sample);
    this.thrifty = new PageCache(sample);
    this.scoreMax = Math.max(8, sample / 4);
  }

  /** Giving newcomers up first would do better. */
  get preferThrift(): boolean {
    return this.score > 0;
  }

  see(key: number): void {
    if (!this.isSampled(key)) return;
    const recent = this.recent.lookup(key) !== undefined;
    const thrifty = this.thrifty.lookup(key) !== undefined;
    if (!recent) this.recent.insert(key);
    if (!thrifty) this.thrifty.insert(key, this.turns.next());
    if (recent && !thrifty) this.score = Math.max(-this.scoreMax, this.score - 1);
    if (thrifty && !recent) this.score = Math.min(this.scoreMax, this.score + 1);
  }

  /** Scrambled, so that a sweep with any stride has its share in the sample. */
  private isSampled(key: number): boolean {
    return (Math.imul(key, 0x9e3779b1) >>> 16) % this.sampled === 0;
  }
}
