import { returnType } from './format';

/** Longest message a destination sends, head included: QEMU's source takes no longer ones either. */
const maxMessageBytes = 4 + 512;

/** Reads along what a destination answers on the return path; what is not understood ends the reading, not the path. */
export class AnswerReader {
  #held = Buffer.alloc(0);
  #lost = false;
  #talked = false;
  #shut: number | undefined;

  /** The destination has said something: the source did ask for a return path. */
  get talked(): boolean {
    return this.#talked;
  }

  /** Its last word: 0 when it has loaded everything; absent until then. */
  get shut(): number | undefined {
    return this.#shut;
  }

  push(bytes: Uint8Array): void {
    this.#talked = true;
    if (this.#lost) return;
    this.#held = Buffer.concat([this.#held, bytes]);
    while (this.#held.length >= 4) {
      const length = 4 + this.#held.readUInt16BE(2);
      if (length > maxMessageBytes) this.#lost = true;
      if (this.#lost || this.#held.length < length) break;
      if (this.#held.readUInt16BE(0) === returnType.shut && length === 8) this.#shut = this.#held.readUInt32BE(4);
      this.#held = this.#held.subarray(length);
    }
    if (this.#lost) this.#held = Buffer.alloc(0);
  }
}
