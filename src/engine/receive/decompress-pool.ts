import * as v from 'valibot';
import { BufferPool } from '../../codec/buffer-pool';
import { collectGarbageRarely } from '../../codec/garbage';
import { decompressReplySchema, maxPartBytes, type Decoded, type LaidOut, type OpenDecompress } from '../../codec/job';
import { RingWorker, type WorkerReply } from '../../codec/ring-worker';
import { WherryError } from '../../shared/failure';
import { pageBytes, type Method } from '../../shared/settings';
import type { SpawnWorker } from '../../shared/worker';

const slotsPerWorker = 6;
/** Buffers of one size kept for later, at most. */
const keptBuffers = 32;

/** How many threads there are, and the bounds that a sender has agreed to. */
export interface DecompressPoolOptions {
  readonly spawn: SpawnWorker;
  readonly threads: number;
  readonly cachePagesPerShard: number;
  readonly maxPartPages: number;
  /** A worker has had a job for so many ms without an answer. */
  readonly onStalled?: (name: string, ms: number) => void;
}

/** A part as it came off the wire. */
export interface ReceivedPart {
  readonly shard: number;
  readonly pages: number;
  readonly method: Method;
  readonly rawBytes: number;
  readonly frame: Buffer;
}

/**
 * The decompress threads. A shard always goes to the same worker, which mirrors the shard's cache; that is why a dead
 * decompress worker is not replaced: the deltas that follow would have nothing to stand on.
 */
export class DecompressPool {
  /** Where decoded pages lie; who has used them gives them back. */
  readonly buffers = new BufferPool(keptBuffers);
  readonly #workers: readonly RingWorker<Decoded | LaidOut>[];

  constructor(private readonly options: DecompressPoolOptions) {
    collectGarbageRarely();
    this.#workers = Array.from({ length: options.threads }, (_, index) => this.#worker(index));
  }

  /**
   * The part's pages, `pages` × 4096 bytes. Rejects with `wire-protocol` for a part larger than the sender said its
   * parts would be, with `codec` for one that does not decode.
   */
  async decode({ shard, pages, method, rawBytes, frame }: ReceivedPart): Promise<Buffer> {
    const worker = this.#workers[shard % this.#workers.length];
    if (worker === undefined) throw new WherryError('internal', `no decompress worker for shard ${shard}`);
    const { maxPartPages } = this.options;
    // A method that does not make a part smaller is not used, so a frame is never larger than its part.
    if (pages < 1 || pages > maxPartPages || rawBytes > maxPartBytes(maxPartPages) || frame.length > rawBytes) {
      const got = `${pages} pages in ${frame.length} of ${rawBytes} bytes`;
      throw new WherryError('wire-protocol', `a part of ${got}, at most ${maxPartPages} pages were agreed on`);
    }
    const { output } = await worker.run({
      input: [frame],
      message: (slot) => ({ type: 'decode', slot, shard, bytes: frame.length, method, rawBytes, pages }),
      outputBytes: pages * pageBytes,
    });
    return output;
  }

  /**
   * Goes on with so many shards of so many slots, after the parts given so far and before the next ones; `kept` as a
   * `PartDecoder` takes it.
   */
  async layOut(
    shards: number,
    cachePagesPerShard: number,
    kept: ReadonlyMap<number, Uint8Array> = new Map(),
  ): Promise<void> {
    const layOut = (worker: RingWorker<Decoded | LaidOut>, index: number): Promise<unknown> => {
      const own = [...kept].filter(([shard]) => shard % this.#workers.length === index);
      const slots = own.map(([shard, bits]) => ({ shard, slots: Buffer.from(bits).toString('base64') }));
      const message = (slot: number) => ({ type: 'layout', slot, shards, cachePagesPerShard, kept: slots });
      return worker.run({ input: [], message });
    };
    await Promise.all(this.#workers.map(layOut));
  }

  /** Resolves when every worker takes jobs; rejects with `worker` where one never will. */
  async ready(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.ready()));
  }

  close(): void {
    for (const worker of this.#workers) worker.close();
  }

  #worker(index: number): RingWorker<Decoded | LaidOut> {
    const { spawn, cachePagesPerShard, maxPartPages, onStalled } = this.options;
    return new RingWorker<Decoded | LaidOut>({
      spawn,
      kind: 'decompress',
      name: `decompress-${index}`,
      shape: { slots: slotsPerWorker, inBytes: maxPartBytes(maxPartPages), outBytes: maxPartPages * pageBytes },
      open: (ring): OpenDecompress => ({ type: 'open', ring, cachePagesPerShard, maxPages: maxPartPages }),
      parse: parseReply,
      buffers: this.buffers,
      restarts: 0,
      ...(onStalled !== undefined && { onStalled }),
    });
  }
}

function parseReply(message: unknown): WorkerReply<Decoded | LaidOut> {
  const said = v.parse(decompressReplySchema, message);
  if (said.type === 'decoded' || said.type === 'laidOut') return { type: 'done', slot: said.slot, reply: said };
  if (said.type === 'ready') return said;
  return { type: 'failed', slot: said.slot, error: new WherryError(said.code, said.message) };
}
