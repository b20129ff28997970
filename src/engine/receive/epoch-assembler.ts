import type { XXHashAPI } from 'xxhash-wasm';
import { maxEpochBytes, maxPendingEpochs } from '../../codec/order-table';
import { WherryError } from '../../shared/failure';
import { pageBytes } from '../../shared/settings';
import type { DecompressPool, ReceivedPart } from './decompress-pool';
import type { StreamRebuilder } from './rebuild';
import { ShardOrder } from './shard-order';

/** Bytes of parts of epochs not yet rebuilt; what a sender's own bounds let it have on the way is a fraction of that. */
const maxHeldBytes = 128 * 2 ** 20;

/** A frame's body is a view of what came with it; one that is kept must not keep much more than itself. */
const wasteFactor = 4;

/** An epoch's head with its table still as it travelled. */
export interface AnnouncedEpoch {
  readonly number: number;
  readonly rawBytes: number;
  readonly digest: bigint;
  /** Shards that contribute a part, ascending. */
  readonly shards: readonly number[];
  /** Of the table as it is to be. */
  readonly tableBytes: number;
  /** Unpacks the table; called once, when nothing is wrong with the rest. */
  readonly table: () => Promise<Uint8Array>;
}

/** An epoch of which something has come: its head, or parts that were faster than it. */
interface Pending {
  /** Shards whose part has come. */
  readonly come: Set<number>;
  /** What they take up, packed or not. */
  bytes: number;
  /** What its table does. */
  tableBytes: number;
  /** Parts from before the head. */
  early: ReceivedPart[];
  /** Absent until it is announced. */
  shards?: ReadonlySet<number>;
  readonly decoded: (Promise<Buffer> | undefined)[];
  /** Parts that the decompress threads have been given. */
  started: number;
  readonly whole: Promise<void>;
  readonly complete: () => void;
}

/**
 * Puts epochs together again. Heads come in order, parts in any order and from anywhere. A shard's parts are decoded in
 * the order of their epochs, since each stands on the pages of the one before; epochs leave in order, and none leaves
 * whose bytes are not exactly those the sender took from the source.
 */
export class EpochAssembler {
  readonly #pending = new Map<number, Pending>();
  #order: ShardOrder;
  #announced = 0;
  #emitted = 0;
  #heldBytes = 0;
  #chain: Promise<void> = Promise.resolve();
  /** Stream bytes announced and not yet given to `emit`'s end. */
  pendingBytes = 0;

  constructor(
    private readonly hasher: XXHashAPI,
    private readonly pool: Pick<DecompressPool, 'decode' | 'buffers'>,
    private readonly rebuilder: Pick<StreamRebuilder, 'rebuild' | 'layOut'>,
    private shards: number,
    /** Takes an epoch's bytes; resolves when the next may come. */
    private readonly emit: (bytes: Buffer, epoch: number) => Promise<void>,
    /** More than once, perhaps: the first is the cause. */
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.#order = new ShardOrder(shards);
  }

  /** The next epoch has all its parts: it does not take more from the wire for it to leave. */
  get nextIsWhole(): boolean {
    const next = this.#pending.get(this.#emitted + 1);
    return next?.shards !== undefined && next.started === next.shards.size;
  }

