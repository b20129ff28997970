import type { XXHashAPI } from 'xxhash-wasm';
import { maxEpochBytes } from '../../codec/order-table';
import { WherryError } from '../../shared/failure';
import type { DecompressPool, ReceivedPart } from './decompress-pool';
import type { StreamRebuilder } from './rebuild';

/** Epochs announced and not yet rebuilt; a sender that obeys its in-flight bound never comes near. */
const maxPending = 64;

/** An epoch's head with its table still as it travelled. */
export interface AnnouncedEpoch {
  readonly number: number;
  readonly rawBytes: number;
  readonly digest: bigint;
  readonly parts: number;
  readonly table: Promise<Uint8Array>;
}

interface Pending extends AnnouncedEpoch {
  readonly pages: (Promise<Buffer> | undefined)[];
  arrived: number;
  readonly complete: () => void;
}

/**
 * Puts epochs together again: parts decode in parallel as they arrive, epochs leave in order, and none leaves whose
 * bytes are not exactly those the sender took from the source.
 */
export class EpochAssembler {
  readonly #pending = new Map<number, Pending>();
  #last = 0;
  #chain: Promise<void> = Promise.resolve();
  /** Stream bytes announced and not yet given to `emit`'s end. */
  pendingBytes = 0;

  constructor(
    private readonly hasher: XXHashAPI,
    private readonly pool: Pick<DecompressPool, 'decode' | 'buffers'>,
    private readonly rebuilder: StreamRebuilder,
    private readonly shards: number,
    /** Takes an epoch's bytes; resolves when the next may come. */
    private readonly emit: (bytes: Buffer, epoch: number) => Promise<void>,
    /** More than once, perhaps: the first is the cause. */
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Throws `wire-protocol` for an epoch out of order or out of bounds. */
  announce(epoch: AnnouncedEpoch): void {
    const { number, rawBytes, parts, table } = epoch;
    table.catch(this.onFailure);
    if (number !== this.#last + 1) throw refused(`epoch ${number} after epoch ${this.#last}`);
    if (rawBytes < 1 || rawBytes > maxEpochBytes) throw refused(`epoch of ${rawBytes} bytes`);
    if (parts > this.shards) throw refused(`epoch of ${parts} parts for ${this.shards} shards`);
    if (this.#pending.size >= maxPending) throw refused(`more than ${maxPending} epochs at once`);
    this.#last = number;
    this.pendingBytes += rawBytes;
    let complete = (): void => undefined;
    const whole = new Promise<void>((resolve) => (complete = resolve));
    const pending: Pending = { ...epoch, pages: [], arrived: 0, complete };
    this.#pending.set(number, pending);
    if (parts === 0) complete();
    this.#chain = this.#chain.then(() => whole).then(() => this.#finish(pending));
    this.#chain.catch(this.onFailure);
  }

  /** Throws `wire-protocol` for a part nobody announced, or that came already. */
  part(number: number, part: ReceivedPart): void {
    const pending = this.#pending.get(number);
    const { shard } = part;
    if (pending === undefined || pending.arrived === pending.parts) throw refused(`a part too many, epoch ${number}`);
    if (shard >= this.shards || pending.pages[shard] !== undefined)
      throw refused(`part of shard ${shard}, twice or none`);
    const pages = this.pool.decode(part);
    pages.catch(this.onFailure);
    pending.pages[shard] = pages;
    pending.arrived += 1;
    if (pending.arrived === pending.parts) pending.complete();
  }

  /** Resolves when everything announced so far has been emitted. */
  drained(): Promise<void> {
    return this.#chain;
  }

  async #finish({ number, rawBytes, digest, table, pages }: Pending): Promise<void> {
    const parts = await Promise.all(Array.from(pages, (part) => part ?? Promise.resolve(undefined)));
    const bytes = this.rebuilder.rebuild(await table, rawBytes, parts, this.pool.buffers.take(rawBytes));
    for (const part of parts) if (part !== undefined) this.pool.buffers.give(part);
    const got = this.hasher.h64Raw(bytes);
    if (got !== digest) {
      throw new WherryError(
        'wire-digest',
        `epoch ${number}: digest ${got.toString(16)} after decoding, ${digest.toString(16)} at the source`,
      );
    }
    await this.emit(bytes, number);
    this.#pending.delete(number);
    this.pendingBytes -= rawBytes;
  }
}

function refused(message: string): WherryError {
  return new WherryError('wire-protocol', message);
}
