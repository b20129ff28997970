import { WherryError } from '../shared/failure';
import { pageBytes } from '../shared/settings';
import { compact, isKept, type KeptSlots } from './compaction';
import { maxPartBytes } from './job';
import { NumberReader, op, partHeaderBytes } from './part-format';
import { arenaBytesMax, XbzrleArena } from './xbzrle/xbzrle';

/** What `open` allows: together they bound the memory that any sequence of parts can take. */
export interface DecoderCaps {
  readonly cachePagesPerShard: number;
  /** Most pages in one part. */
  readonly maxPages: number;
}

/** Some shards' slots in one WebAssembly memory, beside room for one part and its pages. */
interface Bank {
  readonly arena: XbzrleArena;
  shards: number;
}

interface Shard {
  readonly bank: Bank;
  readonly slotsAt: number;
  /** 1 for each slot that holds a page. */
  readonly filled: Uint8Array;
}

/** Ops of one part, read and checked; three numbers a page. */
interface Ops {
  readonly codes: Uint8Array;
  readonly slots: Int32Array;
  /** The second slot of a copy. */
  readonly targets: Int32Array;
  readonly lengths: Int32Array;
}

/** Turns parts back into pages and mirrors each shard's slots. Everything in a part is checked before it is used. */
export class PartDecoder {
  private banks: Bank[] = [];
  private shards = new Map<number, Shard>();
  private readonly spoilt = new Set<number>();
  private readonly ops: Ops;
  private readonly pagesOffset: number;
  private readonly slotsOffset: number;
  private cachePagesPerShard: number;

  /** `caps.cachePagesPerShard` is that of the first layout. */
  constructor(private readonly caps: DecoderCaps) {
    const { maxPages } = caps;
    this.cachePagesPerShard = caps.cachePagesPerShard;
    this.ops = {
      codes: new Uint8Array(maxPages),
      slots: new Int32Array(maxPages),
      targets: new Int32Array(maxPages),
      lengths: new Int32Array(maxPages),
    };
    this.pagesOffset = Math.ceil(maxPartBytes(maxPages) / pageBytes) * pageBytes;
    this.slotsOffset = this.pagesOffset + maxPages * pageBytes;
  }

  /**
   * The pages of one part, good until the next call. Parts of a shard must come in the order of their encoding. Throws
   * `codec` for anything malformed, and for all that follows on that shard.
   */
  decode(shardNumber: number, payload: Uint8Array, pages: number): Uint8Array {
    if (this.spoilt.has(shardNumber)) throw refused(`shard ${shardNumber} lost a part before`);
    try {
      const deltasAt = this.readOps(payload, pages);
      const shard = this.shards.get(shardNumber) ?? this.addShard(shardNumber);
      return this.apply(shard, payload, pages, deltasAt);
    } catch (error) {
      this.spoil(shardNumber);
      throw error;
    }
  }

  /** After a lost part a shard's slots are not what its sender thinks: nothing more is taken for it. */
  spoil(shardNumber: number): void {
    this.spoilt.add(shardNumber);
  }

  /**
   * Goes on with so many shards of so many slots. What lies in slots that are still there stays, everything else is
   * given up; where a shard's sender has `kept` other pages, these move as theirs did. Throws `worker` when there is no
   * memory, `codec` for more pages than fit.
   */
  layOut(shards: number, cachePagesPerShard: number, kept: ReadonlyMap<number, KeptSlots> = new Map()): void {
    const before = this.shards;
    this.banks = [];
    this.shards = new Map();
    this.cachePagesPerShard = cachePagesPerShard;
    for (const [number, from] of before) {
      if (number < shards) copySlots(from, this.addShard(number), kept.get(number));
    }
  }

  private addShard(shardNumber: number): Shard {
    const { cachePagesPerShard } = this;
    const slotsBytes = cachePagesPerShard * pageBytes;
    const last = this.banks.at(-1);
    const fits = last !== undefined && this.slotsOffset + (last.shards + 1) * slotsBytes <= arenaBytesMax;
    const bank = fits ? last : { arena: new XbzrleArena(this.slotsOffset), shards: 0 };
    if (!fits) this.banks.push(bank);
    const offset = this.slotsOffset + bank.shards * slotsBytes;
    bank.arena.reserve(offset + slotsBytes);
    bank.shards++;
    const slotsAt = bank.arena.arenaStart + offset;
    const shard = { bank, slotsAt, filled: new Uint8Array(cachePagesPerShard) };
    this.shards.set(shardNumber, shard);
    return shard;
  }

