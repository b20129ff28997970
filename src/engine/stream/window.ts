/**
 * A cursor over the bytes at hand. Bytes skipped are owed to the sink as raw and handed over in one run when
 * something else has to go first, or when the bytes at hand end.
 */
export class Window {
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #end = 0;
  #rawFrom = 0;
  #toSkip = 0;
  readonly #raw: (bytes: Uint8Array) => void;

  constructor(raw: (bytes: Uint8Array) => void) {
    this.#raw = raw;
  }

  /** Looks at `bytes` from `from` to `end`, after whatever was skipped beyond the bytes before. */
  open(bytes: Uint8Array, from: number, end: number): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = this.#rawFrom = from;
    this.#end = end;
    this.skip(this.#takeSkip());
  }

  get available(): number {
    return this.#end - this.#at;
  }

  u8(ahead: number): number {
    return this.#view.getUint8(this.#at + ahead);
  }

  u16(ahead: number): number {
    return this.#view.getUint16(this.#at + ahead);
  }

  u32(ahead: number): number {
    return this.#view.getUint32(this.#at + ahead);
  }

  /** Exact up to 2^53; above it only the order of magnitude is right. */
  u64(ahead: number): number {
    return this.u32(ahead) * 2 ** 32 + this.u32(ahead + 4);
  }

  /** A view, not a copy. */
  slice(ahead: number, length: number): Uint8Array {
    return this.#bytes.subarray(this.#at + ahead, this.#at + ahead + length);
  }

  /** Passes over bytes that the sink gets as raw; they need not have arrived yet. */
  skip(length: number): void {
    const here = Math.min(length, this.available);
    this.#at += here;
    this.#toSkip += length - here;
  }

  /** Passes over bytes that the sink has got in another form; `flush` must have come first. */
  consume(length: number): void {
    this.#at += length;
    this.#rawFrom = this.#at;
  }

  /** Hands over what was skipped since the last time. */
  flush(): void {
    if (this.#rawFrom < this.#at) this.#raw(this.#bytes.subarray(this.#rawFrom, this.#at));
    this.#rawFrom = this.#at;
  }

  #takeSkip(): number {
    const owed = this.#toSkip;
    this.#toSkip = 0;
    return owed;
  }
}