  /** Throws `wire-protocol` for an epoch out of order or out of bounds. */
  announce(epoch: AnnouncedEpoch): void {
    const { number, rawBytes, shards, tableBytes } = epoch;
    if (number !== this.#announced + 1) throw refused(`epoch ${number} after epoch ${this.#announced}`);
    if (rawBytes < 1 || rawBytes > maxEpochBytes) throw refused(`epoch of ${rawBytes} bytes`);
    const sorted = shards.every((shard, at) => shard < this.shards && (at === 0 || shard > (shards[at - 1] as number)));
    if (!sorted) throw refused(`epoch with parts of shards ${shards.join(', ')}, there are ${this.shards}`);
    const pending = this.#at(number);
    this.#hold(tableBytes);
    pending.tableBytes = tableBytes;
    this.#announced = number;
    this.pendingBytes += rawBytes;
    const table = epoch.table();
    table.catch(this.onFailure);
    pending.shards = new Set(shards);
    for (const shard of shards) this.#order.expect(shard, number);
    for (const part of pending.early.splice(0)) this.#admit(number, part, pending);
    if (shards.length === 0) pending.complete();
    this.#chain = this.#chain.then(() => pending.whole).then(() => this.#finish(epoch, pending, table));
    this.#chain.catch(this.onFailure);
  }

  /** Throws `wire-protocol` for a part of an epoch that is over or far ahead, that came already, or that is too much. */
  part(number: number, part: ReceivedPart): void {
    const { shard, pages, frame } = part;
    const pending = this.#at(number);
    if (pending.come.has(shard)) throw refused(`a second part of shard ${shard}, epoch ${number}`);
    const bytes = Math.max(frame.length, pages * pageBytes);
    pending.bytes += bytes;
    this.#hold(bytes);
    if (pending.bytes > maxEpochBytes) throw refused(`${pending.bytes} bytes in the parts of epoch ${number}`);
    pending.come.add(shard);
    const own = { ...part, frame: ownBytes(frame) };
    if (pending.shards === undefined) pending.early.push(own);
    else this.#admit(number, own, pending);
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes;
    if (this.#heldBytes > maxHeldBytes) throw refused(`${this.#heldBytes} bytes in parts and tables at once`);
  }

  /** Expects so many shards from the next epoch on; throws `wire-protocol` while one is under way. */
  layOut(shards: number): void {
    if (this.#pending.size > 0) throw refused(`a layout while epoch ${this.#announced} is under way`);
    this.shards = shards;
    this.#order = new ShardOrder(shards);
    this.rebuilder.layOut(shards);
  }

  /** Resolves when everything announced so far has been emitted. */
  drained(): Promise<void> {
    return this.#chain;
  }

  /** An epoch that is under way or the far end may be at. */
  #at(number: number): Pending {
    const first = this.#emitted + 1;
    const last = this.#emitted + maxPendingEpochs;
    if (number < first || number > last) throw refused(`epoch ${number}, expected one from ${first} to ${last}`);
    let pending = this.#pending.get(number);
    if (pending === undefined) this.#pending.set(number, (pending = newPending()));
    return pending;
  }

  /** A part of an announced epoch is here: it is decoded as soon as those of its shard before it are. */
  #admit(number: number, part: ReceivedPart, pending: Pending): void {
    const { shard } = part;
    if (pending.shards?.has(shard) !== true) throw refused(`a part of shard ${shard}, which epoch ${number} has not`);
    this.#order.ready(shard, number, () => {
      const decoded = this.pool.decode(part);
      decoded.catch(this.onFailure);
      pending.decoded[shard] = decoded;
      pending.started += 1;
      if (pending.started === pending.shards?.size) pending.complete();
    });
  }

  async #finish(
    { number, rawBytes, digest }: AnnouncedEpoch,
    { decoded, bytes: held, tableBytes }: Pending,
    table: Promise<Uint8Array>,
  ): Promise<void> {
    const parts = await Promise.all(Array.from(decoded, (part) => part ?? Promise.resolve(undefined)));
    const bytes = this.rebuilder.rebuild(await table, rawBytes, parts, this.pool.buffers.take(rawBytes));
    for (const part of parts) if (part !== undefined) this.pool.buffers.give(part);
    const got = this.hasher.h64Raw(bytes);
    if (got !== digest) {
      throw new WherryError(
        'wire-digest',
        `epoch ${number}: digest ${got.toString(16)} after decoding, ${digest.toString(16)} at the source`,
      );
    }
    this.#pending.delete(number);
    this.#emitted = number;
    this.#heldBytes -= held + tableBytes;
    await this.emit(bytes, number);
    this.pendingBytes -= rawBytes;
  }
}

function newPending(): Pending {
  let complete = (): void => undefined;
  const whole = new Promise<void>((resolve) => (complete = resolve));
  return { come: new Set(), bytes: 0, tableBytes: 0, early: [], decoded: [], started: 0, whole, complete };
}

function ownBytes(frame: Buffer): Buffer {
  if (frame.length * wasteFactor >= frame.buffer.byteLength) return frame;
  const own = Buffer.allocUnsafeSlow(frame.length);
  frame.copy(own);
  return own;
}

function refused(message: string): WherryError {
  return new WherryError('wire-protocol', message);
}
