import { pageBytes } from '../../shared/settings';
import type { BlockTable } from './blocks';
import { flagMask, ramFlag, wordBytes } from './format';
import type { OpaqueReason, StreamSink } from './sink';
import type { Window } from './window';

/** Longest zlib stream QEMU's destination takes for one page: compressBound(4096). */
export const maxCompressedBytes = 4110;
const xbzrleHeadBytes = 3;
const xbzrleType = 1;
const compressHeadBytes = 4;

/** Reads the page records of a START, PART or END. Which block was last named outlives the section. */
export class RecordReader {
  readonly #blocks: BlockTable;
  readonly #sink: StreamSink;
  #block = -1;

  constructor(blocks: BlockTable, sink: StreamSink) {
    this.#blocks = blocks;
    this.#sink = sink;
  }

  /**
   * Reads as many records as are at hand.
   * @returns 0 when EOS was passed, a positive number of bytes when the next record needs at least so many, or the
   *   reason why the next record cannot be understood (nothing of it has been passed)
   */
  read(window: Window): number | OpaqueReason {
    for (;;) {
      const { available } = window;
      if (available < wordBytes) return wordBytes;
      const low = window.u32(4);
      const flags = low & flagMask;
      if (flags === ramFlag.eos || flags === ramFlag.multifdFlush) {
        window.skip(wordBytes);
        if (flags === ramFlag.eos) return 0;
        continue;
      }
      const kind = flags & ~ramFlag.continue;
      if (!isRecord(kind)) return 'record-unknown';
      const named = kind === flags;
      const head = named ? namedHeadBytes(window) : wordBytes;
      if (available < head) return head;
      const block = named ? this.#blocks.find(window.slice(wordBytes + 1, head - wordBytes - 1)) : this.#block;
      if (block < 0) return 'block-unknown';
      const offset = window.u32(0) * 2 ** 32 + (low - flags);
      if (offset > this.#blocks.usedBytes(block) - pageBytes) return 'page-offset';
      const payload = payloadBytes(window, kind, head);
      if (payload < 0) return 'record-unknown';
      if (available < head + payload) return head + payload;
      this.#block = block;
      this.#pass(window, kind, offset, named, head, payload);
    }
  }

  #pass(window: Window, kind: number, offset: number, named: boolean, head: number, payload: number): void {
    if (kind === ramFlag.page) {
      window.flush();
      this.#sink.page(this.#block, offset, named, window.slice(head, payload));
    } else if (kind === ramFlag.zero) {
      window.flush();
      this.#sink.zero(this.#block, offset, named, window.u8(head));
    } else {
      window.skip(head + payload);
      return;
    }
    window.consume(head + payload);
  }
}

function isRecord(kind: number): boolean {
  return kind === ramFlag.page || kind === ramFlag.zero || kind === ramFlag.xbzrle || kind === ramFlag.compressPage;
}

/** Bytes of the word and the name behind it, as far as can be told yet. */
function namedHeadBytes(window: Window): number {
  const head = wordBytes + 1;
  return window.available < head ? head : head + window.u8(wordBytes);
}

/** Bytes behind a record's head, or as many as tell how many there are; -1 for a record that QEMU does not write. */
function payloadBytes(window: Window, kind: number, head: number): number {
  switch (kind) {
    case ramFlag.page:
      return pageBytes;
    case ramFlag.zero:
      return 1;
    case ramFlag.xbzrle: {
      if (window.available < head + xbzrleHeadBytes) return xbzrleHeadBytes;
      const length = window.u16(head + 1);
      return window.u8(head) === xbzrleType && length <= pageBytes ? xbzrleHeadBytes + length : -1;
    }
    case ramFlag.compressPage: {
      if (window.available < head + compressHeadBytes) return compressHeadBytes;
      const length = window.u32(head);
      return length <= maxCompressedBytes ? compressHeadBytes + length : -1;
    }
    default:
      return -1;
  }
}
