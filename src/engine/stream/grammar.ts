import { pageBytes } from '../../shared/settings';
import type { BlockTable } from './blocks';
import {
  command,
  flagMask,
  maxNameBytes,
  ramFlag,
  ramSectionName,
  ramSectionVersion,
  sectionType,
  streamMagic,
  streamVersion,
  wordBytes,
} from './format';
import type { OpaqueReason, StreamPhase, StreamSink } from './sink';
import type { Window } from './window';

/** What a step wants before it goes on: so many bytes at hand, or (`records`) that the records up to EOS are read. */
type Want = number;
export const records = 0;

/** Ends with the reason to go opaque, or with nothing when the part was understood. */
type Part = Generator<Want, OpaqueReason | undefined, void>;

const earlyDeviceSuffix = '/virtio-mem-device-early';
const earlyDeviceVersion = 1;

/**
 * The stream's grammar outside the page records, written as it is read from top to bottom. Every part looks at its
 * bytes first and skips them only once they are understood.
 */
export class StreamGrammar {
  phase: StreamPhase = 'header';
  readonly #window: Window;
  readonly #blocks: BlockTable;
  readonly #sink: StreamSink;
  #ramId: number | undefined;
  /** Undefined until the first section is over: machine types up to 2.3 write none. */
  #footers: boolean | undefined;
  #iterated = false;
  #ignoreShared = false;
  /** The list may carry page sizes, and nothing in the stream says for which blocks. */
  #hugePages = false;

  constructor(window: Window, blocks: BlockTable, sink: StreamSink) {
    this.#window = window;
    this.#blocks = blocks;
    this.#sink = sink;
  }

  /** The whole stream; returns why the rest is opaque. */
  *stream(): Generator<Want, OpaqueReason, void> {
    const window = this.#window;
    yield 8;
    if (window.u32(0) !== streamMagic || window.u32(4) !== streamVersion) return 'header';
    window.skip(8);
    this.phase = 'configuration';
    yield 1;
    if (window.u8(0) === sectionType.configuration) {
      const refusal = yield* this.#configuration();
      if (refusal !== undefined) return refusal;
    }
    for (;;) {
      this.phase = 'sections';
      yield 1;
      const section = this.#section(window.u8(0));
      if (section === undefined) return 'section-unknown';
      const refusal = yield* section;
      if (refusal !== undefined) return refusal;
    }
  }

