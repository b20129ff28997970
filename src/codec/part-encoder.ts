import { pageBytes, type CachePolicyName } from '../shared/settings';
import { cachePolicyTable } from './cache-policies';
import { compact, type KeptSlots } from './compaction';
import { ContentIndex } from './content-index';
import { keyBytes, type PageCounts } from './job';
import type { CachePolicy } from './page-cache';
import { op, opBytesMax, partHeaderBytes, putNumber } from './part-format';
import { deltaRoomBytes, XbzrleArena } from './xbzrle/xbzrle';

/** A part before its method; `payload` is the caller's own. */
export interface EncodedPart {
  readonly payload: Buffer;
  readonly deltaBytes: number;
  readonly fullBytes: number;
  readonly counts: PageCounts;
  /** The opcode of each page, in order, a digit each. */
  readonly ops: string;
}

/** What another size has made of a cache. */
export interface ResizedCache {
  /** Pages given up. */
  readonly evictions: number;
  /** Which slots kept their pages, where some moved; else all that are still there. */
  readonly kept?: KeptSlots;
}

/** A delta shorter than this costs less than any page but an almost uniform one, and is not worth a look at it. */
const longDeltaBytes = 512;

/** What a shard knows about its slots: by address and by content. */
interface PageStore {
  readonly policy: CachePolicy;
  readonly contents: ContentIndex;
  /** Slots that hold a page: those below. */
  filled: number;
}

type Counts = { -readonly [K in keyof PageCounts]: number };

/** Turns the pages of one shard into parts, each page against its copy in the shard's cache where there is one. */
export class PartEncoder {
  /** Where the next job's pages go: `keyBytes` a page and 4096 bytes a page, `maxPages` of each. */
  readonly keys: Buffer;
  private arena: XbzrleArena;
  private cache: PageStore | undefined;
  private readonly pagesAt: number;
  private readonly deltasAt: number;
  private readonly slotsAt: number;
  private readonly ops: Buffer;
  private opsEnd = 0;
  private deltasEnd = 0;
  /** Numbers of the pages that go full. */
  private readonly full: Int32Array;
  private fulls = 0;
  private counts = noCounts();
  /** The opcode of each page, as an ASCII digit. */
  private readonly opcodes: Buffer;
  /** Of the page at hand, once it was looked for among the slots. */
  private hash = 0;
  private regularBits: number | undefined;

  /**
   * Throws `worker` when there is no memory for `cachePages`; with 0 every page goes full.
   * @param take where the memory of each payload comes from
   */
  constructor(
    readonly maxPages: number,
    cachePages: number,
    private readonly policy: CachePolicyName,
    private readonly take: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafe(bytes),
  ) {
    const deltasBytes = (maxPages - 1) * pageBytes + deltaRoomBytes;
    const deltasRoom = Math.ceil(deltasBytes / pageBytes) * pageBytes;
    this.arena = new XbzrleArena(maxPages * pageBytes + deltasRoom + cachePages * pageBytes);
    this.pagesAt = this.arena.arenaStart;
    this.deltasAt = this.pagesAt + maxPages * pageBytes;
    this.slotsAt = this.deltasAt + deltasRoom;
    this.cache = this.store(cachePages);
    this.keys = Buffer.alloc(maxPages * keyBytes);
    this.ops = Buffer.alloc(maxPages * opBytesMax);
    this.full = new Int32Array(maxPages);
    this.opcodes = Buffer.alloc(maxPages);
  }

  /**
   * Goes on with so many slots, from the next part on; with 0 every page goes full. Where they are too few, the pages
   * that the policy would give up next are given up. Throws `worker`, unchanged, when there is no memory.
   */
  resize(cachePages: number): ResizedCache {
    const bytes = this.slotsAt - this.arena.arenaStart + cachePages * pageBytes;
    const filled = this.cache?.filled ?? 0;
    const kept = Math.min(filled, cachePages);
    const before = this.arena;
    if (kept === filled) before.reserve(bytes);
    else this.arena = before.smaller(bytes, this.slotsAt, kept * pageBytes);
    const evictions = filled - kept;
    if (this.cache === undefined || cachePages === 0) {
      this.cache = this.store(cachePages);
      return { evictions };
    }
    const slots = this.resizeStore(this.cache, cachePages, before);
    this.cache.filled = kept;
    return { evictions, ...(slots !== undefined && { kept: slots }) };
  }

  /** `before` has the pages of the slots that are no more. */
  private resizeStore({ policy, contents }: PageStore, cachePages: number, before: XbzrleArena): KeptSlots | undefined {
    const kept = policy.resize(cachePages);
    if (kept !== undefined) {
      compact(kept, cachePages, (from, to) => {
        const page = before.bytes(this.slotsAt + from * pageBytes, pageBytes);
        this.arena.bytes(this.slotsAt + to * pageBytes, pageBytes).set(page);
        contents.move(from, to);
      });
    }
    contents.resize(cachePages);
    return kept;
  }

  private store(cachePages: number): PageStore | undefined {
    if (cachePages === 0) return undefined;
    const policy = cachePolicyTable[this.policy](cachePages);
    return { policy, contents: new ContentIndex(cachePages), filled: 0 };
  }

  /** The memory in which the next `count` pages are expected. */
  pages(count: number): Uint8Array {
    return this.arena.bytes(this.pagesAt, count * pageBytes);
  }

