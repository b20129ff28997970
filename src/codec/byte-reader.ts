import { WherryError } from '../shared/failure';

/** Reads what `ByteWriter` wrote; whatever does not add up is a `codec` failure, never a read past the end. */
export class ByteReader {
  #at = 0;

  constructor(private readonly source: Uint8Array) {}

  get left(): number {
    return this.source.length - this.#at;
  }

  u8(): number {
    const byte = this.source[this.#at];
    if (byte === undefined) throw new WherryError('codec', 'a table ends in the middle of an entry');
    this.#at += 1;
    return byte;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw new WherryError('codec', 'a table holds a number over 2^53');
  }

  signed(): number {
    const value = this.varint();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  bytes(length: number): Uint8Array {
    if (length > this.left) throw new WherryError('codec', `a table with ${this.left} bytes left, ${length} expected`);
    this.#at += length;
    return this.source.subarray(this.#at - length, this.#at);
  }
}