  /** Reads all ops and checks that they account for every byte; returns where the deltas start. */
  private readOps(payload: Uint8Array, pages: number): number {
    const { maxPages } = this.caps;
    if (pages > maxPages) throw refused(`expected at most ${maxPages} pages, got ${pages}`);
    if (payload.length < partHeaderBytes || payload.length > maxPartBytes(maxPages)) {
      throw refused(`expected ${partHeaderBytes} to ${maxPartBytes(maxPages)} bytes, got ${payload.length}`);
    }
    const deltasAt = partHeaderBytes + new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
    if (deltasAt > payload.length) throw refused(`ops end at ${deltasAt} of ${payload.length} bytes`);
    const reader = new NumberReader(payload, partHeaderBytes, deltasAt);
    let expected = deltasAt;
    for (let page = 0; page < pages; page++) expected += this.readOp(reader, page);
    if (!reader.done) throw refused(`ops go on after ${pages} pages`);
    if (expected !== payload.length) throw refused(`ops account for ${expected} bytes, got ${payload.length}`);
    return deltasAt;
  }

  /** Reads one op; returns how many bytes of deltas or full pages belong to it. */
  private readOp(reader: NumberReader, page: number): number {
    const { codes, slots, targets, lengths } = this.ops;
    const code = reader.next();
    if (code === undefined || code < op.full || code > op.copy) {
      throw refused(`page ${page}: no operation ${code ?? 'at all'}`);
    }
    codes[page] = code;
    if (code === op.full) return pageBytes;
    slots[page] = this.readSlot(reader, page);
    if (code === op.fullStore) return pageBytes;
    if (code === op.copy) targets[page] = this.readSlot(reader, page);
    if (code === op.unchanged || code === op.copy) return 0;
    const length = reader.next();
    if (length === undefined || length < 1 || length > pageBytes) {
      throw refused(`page ${page}: expected a delta of 1 to ${pageBytes} bytes, got ${length ?? 'none'}`);
    }
    lengths[page] = length;
    return length;
  }

  private readSlot(reader: NumberReader, page: number): number {
    const { cachePagesPerShard } = this;
    const slot = reader.next();
    if (slot !== undefined && slot < cachePagesPerShard) return slot;
    throw refused(`page ${page}: expected a slot below ${cachePagesPerShard}, got ${slot ?? 'none'}`);
  }

  private apply(shard: Shard, payload: Uint8Array, pages: number, deltasAt: number): Uint8Array {
    const { arena } = shard.bank;
    const partAt = arena.arenaStart;
    const outAt = partAt + this.pagesOffset;
    arena.bytes(partAt, payload.length).set(payload);
    let delta = partAt + deltasAt;
    let full = partAt + payload.length - this.fullPages(pages) * pageBytes;
    for (let page = 0; page < pages; page++) {
      const code = this.ops.codes[page];
      const target = outAt + page * pageBytes;
      if (code === op.full) {
        arena.copyPage(target, full);
        full += pageBytes;
        continue;
      }
      const slot = this.ops.slots[page] as number;
      const slotAt = shard.slotsAt + slot * pageBytes;
      if (code === op.fullStore) {
        arena.copyPage(slotAt, full);
        shard.filled[slot] = 1;
        full += pageBytes;
      } else if (shard.filled[slot] !== 1) {
        throw refused(`page ${page}: slot ${slot} holds no page yet`);
      } else if (code === op.delta) {
        const length = this.ops.lengths[page] as number;
        if (!arena.decode(slotAt, delta, length)) throw refused(`page ${page}: malformed delta of ${length} bytes`);
        delta += length;
      } else if (code === op.copy) {
        const to = this.ops.targets[page] as number;
        arena.copyPage(shard.slotsAt + to * pageBytes, slotAt);
        shard.filled[to] = 1;
      }
      arena.copyPage(target, slotAt);
    }
    return arena.bytes(outAt, pages * pageBytes);
  }

  private fullPages(pages: number): number {
    let fulls = 0;
    for (let page = 0; page < pages; page++) if ((this.ops.codes[page] as number) <= op.fullStore) fulls++;
    return fulls;
  }
}

function copySlots(from: Shard, to: Shard, kept: KeptSlots | undefined): void {
  const copy = (slot: number, target: number): void => {
    if (from.filled[slot] !== 1) return;
    const page = from.bank.arena.bytes(from.slotsAt + slot * pageBytes, pageBytes);
    to.bank.arena.bytes(to.slotsAt + target * pageBytes, pageBytes).set(page);
    to.filled[target] = 1;
  };
  const slots = Math.min(from.filled.length, to.filled.length);
  for (let slot = 0; slot < slots; slot++) if (kept === undefined || isKept(kept, slot)) copy(slot, slot);
  if (kept !== undefined) compact(kept, to.filled.length, copy);
}

function refused(what: string): WherryError {
  return new WherryError('codec', `malformed part: ${what}`);
}
