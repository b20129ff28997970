import { performance } from 'node:perf_hooks';
import { WherryError } from '../shared/failure';
import { maxPartBytes, type DecodeJob, type Decoded, type LaidOut, type LayoutJob, type OpenDecompress } from './job';
import { methodTable } from './methods';
import { PartDecoder } from './part-decoder';
import { Ring } from './ring';
import { Sequence } from './sequence';

/**
 * A decompress worker's work: a frame from a slot becomes pages in that slot. One frame is decompressed at a time, on
 * libuv's pool, while the parts before it are applied here, strictly in the order of their jobs.
 */
export class DecodeJobs {
  private readonly decompressing = new Sequence();
  private readonly applying = new Sequence();

  private constructor(
    private readonly ring: Ring,
    private readonly decoder: PartDecoder,
    private readonly maxPages: number,
  ) {}

  /** Opens the ring; throws `worker` when that fails. */
  static open({ ring: { path, ...shape }, cachePagesPerShard, maxPages }: OpenDecompress): DecodeJobs {
    return new DecodeJobs(Ring.open(path, shape), new PartDecoder({ cachePagesPerShard, maxPages }), maxPages);
  }

  /** Rejects with `codec` for bytes that do not decode; the shard then refuses whatever comes for it. */
  run(job: DecodeJob | LayoutJob): Promise<Decoded | LaidOut> {
    return job.type === 'decode' ? this.decode(job) : this.layOut(job);
  }

  private layOut({ slot, shards, cachePagesPerShard, kept = [] }: LayoutJob): Promise<LaidOut> {
    return this.applying.run(() => {
      const slots = new Map(kept.map((one) => [one.shard, Buffer.from(one.slots, 'base64')]));
      this.decoder.layOut(shards, cachePagesPerShard, slots);
      return Promise.resolve({ type: 'laidOut', slot });
    });
  }

  private decode(job: DecodeJob): Promise<Decoded> {
    const inflated = this.decompressing.run(() => this.decompress(job));
    inflated.catch(() => undefined); // handled below, but perhaps later than the runtime is willing to wait
    return this.applying.run(async () => {
      try {
        const { raw, inflateMs } = await inflated;
        const start = performance.now();
        this.ring.writeOut(job.slot, 0, this.decoder.decode(job.shard, raw, job.pages));
        return { type: 'decoded', slot: job.slot, busyMs: inflateMs + performance.now() - start };
      } catch (error) {
        this.decoder.spoil(job.shard);
        throw error;
      }
    });
  }

  private async decompress({
    slot,
    bytes,
    rawBytes,
    method,
  }: DecodeJob): Promise<{ raw: Uint8Array; inflateMs: number }> {
    const start = performance.now();
    const most = maxPartBytes(this.maxPages);
    if (rawBytes > most) throw new WherryError('codec', `expected a part of at most ${most} bytes, got ${rawBytes}`);
    const frame = Buffer.allocUnsafe(bytes);
    this.ring.readIn(slot, 0, frame);
    const raw = await methodTable[method].decompress(frame, rawBytes);
    return { raw, inflateMs: performance.now() - start };
  }
}
