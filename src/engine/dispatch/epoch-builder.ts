import type { XXHash, XXHashAPI } from 'xxhash-wasm';
import { BufferPool } from '../../codec/buffer-pool';
import { encodeInputBytes, keyBytes, pageKey } from '../../codec/job';
import { maxEpochBytes, maxTableBytes, OrderTableWriter } from '../../codec/order-table';
import { ShardMap } from '../../codec/shard';
import { WherryError } from '../../shared/failure';
import { pageBytes } from '../../shared/settings';
import { RamMap } from './ram-map';
import { RewriteSampler } from './rewrite-sampler';

/** One shard's pages of one epoch, as an encode job takes them. */
export interface PagePart {
  readonly shard: number;
  readonly pages: number;
  /** `pages` keys, float64 little-endian. */
  readonly keys: Uint8Array;
  /** `pages` × 4096 bytes. */
  readonly bytes: Uint8Array;
  /** Gives the memory of both back, once, when nobody reads them any more. */
  readonly release: () => void;
}

/** A contiguous slice of the source's stream, taken apart. */
export interface Epoch {
  readonly number: number;
  /** Length of the slice. */
  readonly rawBytes: number;
  /** xxHash64 of the slice, as it came from the source. */
  readonly digest: bigint;
  readonly table: Buffer;
  readonly parts: readonly PagePart[];
  /** Pages that lie in the table as they came. */
  readonly plainPages: number;
  readonly zeroPages: number;
  /** Bytes of the table that stand for them. */
  readonly zeroBytes: number;
}

/** More than a parser ever holds back: a record reported late counts against the epoch it is reported in. */
const maxHeldBytes = 8 * 1024;
/** Most table bytes for one stream byte: a raw byte on its own takes an operation and a length as well. */
const tableGrowth = 3;

/** Part buffers kept for later, at most; two epochs of eight parts are usual. */
const keptBuffers = 32;

const nothing: Buffer = Buffer.alloc(0);

interface Staging {
  readonly keys: Float64Array;
  readonly bytes: Buffer;
  pages: number;
}

/**
 * Collects what the stream parser reports into epochs. The digest is taken over the source's own bytes, not over what
 * the parser made of them, so that a mistake of ours anywhere on the way is found at the receiver.
 */
export class EpochBuilder {
  readonly #order = new OrderTableWriter();
  readonly #buffers = new BufferPool(keptBuffers);
  #map: ShardMap;
  #staging: (Staging | undefined)[];
  #number = 0;
  #recordBytes = 0;
  #zeroPages = 0;
  #plainPages = 0;
  #plain = false;
  #plainNext = false;
  #fullest = 0;
  /** Why the rest of the stream is carried verbatim, once it is. */
  opaqueReason: string | undefined;
  #hashedBytes = 0;
  #tail = nothing;
  #hash: XXHash<bigint>;
  readonly #names: number[] = [];
  /** What became of the guest's memory; what it knows of pages that go to a shard is for their encoder to say. */
  readonly map = new RamMap();
  /** What deltas would make of pages that are written again. */
  readonly rewrites = new RewriteSampler();

  constructor(
    private readonly hasher: XXHashAPI,
    shards: number,
    private maxPartPages: number,
  ) {
    this.#map = ShardMap.of(shards);
    this.#staging = this.#noStaging();
    this.#hash = hasher.create64();
  }