  /**
   * Encodes the first `count` of `pages`, known by the first `count` of `keys`. Parts must be decoded in this order.
   * @param regularBits of the method that the part is for; where there is none, what counts is bytes as they are
   */
  encode(count: number, regularBits: number | undefined): EncodedPart {
    this.regularBits = regularBits;
    this.opsEnd = 0;
    this.deltasEnd = this.deltasAt;
    this.fulls = 0;
    this.counts = noCounts();
    for (let page = 0; page < count; page++) {
      const at = this.opsEnd;
      if (this.cache === undefined) this.putFull(page);
      else this.encodePage(this.cache, page);
      this.opcodes[page] = 48 + (this.ops[at] as number);
    }
    return {
      payload: this.assemble(),
      deltaBytes: this.deltasEnd - this.deltasAt,
      fullBytes: this.fulls * pageBytes,
      counts: this.counts,
      ops: this.opcodes.toString('latin1', 0, count),
    };
  }

  private encodePage(cache: PageStore, page: number): void {
    const key = this.keys.readDoubleLE(page * keyBytes);
    const pageAt = this.pagesAt + page * pageBytes;
    const known = cache.policy.lookup(key);
    this.counts.lookups++;
    if (known === undefined) {
      this.counts.misses++;
      if (!this.putRepeated(cache, pageAt, () => this.insert(cache, key))) {
        this.putFullStore(cache, page, this.insert(cache, key));
      }
      return;
    }
    this.counts.hits++;
    this.encodeKnown(cache, page, known);
  }

  /** A slot for a page that has none; fresh ones come in ascending order. */
  private insert(cache: PageStore, key: number): number {
    const slot = cache.policy.insert(key);
    if (slot < cache.filled) this.counts.evictions++;
    else cache.filled = slot + 1;
    return slot;
  }

  private encodeKnown(cache: PageStore, page: number, known: number): void {
    const pageAt = this.pagesAt + page * pageBytes;
    const slotAt = this.slotsAt + known * pageBytes;
    const length = this.arena.encode(slotAt, pageAt, this.deltasEnd);
    if (length === 0) {
      this.counts.unchanged++;
      this.putOp(op.unchanged, known);
    } else if (length !== undefined && length < longDeltaBytes) this.putDelta(cache, page, known, length);
    else if (this.putRepeated(cache, pageAt, () => known)) return;
    else if (length !== undefined && !this.isDearer(length, pageAt)) this.putDelta(cache, page, known, length);
    else {
      if (length === undefined) this.counts.overflow++;
      this.putFullStore(cache, page, known);
    }
  }

  private putDelta({ contents }: PageStore, page: number, slot: number, length: number): void {
    this.counts.xbzrle++;
    this.putOp(op.delta, slot);
    this.opsEnd = putNumber(this.ops, this.opsEnd, length);
    this.deltasEnd += length;
    this.arena.copyPage(this.slotsAt + slot * pageBytes, this.pagesAt + page * pageBytes);
    contents.drop(slot);
  }

  /** Sends a reference for a page that some slot holds, whatever its address; false if none does. */
  private putRepeated({ policy, contents }: PageStore, pageAt: number, slotFor: () => number): boolean {
    this.hash = this.arena.pageHash(pageAt);
    const from = contents.find(this.hash);
    if (from === undefined || !this.arena.samePage(this.slotsAt + from * pageBytes, pageAt)) return false;
    policy.touch(from);
    const to = slotFor();
    this.counts.repeated++;
    this.putOp(op.copy, from);
    this.opsEnd = putNumber(this.ops, this.opsEnd, to);
    this.arena.copyPage(this.slotsAt + to * pageBytes, pageAt);
    contents.put(to, this.hash);
    return true;
  }

  /** Whether the delta just written would come to more than its page, both compressed. */
  private isDearer(length: number, pageAt: number): boolean {
    const bits = this.regularBits;
    if (bits === undefined) return false;
    return this.arena.packedSize(this.deltasEnd, length, bits) > this.arena.packedSize(pageAt, pageBytes, bits);
  }

  private putFull(page: number): void {
    this.ops[this.opsEnd++] = op.full;
    this.full[this.fulls++] = page;
    this.counts.normal++;
  }

  /** Expects the page's hash to be known already. */
  private putFullStore({ contents }: PageStore, page: number, slot: number): void {
    this.putOp(op.fullStore, slot);
    this.full[this.fulls++] = page;
    this.counts.normal++;
    this.arena.copyPage(this.slotsAt + slot * pageBytes, this.pagesAt + page * pageBytes);
    contents.put(slot, this.hash);
  }

  private putOp(opcode: number, slot: number): void {
    this.ops[this.opsEnd++] = opcode;
    this.opsEnd = putNumber(this.ops, this.opsEnd, slot);
  }

  /** Copies the part out of the arena, so that the next job can be encoded while this one is compressed. */
  private assemble(): Buffer {
    const deltas = this.arena.bytes(this.deltasAt, this.deltasEnd - this.deltasAt);
    const payload = this.take(partHeaderBytes + this.opsEnd + deltas.length + this.fulls * pageBytes);
    payload.writeUInt32LE(this.opsEnd);
    payload.set(this.ops.subarray(0, this.opsEnd), partHeaderBytes);
    payload.set(deltas, partHeaderBytes + this.opsEnd);
    let at = partHeaderBytes + this.opsEnd + deltas.length;
    for (let i = 0; i < this.fulls;) {
      const first = this.full[i] as number;
      const run = this.fullRun(i, first);
      payload.set(this.arena.bytes(this.pagesAt + first * pageBytes, run * pageBytes), at);
      at += run * pageBytes;
      i += run;
    }
    return payload;
  }

  /** How many full pages lie next to each other, from the i-th on, which is page `first`. */
  private fullRun(i: number, first: number): number {
    let run = 1;
    while (i + run < this.fulls && this.full[i + run] === first + run) run++;
    return run;
  }
}

function noCounts(): Counts {
  return { normal: 0, xbzrle: 0, unchanged: 0, repeated: 0, overflow: 0, lookups: 0, hits: 0, misses: 0, evictions: 0 };
}