  #section(type: number): Part | undefined {
    switch (type) {
      case sectionType.command:
        return this.#command();
      case sectionType.start:
        return this.#ramStart();
      case sectionType.part:
      case sectionType.end:
        return this.#ramIteration(type);
      case sectionType.full:
        return this.#earlyDevice();
      default:
        return undefined;
    }
  }

  /** The machine's name, then subsections as long as the next byte announces one: there is no length over all. */
  *#configuration(): Part {
    const window = this.#window;
    yield 5;
    const nameBytes = window.u32(1);
    if (nameBytes > maxNameBytes) return 'configuration';
    yield 5 + nameBytes;
    window.skip(5 + nameBytes);
    for (;;) {
      yield 1;
      if (window.u8(0) !== sectionType.subsection) return undefined;
      const refusal = yield* this.#subsection();
      if (refusal !== undefined) return refusal;
    }
  }

  *#subsection(): Part {
    const window = this.#window;
    yield 2;
    const head = 2 + window.u8(1) + 4;
    yield head;
    const name = text(window, 2, head - 6);
    if (window.u32(head - 4) !== 1) return 'configuration';
    if (name === 'configuration/capabilities') return yield* this.#capabilities(head);
    if (name === 'configuration/uuid') {
      window.skip(head + 16);
      return undefined;
    }
    if (name !== 'configuration/target-page-bits') return 'configuration';
    yield head + 4;
    if (2 ** window.u32(head) !== pageBytes) return 'page-size';
    window.skip(head + 4);
    return undefined;
  }

  *#capabilities(head: number): Part {
    const window = this.#window;
    yield head + 4;
    const count = window.u32(head);
    window.skip(head + 4);
    for (let seen = 0; seen < count; seen++) {
      yield 1;
      yield 1 + window.u8(0);
      const name = text(window, 1, window.u8(0));
      if (name === 'x-ignore-shared') this.#ignoreShared = true;
      else return 'capability';
      window.skip(1 + name.length);
    }
    return undefined;
  }

  *#command(): Part {
    const window = this.#window;
    yield 5;
    const number = window.u16(1);
    const length = window.u16(3);
    if (!commandLengths.get(number)?.includes(length)) return 'command-unknown';
    yield 5 + length;
    if (number === command.postcopyAdvise && length > 0 && window.u64(5) !== pageBytes) this.#hugePages = true;
    window.skip(5 + length);
    return undefined;
  }

  /** A START; only that of `ram` can be read, and only once. */
  *#ramStart(): Part {
    const window = this.#window;
    const head = yield* this.#sectionHead();
    if (text(window, 6, head - 14) !== ramSectionName || this.#ramId !== undefined) return 'section-unknown';
    if (window.u32(head - 4) !== ramSectionVersion) return 'ram-version';
    if (this.#hugePages) return 'page-size';
    this.#ramId = window.u32(1);
    window.skip(head);
    this.phase = 'ram';
    return (yield* this.#blockList()) ?? (yield* this.#recordsAndFooter(this.#ramId));
  }

  *#blockList(): Part {
    const window = this.#window;
    yield wordBytes;
    if ((window.u32(4) & flagMask) !== ramFlag.memSize) return 'block-list';
    let rest = window.u64(0) - ramFlag.memSize;
    if (!Number.isSafeInteger(rest)) return 'block-list';
    window.skip(wordBytes);
    while (rest > 0) {
      yield 1;
      const nameBytes = window.u8(0);
      const entryBytes = 1 + nameBytes + 8 + (this.#ignoreShared ? 8 : 0);
      yield entryBytes;
      const usedBytes = window.u64(1 + nameBytes);
      if (usedBytes > rest) return 'block-list';
      const name = Uint8Array.from(window.slice(1, nameBytes)); // `slice` of a Buffer would be a view
      const index = this.#blocks.add(name, usedBytes);
      if (index < 0) return 'block-list';
      this.#sink.block(index, name, usedBytes);
      rest -= usedBytes;
      window.skip(entryBytes);
    }
    return undefined;
  }

  *#ramIteration(type: number): Part {
    const window = this.#window;
    yield 5;
    const id = window.u32(1);
    if (id !== this.#ramId) return 'section-unknown';
    window.skip(5);
    this.phase = 'ram';
    this.#iterated = true;
    const refusal = yield* this.#recordsAndFooter(id);
    return refusal ?? (type === sectionType.end ? 'ram-end' : undefined);
  }

  /** Since QEMU 8.0 virtio-mem says during setup which of its blocks are plugged. */
  *#earlyDevice(): Part {
    const window = this.#window;
    if (this.#iterated) return 'device-state';
    const head = yield* this.#sectionHead();
    if (!text(window, 6, head - 14).endsWith(earlyDeviceSuffix)) return 'device-state';
    if (window.u32(head - 4) !== earlyDeviceVersion) return 'device-state';
    const id = window.u32(1);
    const fixedBytes = 8 + 8 + 8 + 4 + 8;
    yield head + fixedBytes;
    const bitmapWords = Math.ceil(Math.ceil(window.u64(head + 8) / window.u64(head + 16)) / 64);
    if (!Number.isSafeInteger(bitmapWords * 8)) return 'device-state';
    window.skip(head + fixedBytes + bitmapWords * 8);
    return yield* this.#footer(id);
  }

  /** Type, id, name, instance and version; leaves them unskipped and returns their length. */
  *#sectionHead(): Generator<Want, number, void> {
    yield 6;
    const head = 6 + this.#window.u8(5) + 8;
    yield head;
    return head;
  }

  *#recordsAndFooter(id: number): Part {
    yield records;
    return yield* this.#footer(id);
  }

  *#footer(id: number): Part {
    const window = this.#window;
    if (this.#footers === false) return undefined;
    yield 1;
    const present = window.u8(0) === sectionType.footer;
    this.#footers ??= present;
    if (!this.#footers) return undefined;
    if (!present) return 'footer';
    yield 5;
    if (window.u32(1) !== id) return 'footer';
    window.skip(5);
    return undefined;
  }
}

/** The commands of a plain precopy and how many bytes of data each may have. */
const commandLengths: ReadonlyMap<number, readonly number[]> = new Map([
  [command.openReturnPath, [0]],
  [command.ping, [4]],
  [command.postcopyAdvise, [0, 16]],
  [command.switchoverStart, [0]],
]);

function text(window: Window, ahead: number, length: number): string {
  return String.fromCharCode(...window.slice(ahead, length));
}
