import { cachePolicyTable } from '../codec/cache-policies';
import { compact, type KeptSlots } from '../codec/compaction';
import type { CachePolicy } from '../codec/page-cache';
import { XbzrleArena, deltaRoomBytes } from '../codec/xbzrle/xbzrle';
import { pageBytes, type CachePolicyName, type MigrationSettings } from '../shared/settings';
import { RamMap } from './dispatch/ram-map';
import { RewriteSampler } from './dispatch/rewrite-sampler';
import type { SenderCounters } from './sender-stats';
import { putPageHead, putXbzrleHead, putZero, recordHeadBytes, xbzrleHeadBytes } from './stream/format';
import type { StreamSink } from './stream/sink';

/** Blocks are told apart by an offset that none reaches; sums of it and a page's offset are exact in a double. */
const blockStride = 2 ** 44;

/**
 * Writes a stream again with QEMU's own XBZRLE records where a page's last content is remembered. Records keep their
 * block's name where the source gave it, and one that carries a name is never left out: the next may lean on it.
 */
export class DirectEncoder implements StreamSink {
  readonly #names: Uint8Array[] = [];
  #cache: CachePolicy | undefined;
  #arena: XbzrleArena;
  readonly #policy: CachePolicyName;
  readonly #pageAt: number;
  readonly #deltaAt: number;
  readonly #slotsAt: number;
  /** Slots that hold a page: those below. */
  #filled = 0;
  /** What became of the guest's memory. */
  readonly map = new RamMap();
  /** What deltas would make of pages that are written again. */
  readonly rewrites = new RewriteSampler();
  /** Why pages are not looked at any more. */
  opaqueReason: string | undefined;

  /** Throws `worker` when there is no memory for the cache. */
  constructor(
    { xbzrleCacheBytes, cachePolicy }: MigrationSettings,
    private readonly counters: SenderCounters,
    private readonly write: (bytes: Buffer) => void,
  ) {
    const pages = Math.floor(xbzrleCacheBytes / pageBytes);
    const deltaRoom = Math.ceil(deltaRoomBytes / pageBytes) * pageBytes;
    this.#arena = new XbzrleArena(pageBytes + deltaRoom + pages * pageBytes);
    this.#pageAt = this.#arena.arenaStart;
    this.#deltaAt = this.#pageAt + pageBytes;
    this.#slotsAt = this.#deltaAt + deltaRoom;
    this.#policy = cachePolicy;
    this.#cache = pages > 0 ? cachePolicyTable[cachePolicy](pages) : undefined;
  }

  /** Goes on with a cache of another size, 0 for none; where it is too small, what would go next is given up. */
  resize(cacheBytes: number): void {
    const pages = Math.floor(cacheBytes / pageBytes);
    const bytes = this.#slotsAt - this.#arena.arenaStart + pages * pageBytes;
    const kept = Math.min(this.#filled, pages);
    const before = this.#arena;
    if (kept === this.#filled) before.reserve(bytes);
    else this.#arena = before.smaller(bytes, this.#slotsAt, kept * pageBytes);
    this.counters.evictions += this.#filled - kept;
    this.#filled = kept;
    if (pages === 0) this.#cache = undefined;
    else if (this.#cache === undefined) this.#cache = cachePolicyTable[this.#policy](pages);
    else this.#move(this.#cache.resize(pages), pages, before);
  }

  /** Moves the pages that are kept out of slots that are no more, which `before` still has. */
  #move(kept: KeptSlots | undefined, pages: number, before: XbzrleArena): void {
    if (kept === undefined) return;
    compact(kept, pages, (from, to) => {
      this.#slot(to).set(before.bytes(this.#slotsAt + from * pageBytes, pageBytes));
    });
  }

  block(index: number, name: Uint8Array, usedBytes: number): void {
    this.#names[index] = name;
    this.map.block(name, usedBytes);
  }

  page(block: number, offset: number, named: boolean, page: Uint8Array): void {
    const name = named ? this.#names[block] : undefined;
    const cache = this.#cache;
    const number = offset / pageBytes;
    this.rewrites.look(block, number, page);
    if (cache === undefined) {
      this.map.mark(block, number, 'plain');
      return this.#full(offset, name, page);
    }
    const key = block * blockStride + offset;
    const known = cache.lookup(key);
    this.counters.lookups++;
    if (known === undefined) {
      this.counters.misses++;
      this.#slot(this.#insert(cache, key)).set(page);
      this.map.mark(block, number, 'plain');
      return this.#full(offset, name, page);
    }
    this.counters.hits++;
    this.#arena.bytes(this.#pageAt, pageBytes).set(page);
    const slotAt = this.#slotsAt + known * pageBytes;
    const length = this.#arena.encode(slotAt, this.#pageAt, this.#deltaAt);
    this.#arena.copyPage(slotAt, this.#pageAt);
    this.map.mark(block, number, length === undefined ? 'plain' : length === 0 ? 'unchanged' : 'xbzrle');
    if (length === undefined) {
      this.counters.overflow++;
      this.#full(offset, name, page);
    } else if (length === 0) {
      this.counters.unchanged++;
      if (name !== undefined) this.#delta(offset, name, 0);
    } else {
      this.counters.xbzrle++;
      this.#delta(offset, name, length);
    }
  }

  zero(block: number, offset: number, named: boolean, fill: number): void {
    this.counters.duplicate++;
    this.map.mark(block, offset / pageBytes, 'zero');
    // The destination's page is all of one byte from here on, and so must be what later deltas stand on.
    const known = this.#cache?.lookup(block * blockStride + offset);
    if (known !== undefined) this.#slot(known).fill(fill);
    const name = named ? this.#names[block] : undefined;
    const record = Buffer.allocUnsafe(recordHeadBytes(name) + 1);
    putZero(record, 0, offset, name, fill);
    this.write(record);
  }

  raw(bytes: Uint8Array): void {
    if (this.opaqueReason !== undefined) this.counters.deviceBytes += bytes.length;
    this.write(Buffer.from(bytes));
  }

  opaque(reason: string): void {
    this.opaqueReason = reason;
  }

  #full(offset: number, name: Uint8Array | undefined, page: Uint8Array): void {
    this.counters.normal++;
    const record = Buffer.allocUnsafe(recordHeadBytes(name) + pageBytes);
    record.set(page, putPageHead(record, 0, offset, name));
    this.counters.wirePlain += record.length;
    this.write(record);
  }

  #delta(offset: number, name: Uint8Array | undefined, length: number): void {
    const record = Buffer.allocUnsafe(xbzrleHeadBytes(name) + length);
    record.set(this.#arena.bytes(this.#deltaAt, length), putXbzrleHead(record, 0, offset, name, length));
    this.counters.wireXbzrle += record.length;
    this.write(record);
  }

  /** A slot for a page that has none; fresh ones come in ascending order. */
  #insert(cache: CachePolicy, key: number): number {
    const slot = cache.insert(key);
    if (slot < this.#filled) this.counters.evictions++;
    else this.#filled = slot + 1;
    return slot;
  }

  #slot(slot: number): Uint8Array {
    return this.#arena.bytes(this.#slotsAt + slot * pageBytes, pageBytes);
  }
}
