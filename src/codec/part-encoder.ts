import { pageBytes, type CachePolicyName } from '../shared/settings';
import { cachePolicyTable } from './cache-policies';
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
}

/** A delta shorter than this costs less than any page but an almost uniform one, and is not worth a look at it. */
const longDeltaBytes = 512;

type Counts = { -readonly [K in keyof PageCounts]: number };

/** Turns the pages of one shard into parts, each page against its copy in the shard's cache where there is one. */
export class PartEncoder {
  /** Where the next job's pages go: `keyBytes` a page and 4096 bytes a page, `maxPages` of each. */
  readonly keys: Buffer;
  private readonly arena: XbzrleArena;
  private readonly cache: CachePolicy | undefined;
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
  private regularBits: number | undefined;

  /** Throws `worker` when there is no memory for `cachePages`; with 0 every page goes full. */
  constructor(
    readonly maxPages: number,
    cachePages: number,
    policy: CachePolicyName,
  ) {
    const deltasBytes = (maxPages - 1) * pageBytes + deltaRoomBytes;
    const deltasRoom = Math.ceil(deltasBytes / pageBytes) * pageBytes;
    this.arena = new XbzrleArena(maxPages * pageBytes + deltasRoom + cachePages * pageBytes);
    this.pagesAt = this.arena.arenaStart;
    this.deltasAt = this.pagesAt + maxPages * pageBytes;
    this.slotsAt = this.deltasAt + deltasRoom;
    this.cache = cachePages > 0 ? cachePolicyTable[policy](cachePages) : undefined;
    this.keys = Buffer.alloc(maxPages * keyBytes);
    this.ops = Buffer.alloc(maxPages * opBytesMax);
    this.full = new Int32Array(maxPages);
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
      if (this.cache === undefined) this.putFull(page);
      else this.encodePage(this.cache, page);
    }
    return {
      payload: this.assemble(),
      deltaBytes: this.deltasEnd - this.deltasAt,
      fullBytes: this.fulls * pageBytes,
      counts: this.counts,
    };
  }

  private encodePage(cache: CachePolicy, page: number): void {
    const key = this.keys.readDoubleLE(page * keyBytes);
    const pageAt = this.pagesAt + page * pageBytes;
    const known = cache.lookup(key);
    this.counts.lookups++;
    if (known === undefined) {
      this.counts.misses++;
      this.putFullStore(page, cache.insert(key), pageAt);
      return;
    }
    this.counts.hits++;
    const slotAt = this.slotsAt + known * pageBytes;
    const length = this.arena.encode(slotAt, pageAt, this.deltasEnd);
    if (length === 0) {
      this.counts.unchanged++;
      this.putOp(op.unchanged, known);
    } else if (length === undefined) {
      this.counts.overflow++;
      this.putFullStore(page, known, pageAt);
    } else if (this.isDearer(length, pageAt)) this.putFullStore(page, known, pageAt);
    else {
      this.counts.xbzrle++;
      this.putOp(op.delta, known);
      this.opsEnd = putNumber(this.ops, this.opsEnd, length);
      this.deltasEnd += length;
      this.arena.copyPage(slotAt, pageAt);
    }
  }

  /** Whether the delta just written would come to more than its page, both compressed. */
  private isDearer(length: number, pageAt: number): boolean {
    const bits = this.regularBits;
    if (bits === undefined || length < longDeltaBytes) return false;
    return this.arena.packedSize(this.deltasEnd, length, bits) > this.arena.packedSize(pageAt, pageBytes, bits);
  }

  private putFull(page: number): void {
    this.ops[this.opsEnd++] = op.full;
    this.full[this.fulls++] = page;
    this.counts.normal++;
  }

  private putFullStore(page: number, slot: number, pageAt: number): void {
    this.putOp(op.fullStore, slot);
    this.full[this.fulls++] = page;
    this.counts.normal++;
    this.arena.copyPage(this.slotsAt + slot * pageBytes, pageAt);
  }

  private putOp(opcode: number, slot: number): void {
    this.ops[this.opsEnd++] = opcode;
    this.opsEnd = putNumber(this.ops, this.opsEnd, slot);
  }

  /** Copies the part out of the arena, so that the next job can be encoded while this one is compressed. */
  private assemble(): Buffer {
    const deltas = this.arena.bytes(this.deltasAt, this.deltasEnd - this.deltasAt);
    const payload = Buffer.allocUnsafe(partHeaderBytes + this.opsEnd + deltas.length + this.fulls * pageBytes);
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
  return { normal: 0, xbzrle: 0, unchanged: 0, overflow: 0, lookups: 0, hits: 0, misses: 0 };
}
