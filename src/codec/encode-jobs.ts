import { performance } from 'node:perf_hooks';
import { WherryError } from '../shared/failure';
import type { Method } from '../shared/settings';
import { BufferPool } from './buffer-pool';
import {
  encodeInputBytes,
  keyBytes,
  type Encoded,
  type EncodeJob,
  type OpenCompress,
  type Resized,
  type ResizeJob,
} from './job';
import { checkLevel, methodTable, regularBits } from './methods';
import { PartEncoder, type ResizedCache } from './part-encoder';
import { Ring } from './ring';
import { Sequence } from './sequence';
import { tryWays } from './tries';

/** Payloads of one size kept for the next parts, of a megabyte at most: what is not kept is garbage. */
const keptPayloads = 4;

/** A compress thread: one shard's cache, and one frame being compressed at a time. */
interface Thread {
  readonly encoder: PartEncoder;
  readonly compressing: Sequence;
}

/**
 * A compress worker's work: pages from a slot become a frame in that slot. Pages are encoded as jobs arrive, so each
 * shard's cache sees them in that order; each shard compresses one frame at a time, on libuv's pool, while others are
 * encoded.
 */
export class EncodeJobs {
  private constructor(
    private readonly ring: Ring,
    private readonly payloads: BufferPool,
    private readonly newThread: (cachePages: number) => Thread,
    private threads: ReadonlyMap<number, Thread>,
  ) {}

  /** Opens the ring and sets the caches' memory aside; throws `worker` when either fails. */
  static open({ ring: { path, ...shape }, shards, cachePages, cachePolicy, xbzrle }: OpenCompress): EncodeJobs {
    const maxPages = Math.max(1, Math.floor(shape.inBytes / encodeInputBytes(1)));
    const payloads = new BufferPool(keptPayloads);
    const thread = (pages: number): Thread => ({
      encoder: new PartEncoder(maxPages, pages, cachePolicy, (bytes) => payloads.take(bytes)),
      compressing: new Sequence(),
    });
    const threads = shards.map((shard) => [shard, thread(xbzrle ? cachePages : 0)] as const);
    return new EncodeJobs(Ring.open(path, shape), payloads, thread, new Map(threads));
  }

  /** Rejects with `usage` or `worker` for a job that cannot be done, before the cache has seen any of it. */
  run(job: EncodeJob | ResizeJob): Promise<Encoded | Resized> {
    return job.type === 'encode' ? this.encode(job) : this.resize(job);
  }

  /** Answered after the jobs before it: a worker that has to be replaced until then starts with what those need. */
  private async resize({ slot, shards, cachePages }: ResizeJob): Promise<Resized> {
    const before = this.threads;
    const changes: Resized['changes'][number][] = [];
    this.threads = new Map(
      shards.map((shard) => {
        const thread = before.get(shard) ?? this.newThread(cachePages);
        changes.push(before.has(shard) ? changeOf(thread.encoder.resize(cachePages)) : { evictions: 0 });
        return [shard, thread];
      }),
    );
    await Promise.all(Array.from(before.values(), ({ compressing }) => compressing.run(() => Promise.resolve())));
    return { type: 'resized', slot, changes };
  }

  private async encode(job: EncodeJob): Promise<Encoded> {
    const start = performance.now();
    const { tries = [] } = job;
    for (const { method, level } of [job, ...tries]) checkLevel(method, level);
    const { encoder, compressing } = this.thread(job.shard);
    this.readPages(encoder, job);
    const { payload, deltaBytes, fullBytes, counts, ops } = encoder.encode(job.pages, regularBits(job));
    const encodeMs = performance.now() - start;
    return compressing.run(async () => {
      const compressStart = performance.now();
      const { method, frame } = await compress(payload, job);
      this.ring.writeOut(job.slot, 0, frame);
      const tried = tries.length > 0 ? { tried: await tryWays(payload, tries) } : {};
      const busyMs = encodeMs + performance.now() - compressStart;
      const sizes = { bytes: frame.length, rawBytes: payload.length, deltaBytes, fullBytes };
      this.payloads.give(payload);
      return { type: 'encoded', slot: job.slot, method, busyMs, ...sizes, counts, ops, ...tried };
    });
  }

  private thread(shard: number): Thread {
    const thread = this.threads.get(shard);
    if (thread !== undefined) return thread;
    throw new WherryError('worker', `expected shard ${[...this.threads.keys()].join(' or ')}, got ${shard}`);
  }

  private readPages(encoder: PartEncoder, { slot, pages }: EncodeJob): void {
    if (pages > encoder.maxPages) {
      throw new WherryError('worker', `expected at most ${encoder.maxPages} pages in a slot, got ${pages}`);
    }
    this.ring.readIn(slot, 0, encoder.keys.subarray(0, pages * keyBytes));
    this.ring.readIn(slot, pages * keyBytes, encoder.pages(pages));
  }
}

function changeOf({ evictions, kept }: ResizedCache): Resized['changes'][number] {
  return { evictions, ...(kept !== undefined && { kept: Buffer.from(kept).toString('base64') }) };
}

/** The part by the method asked for, or as it is if that would not make it smaller. */
async function compress(
  payload: Buffer,
  { method, level }: EncodeJob,
): Promise<{ readonly method: Method; readonly frame: Uint8Array }> {
  const frame = await methodTable[method].compress(payload, level);
  return frame.length < payload.length ? { method, frame } : { method: 'none', frame: payload };
}
