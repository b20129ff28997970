import { readOrderTable } from '../../codec/order-table';
import { ShardMap } from '../../codec/shard';
import { WherryError } from '../../shared/failure';
import { pageBytes } from '../../shared/settings';

/** How a record is written; the stream room's functions, passed in by whoever composes the two rooms. */
export interface RecordFormat {
  putPageHead(target: Buffer, at: number, offset: number, name: Uint8Array | undefined): number;
  putZero(target: Buffer, at: number, offset: number, name: Uint8Array | undefined, fill: number): number;
}

/** Rebuilds the source's stream, epoch by epoch; knows the blocks' names, which travel once. */
export class StreamRebuilder {
  readonly #names: Uint8Array[] = [];
  #map: ShardMap;

  constructor(
    private readonly format: RecordFormat,
    shards: number,
  ) {
    this.#map = ShardMap.of(shards);
  }

  /** Expects pages shared out among so many shards from the next epoch on. */
  layOut(shards: number): void {
    this.#map = this.#map.resized(shards);
  }

  /**
   * The slice of the stream that one epoch stands for.
   * @param rawBytes the slice's length as the sender says
   * @param parts each shard's pages, `undefined` for a shard with none
   * @param out where it goes, `rawBytes` long; returned
   * Throws `codec` where table, parts and length do not fit each other.
   */
  rebuild(
    table: Uint8Array,
    rawBytes: number,
    parts: readonly (Buffer | undefined)[],
    out: Buffer = Buffer.allocUnsafe(rawBytes),
  ): Buffer {
    const taken = new Uint32Array(this.#map.shards);
    let at = 0;
    const room = (bytes: number): void => {
      if (at + bytes > rawBytes) throw new WherryError('codec', `an epoch longer than the ${rawBytes} bytes announced`);
    };
    const nameIf = (named: boolean, block: number): Uint8Array | undefined => (named ? this.#name(block) : undefined);
    readOrderTable(table, {
      declare: (name) => this.#declare(name),
      raw: (bytes) => {
        room(bytes.length);
        out.set(bytes, at);
        at += bytes.length;
      },
      zero: (block, offset, named, fill) => {
        const name = nameIf(named, block);
        room(9 + (name === undefined ? 0 : 1 + name.length));
        at = this.format.putZero(out, at, offset, name, fill);
      },
      page: (block, offset, named) => {
        const name = nameIf(named, block);
        room(8 + (name === undefined ? 0 : 1 + name.length) + pageBytes);
        at = this.format.putPageHead(out, at, offset, name);
        const shard = this.#map.shardOf(block, offset / pageBytes);
        const from = (taken[shard] ?? 0) * pageBytes;
        const part = parts[shard];
        if (part === undefined || from + pageBytes > part.length) {
          throw new WherryError('codec', `an epoch with more pages of shard ${shard} than came`);
        }
        part.copy(out, at, from, from + pageBytes);
        taken[shard] = (taken[shard] ?? 0) + 1;
        at += pageBytes;
      },
    });
    if (at !== rawBytes) throw new WherryError('codec', `an epoch of ${at} bytes, ${rawBytes} were announced`);
    parts.forEach((part, shard) => {
      if (part !== undefined && part.length !== (taken[shard] ?? 0) * pageBytes) {
        throw new WherryError('codec', `an epoch with fewer pages of shard ${shard} than came`);
      }
    });
    return out;
  }

  #declare(name: Uint8Array): void {
    if (this.#names.length >= 4096) throw new WherryError('codec', 'more than 4096 memory blocks');
    this.#names.push(Uint8Array.from(name));
  }

  #name(block: number): Uint8Array {
    const name = this.#names[block];
    if (name === undefined) throw new WherryError('codec', `a record in block ${block}, which was never declared`);
    return name;
  }
}
