import { WherryError } from '../../shared/failure';

/** Longest line accepted, bytes; QEMU's longest replies (the whole schema) are well under 1 MiB. */
export const maxLineBytes = 16 * 2 ** 20;

const newline = 0x0a;

/** Cuts a byte stream into lines. */
export class LineSplitter {
  #parts: Buffer[] = [];
  #held = 0;

  /**
   * Takes the next bytes and returns the lines they complete, without line ends, blank ones left out.
   * @throws WherryError `qmp-protocol` when a line is longer than `maxLineBytes`
   */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      this.#hold(chunk.subarray(from, end));
      const line = Buffer.concat(this.#parts).toString('utf8').trim();
      if (line !== '') lines.push(line);
      this.#parts = [];
      this.#held = 0;
      from = end + 1;
    }
    this.#hold(chunk.subarray(from));
    return lines;
  }

  #hold(bytes: Buffer): void {
    this.#held += bytes.length;
    if (this.#held > maxLineBytes) {
      throw new WherryError('qmp-protocol', `expected QMP lines of up to ${maxLineBytes} bytes, got a longer one`);
    }
    if (bytes.length > 0) this.#parts.push(bytes);
  }
}