  /**
   * Whether the stream is carried as it is from the next epoch on, pages and all in the table: where nothing is to be
   * compressed, workers would only copy. What shards' caches hold stays good, since deltas are against slots.
   */
  setPlain(plain: boolean): void {
    this.#plainNext = plain;
    if (this.#recordBytes === 0) this.#plain = plain;
  }

  /** Stream bytes in the epoch so far. */
  get bytes(): number {
    return this.#recordBytes;
  }

  /** Stream bytes that surely still fit, whatever pages they hold. */
  get roomBytes(): number {
    const left = (this.maxPartPages - this.#fullest) * pageBytes;
    const table = (maxTableBytes - this.#order.length) / tableGrowth;
    return Math.floor(Math.min(left, maxEpochBytes - this.#recordBytes, table)) - maxHeldBytes;
  }

  block(_index: number, name: Uint8Array, usedBytes: number): void {
    this.#names.push(name.length);
    this.map.block(name, usedBytes);
    this.#order.declare(name);
  }

  page(block: number, offset: number, named: boolean, page: Uint8Array): void {
    this.#recordBytes += this.#headBytes(block, named) + pageBytes;
    const number = offset / pageBytes;
    this.rewrites.look(block, number, page);
    if (this.#plain) {
      this.#plainPages += 1;
      this.map.mark(block, number, 'plain');
      return;
    }
    const shard = this.#map.shardOf(block, number);
    const staging = (this.#staging[shard] ??= newStaging(this.#buffers, this.maxPartPages));
    staging.keys[staging.pages] = pageKey(block, number);
    staging.bytes.set(page, staging.pages * pageBytes);
    staging.pages += 1;
    if (staging.pages > this.#fullest) this.#fullest = staging.pages;
    this.#order.page(block, offset, named);
  }

  zero(block: number, offset: number, named: boolean, fill: number): void {
    if (!this.#plain) this.#order.zero(block, offset, named, fill);
    this.#recordBytes += this.#headBytes(block, named) + 1;
    this.#zeroPages += 1;
    this.map.mark(block, offset / pageBytes, 'zero');
  }

  raw(bytes: Uint8Array): void {
    if (!this.#plain) this.#order.raw(bytes);
    this.#recordBytes += bytes.length;
  }

  opaque(reason: string): void {
    this.opaqueReason = reason;
  }

  /**
   * Takes note of a chunk the parser has just been given. What of it became records belongs to this epoch's digest;
   * what the parser still holds, the start of a record, to the next one's.
   */
  fed(chunk: Buffer): void {
    const done = this.#recordBytes - this.#hashedBytes;
    const fromTail = Math.min(done, this.#tail.length);
    const fromChunk = done - fromTail;
    if (fromTail > 0) this.#take(this.#tail.subarray(0, fromTail));
    if (fromChunk > 0) this.#take(chunk.subarray(0, fromChunk));
    this.#hashedBytes += done;
    const held = this.#tail.length + chunk.length - done;
    this.#tail = held === 0 ? nothing : Buffer.concat([this.#tail.subarray(fromTail), chunk.subarray(fromChunk)]);
  }

  /** Shares pages out among so many shards, between two epochs: there must be nothing in the one at hand. */
  layOut(shards: number, maxPartPages: number): void {
    if (this.#recordBytes > 0) throw new WherryError('internal', 'another layout in mid-epoch');
    this.#map = this.#map.resized(shards);
    this.maxPartPages = maxPartPages;
    this.#staging = this.#noStaging();
  }

  /** The epoch so far, absent when there is nothing in it; the next one starts. */
  cut(): Epoch | undefined {
    if (this.#recordBytes === 0) return undefined;
    const parts = this.#staging.flatMap((staging, shard) =>
      staging === undefined ? [] : [partOf(staging, shard, this.#buffers)],
    );
    const { table, zeroBytes } = this.#order.take();
    const epoch: Epoch = {
      number: ++this.#number,
      rawBytes: this.#recordBytes,
      digest: this.#hash.digest(),
      table,
      parts,
      plainPages: this.#plainPages,
      zeroPages: this.#zeroPages,
      zeroBytes,
    };
    this.#staging = this.#noStaging();
    this.#hash = this.hasher.create64();
    this.#recordBytes = 0;
    this.#hashedBytes = 0;
    this.#zeroPages = 0;
    this.#plainPages = 0;
    this.#plain = this.#plainNext;
    this.#fullest = 0;
    return epoch;
  }

  /** The epoch's next bytes, as they came. */
  #take(bytes: Buffer): void {
    this.#hash.update(bytes);
    if (this.#plain) this.#order.raw(bytes);
  }

  #noStaging(): (Staging | undefined)[] {
    return Array.from({ length: this.#map.shards }, () => undefined);
  }

  #headBytes(block: number, named: boolean): number {
    return named ? 9 + (this.#names[block] ?? 0) : 8;
  }
}

/** One buffer for both: pages first, so that their keys are aligned behind them. */
function newStaging(buffers: BufferPool, pages: number): Staging {
  const bytes = buffers.take(encodeInputBytes(pages));
  return { keys: new Float64Array(bytes.buffer, pages * pageBytes, pages), bytes, pages: 0 };
}

/** Float64Array is little-endian on every machine Electron runs on, which is what the job's input region asks for. */
function partOf({ keys, bytes, pages }: Staging, shard: number, buffers: BufferPool): PagePart {
  return {
    shard,
    pages,
    keys: new Uint8Array(keys.buffer, keys.byteOffset, pages * keyBytes),
    bytes: bytes.subarray(0, pages * pageBytes),
    release: () => buffers.give(bytes),
  };
}
