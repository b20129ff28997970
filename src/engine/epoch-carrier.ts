import { performance } from 'node:perf_hooks';
import { methodTable } from '../codec/methods';
import type { Method } from '../shared/settings';
import type { CompressPool, EncodedPart } from './dispatch/compress-pool';
import type { Epoch } from './dispatch/epoch-builder';
import type { MethodChoice } from './method-choice';
import { RatioSampler, type RatioSample } from './ratio-sampler';
import { countPart, countTable, type SenderCounters } from './sender-stats';
import { Stopwatch } from './stopwatch';
import { epochBody, partBody } from './wire/epoch-frame';
import type { PacedWriter } from './wire/paced-writer';

/** Tables shorter than this go as they are. */
const minPackedTableBytes = 512;

/** Who encodes parts, by what method, and what is counted. */
export interface EpochCarrierOptions {
  readonly pool: Pick<CompressPool, 'encode'>;
  readonly choice: Pick<MethodChoice, 'way' | 'note'>;
  readonly counters: SenderCounters;
  /** Whether nothing is compressed, by the settings in force. */
  readonly isPlainMethod: () => boolean;
}

/** Has epochs encoded and gives them to the wire in their order; knows for how long the wire waited for the encoding. */
export class EpochCarrier {
  readonly #sampler = new RatioSampler();
  readonly #compressing = new Stopwatch();
  /** A part is waited for; frames that are not written yet. */
  #wanting = false;
  #unwritten = 0;

  constructor(private readonly options: EpochCarrierOptions) {}

  /** Time in which a part was waited for and nothing was being written, ms. */
  get compressMs(): number {
    return this.#compressing.ms;
  }

  /** What compression would make of what goes uncompressed, as far as it was looked at. */
  get sample(): RatioSample | undefined {
    return this.#sampler.sample;
  }

  /**
   * Encodes an epoch's parts at once, and gives them to the wire when it has room, after what is `before`; `gone` is when
   * their last byte has been written, and how many there were.
   */
  async carry(epoch: Epoch, writer: PacedWriter, before: Promise<void>): Promise<{ readonly gone: Promise<number> }> {
    const { pool, choice, counters } = this.options;
    const encoding = epoch.parts.map((part) => pool.encode(part));
    for (const part of encoding) part.catch(() => undefined);
    if (epoch.plainPages > 0) this.#look(epoch.table);
    const { number, rawBytes, digest } = epoch;
    const [{ method, table }] = await Promise.all([this.#packed(epoch), before]);
    const shards = epoch.parts.map(({ shard }) => shard);
    const head = { rawBytes, digest, shards, method, tableBytes: epoch.table.length, table };
    const written = [this.#writing(writer.send('epoch', epochBody(head), number))];
    countTable(counters, epoch, table.length);
    let wire = table.length;
    for (const part of encoding) {
      await writer.room();
      const encoded = await this.#compressed(part);
      const { shard, pages, frame, answer } = encoded;
      wire += frame.length;
      const body = partBody({ method: answer.method, pages, rawBytes: answer.rawBytes, frame });
      written.push(this.#writing(writer.stripe('part', body, number, shard)).then(() => countPart(counters, encoded)));
      choice.note(encoded);
      this.#look(frame);
    }
    await writer.room();
    return { gone: Promise.all(written).then(() => wire) };
  }

  /** What is sent as it is may be worth compressing. */
  #look(bytes: Uint8Array): void {
    if (this.options.isPlainMethod()) this.#sampler.offer(bytes, performance.now());
  }

  /** A part once it is compressed; what was waited for it counts as long as nothing is being written meanwhile. */
  async #compressed(part: Promise<EncodedPart>): Promise<EncodedPart> {
    this.#wanting = true;
    this.#compressing.run(this.#unwritten === 0);
    const encoded = await part;
    this.#wanting = false;
    this.#compressing.run(false);
    return encoded;
  }

  async #writing(frame: Promise<void>): Promise<void> {
    this.#unwritten += 1;
    this.#compressing.run(false);
    await frame;
    this.#unwritten -= 1;
    this.#compressing.run(this.#wanting && this.#unwritten === 0);
  }

  /** Tables hold the device state too, so they are compressed where that pays; not with pages that go as they come. */
  async #packed({ table, plainPages }: Epoch): Promise<{ readonly method: Method; readonly table: Uint8Array }> {
    const { method, level } = this.options.choice.way;
    if (method === 'none' || plainPages > 0 || table.length < minPackedTableBytes) return { method: 'none', table };
    const packed = await methodTable[method].compress(table, level);
    return packed.length < table.length ? { method, table: packed } : { method: 'none', table };
  }
}
