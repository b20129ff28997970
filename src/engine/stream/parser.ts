import { BlockTable } from './blocks';
import { maxNameBytes, wordBytes } from './format';
import { StreamGrammar, records } from './grammar';
import { maxCompressedBytes, RecordReader } from './records';
import type { OpaqueReason, StreamPhase, StreamSink } from './sink';
import { Window } from './window';

export type { OpaqueReason, StreamPhase, StreamSink } from './sink';

/** The longest piece that is looked at as a whole: a named record with the longest compressed page. */
const maxPieceBytes = wordBytes + 1 + maxNameBytes + 4 + maxCompressedBytes;

/**
 * Finds the pages in a QEMU migration stream that arrives in chunks of any size. The sink's calls, written out in
 * order (`putPageHead` and the page, `putZero`, raw bytes), are the stream byte for byte whatever it holds: what is
 * not understood makes the rest raw, never an error. A chunk is copied only where a piece lies across its end, and
 * bytes of whole pieces are never held back.
 */
export class StreamParser {
  readonly #sink: StreamSink;
  readonly #window: Window;
  readonly #grammar: StreamGrammar;
  readonly #steps: Generator<number, OpaqueReason, void>;
  readonly #records: RecordReader;
  /** The beginning of a piece whose rest has not come yet. */
  readonly #carry = new Uint8Array(maxPieceBytes);
  #held = 0;
  /** Bytes the piece in `#carry` needs at least. */
  #need = 0;
  #want: number;

  constructor(sink: StreamSink) {
    const blocks = new BlockTable();
    this.#sink = sink;
    this.#window = new Window((bytes) => sink.raw(bytes));
    this.#grammar = new StreamGrammar(this.#window, blocks, sink);
    this.#records = new RecordReader(blocks, sink);
    this.#steps = this.#grammar.stream();
    this.#want = wordBytes;
    this.#advance();
  }

  get phase(): StreamPhase {
    return this.#grammar.phase;
  }

  /** Bytes held back until the rest of their piece arrives; never more than one record. */
  get heldBytes(): number {
    return this.#held;
  }

  /** Takes the next bytes; the chunk is the caller's again afterwards. */
  push(chunk: Uint8Array): void {
    const window = this.#window;
    let at = 0;
    while (this.#held > 0 && at < chunk.length) {
      const take = Math.min(this.#need - this.#held, chunk.length - at);
      this.#carry.set(chunk.subarray(at, at + take), this.#held);
      this.#held += take;
      at += take;
      if (this.#held < this.#need) return;
      this.#run(this.#carry, 0, this.#held);
      this.#carry.copyWithin(0, this.#held - window.available, this.#held);
      this.#held = window.available;
    }
    if (at === chunk.length) return;
    this.#run(chunk, at, chunk.length);
    this.#held = window.available;
    this.#carry.set(window.slice(0, this.#held));
  }

  /** The stream is over: what is held of a piece goes out raw. */
  end(): void {
    if (this.phase === 'opaque') return;
    this.#window.open(this.#carry, 0, this.#held);
    this.#held = 0;
    this.#goOpaque('truncated');
    this.#window.flush();
  }

  #run(bytes: Uint8Array, from: number, end: number): void {
    const window = this.#window;
    window.open(bytes, from, end);
    while (this.phase !== 'opaque') {
      if (this.#want === records) {
        const outcome = this.#records.read(window);
        if (typeof outcome === 'string') this.#goOpaque(outcome);
        else if (outcome === 0) this.#advance();
        else {
          this.#need = outcome;
          break;
        }
      } else if (window.available < this.#want) {
        this.#need = this.#want;
        break;
      } else this.#advance();
    }
    if (this.phase === 'opaque') window.skip(window.available);
    window.flush();
  }

  /** Lets the grammar look at what it wanted. */
  #advance(): void {
    const step = this.#steps.next();
    if (step.done) this.#goOpaque(step.value);
    else this.#want = step.value;
  }

  #goOpaque(reason: OpaqueReason): void {
    this.#window.flush();
    this.#grammar.phase = 'opaque';
    this.#sink.opaque(reason);
    this.#window.skip(this.#window.available);
  }
}
