import { WherryError } from '../shared/failure';
import { pageBytes } from '../shared/settings';
import { ByteReader } from './byte-reader';
import { ByteWriter } from './byte-writer';

/*
 * An epoch's order table: which items stood in the stream in which order, so that the receiver can rebuild it byte for
 * byte around the pages that travel in parts. Runs of neighbouring records cost a few bytes, a lone page about three.
 * Page numbers are signed distances from where the last run of this epoch ended; each epoch starts at block 0, page 0.
 * Operation 0 is invalid on purpose.
 */
const op = {
  /** varint length, bytes: carried verbatim. */
  raw: 1,
  /** signed distance, varint count: unnamed full pages. */
  pages: 2,
  /** signed distance, varint count: unnamed zero records of fill 0. */
  zeros: 3,
  /** varint index: what follows is in this block. */
  block: 4,
  /** u8 length, name: the next block's name; indices count from 0 over the whole migration. */
  declare: 5,
  /** signed distance: one full page whose record names its block. */
  namedPage: 6,
  /** signed distance, u8 fill. */
  namedZero: 7,
  /** signed distance, u8 fill: an unnamed zero record of another fill. */
  filled: 8,
} as const;

/** Longest slice of the source's stream that one epoch may stand for, bytes. */
export const maxEpochBytes = 4 * 2 ** 20;

/** Epochs a receiver has in hand at most, announced or only begun; a sender is never more than half of that ahead. */
export const maxPendingEpochs = 64;

/**
 * Longest table of one epoch: all raw needs as many bytes as the epoch has, and a stream that comes in crumbs a few
 * for each. The builder cuts before a table grows beyond this, the receiver refuses what is longer.
 */
export const maxTableBytes = maxEpochBytes + 2 ** 20;

/** Records as the parser sees them, in stream order; `offset` in bytes inside the block. */
export interface OrderVisitor {
  declare(name: Uint8Array): void;
  page(block: number, offset: number, named: boolean): void;
  zero(block: number, offset: number, named: boolean, fill: number): void;
  raw(bytes: Uint8Array): void;
}

/** Writes one epoch's table after the other. */
export class OrderTableWriter implements OrderVisitor {
  readonly #out = new ByteWriter();
  #block = 0;
  #next = 0;
  #run: { readonly op: 2 | 3; readonly start: number; count: number } | undefined;
  #zeroBytes = 0;

  /** Bytes the table has so far, but for a run that is still open. */
  get length(): number {
    return this.#out.length;
  }

  declare(name: Uint8Array): void {
    this.#endRun();
    this.#out.u8(op.declare);
    this.#out.u8(name.length);
    this.#out.bytes(name);
  }

  page(block: number, offset: number, named: boolean): void {
    const page = offset / pageBytes;
    if (!named) return this.#extend(op.pages, block, page);
    this.#single(op.namedPage, block, page);
  }

  zero(block: number, offset: number, named: boolean, fill: number): void {
    const page = offset / pageBytes;
    if (!named && fill === 0) return this.#extend(op.zeros, block, page);
    this.#enter(block);
    const before = this.#out.length;
    this.#single(named ? op.namedZero : op.filled, block, page);
    this.#out.u8(fill);
    this.#zeroBytes += this.#out.length - before;
  }

  raw(bytes: Uint8Array): void {
    this.#endRun();
    this.#out.u8(op.raw);
    this.#out.varint(bytes.length);
    this.#out.bytes(bytes);
  }

  /** The table, and how many of its bytes stand for zero pages; the next one begins. */
  take(): { readonly table: Buffer; readonly zeroBytes: number } {
    this.#endRun();
    const zeroBytes = this.#zeroBytes;
    this.#block = 0;
    this.#next = 0;
    this.#zeroBytes = 0;
    return { table: this.#out.take(), zeroBytes };
  }

  #extend(kind: 2 | 3, block: number, page: number): void {
    const run = this.#run;
    if (run !== undefined && run.op === kind && block === this.#block && page === run.start + run.count) {
      run.count += 1;
      return;
    }
    this.#enter(block);
    this.#run = { op: kind, start: page, count: 1 };
  }

  #single(kind: number, block: number, page: number): void {
    this.#enter(block);
    this.#out.u8(kind);
    this.#out.signed(page - this.#next);
    this.#next = page + 1;
  }

  #enter(block: number): void {
    this.#endRun();
    if (block === this.#block) return;
    this.#out.u8(op.block);
    this.#out.varint(block);
    this.#block = block;
    this.#next = 0;
  }

  #endRun(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    const before = this.#out.length;
    this.#out.u8(run.op);
    this.#out.signed(run.start - this.#next);
    this.#out.varint(run.count);
    if (run.op === op.zeros) this.#zeroBytes += this.#out.length - before;
    this.#next = run.start + run.count;
  }
}

/** Most items one epoch may hold; a zero record is nine stream bytes, so 4 MiB holds fewer. */
const maxItems = 2 ** 20;

/** Walks a table; throws `codec` for anything a writer would not write. The visitor bounds what it builds from it. */
export function readOrderTable(table: Uint8Array, visitor: OrderVisitor): void {
  const reader = new ByteReader(table);
  let block = 0;
  let next = 0;
  let items = 0;
  const run = (count: number, visit: (offset: number) => void): void => {
    items += count;
    if (items > maxItems) throw new WherryError('codec', `a table of more than ${maxItems} items`);
    for (let i = 0; i < count; i++) visit((next + i) * pageBytes);
    next += count;
  };
  const seek = (): void => {
    next += reader.signed();
    if (next < 0 || next > 2 ** 36) throw new WherryError('codec', `a table names page ${next}`);
  };
  while (reader.left > 0) {
    const kind = reader.u8();
    if (kind === op.raw) visitor.raw(reader.bytes(reader.varint()));
    else if (kind === op.declare) visitor.declare(reader.bytes(reader.u8()));
    else if (kind === op.block) [block, next] = [reader.varint(), 0];
    else if (kind >= op.pages && kind <= op.filled) {
      seek();
      if (kind === op.pages) run(reader.varint(), (offset) => visitor.page(block, offset, false));
      else if (kind === op.zeros) run(reader.varint(), (offset) => visitor.zero(block, offset, false, 0));
      else if (kind === op.namedPage) run(1, (offset) => visitor.page(block, offset, true));
      else {
        const fill = reader.u8();
        run(1, (offset) => visitor.zero(block, offset, kind === op.namedZero, fill));
      }
    } else throw new WherryError('codec', `a table with operation ${kind}`);
  }
}
