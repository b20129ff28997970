import { pageBytes } from '../../shared/settings';
import { putPageHead, putZero, recordHeadBytes } from './format';
import type { StreamSink } from './sink';

/** Rebuilds a stream's bytes from a parser's calls; each run of bytes handed to `write` is fresh and the receiver's own. */
export class StreamSerialiser implements StreamSink {
  readonly #names: Uint8Array[] = [];
  readonly #write: (bytes: Buffer) => void;

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write;
  }

  block(index: number, name: Uint8Array): void {
    this.#names[index] = name;
  }

  page(block: number, offset: number, named: boolean, page: Uint8Array): void {
    const name = named ? this.#names[block] : undefined;
    const record = Buffer.allocUnsafe(recordHeadBytes(name) + pageBytes);
    record.set(page, putPageHead(record, 0, offset, name));
    this.#write(record);
  }

  zero(block: number, offset: number, named: boolean, fill: number): void {
    const name = named ? this.#names[block] : undefined;
    const record = Buffer.allocUnsafe(recordHeadBytes(name) + 1);
    putZero(record, 0, offset, name, fill);
    this.#write(record);
  }

  raw(bytes: Uint8Array): void {
    this.#write(Buffer.from(bytes));
  }

  opaque(): void {}
}
