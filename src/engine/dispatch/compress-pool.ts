import { availableParallelism } from 'node:os';
import * as v from 'valibot';
import { collectGarbageRarely } from '../../codec/garbage';
import {
  compressReplySchema,
  encodeInputBytes,
  maxCachePages,
  maxPartBytes,
  type Encoded,
  type OpenCompress,
  type Tried,
} from '../../codec/job';
import type { MethodAt } from '../../codec/methods';
import { RingWorker, type WorkerReply } from '../../codec/ring-worker';
import { WherryError } from '../../shared/failure';
import { pageBytes, type CachePolicyName } from '../../shared/settings';
import type { SpawnWorker } from '../../shared/worker';
import type { PagePart } from './epoch-builder';

/** Jobs a thread may have at once: one at work, one compressing, one waiting. */
const slotsPerThread = 3;
/** A worker that dies more often than this in one run will not live at all. */
const maxRestarts = 8;

export interface CompressPoolOptions {
  readonly spawn: SpawnWorker;
  readonly threads: number;
  /** Processes the threads share, at most; one for each core when left out: more only cost time to start. */
  readonly processes?: number;
  /** Bytes over all shards; 0 for no XBZRLE. */
  readonly cacheBytes: number;
  readonly cachePolicy: CachePolicyName;
  readonly onRestart: (name: string, reason: string) => void;
  /** A worker has had a job for so many ms without an answer. */
  readonly onStalled?: (name: string, ms: number) => void;
}

/** A part as it goes on the wire, with what it cost. */
export interface EncodedPart {
  readonly shard: number;
  readonly pages: number;
  readonly frame: Buffer;
  readonly answer: Encoded;
  /** How it really goes: as it is, where that is no longer. */
  readonly way: MethodAt;
  /** What the ways asked for by `tryOn` would make of a sample of it. */
  readonly tried?: { readonly ways: readonly MethodAt[]; readonly outcome: Tried };
}

/** Pages one part may hold: large enough for a good ratio, small enough that many workers' rings stay affordable. */
export function partPages(threads: number): number {
  return Math.max(64, Math.min(256, Math.ceil(4096 / threads)));
}

/** Cache pages of each shard; at least one while XBZRLE is on. Throws `usage` for more than its workers can address. */
export function shardCachePages(cacheBytes: number, threads: number): number {
  const pages = Math.floor(cacheBytes / pageBytes / threads);
  if (pages > maxCachePages) {
    const most = threads * maxCachePages * pageBytes;
    throw new WherryError(
      'usage',
      `XBZRLE cache size: ${threads} compress threads hold ${most} bytes, got ${cacheBytes}`,
    );
  }
  return cacheBytes === 0 ? 0 : Math.max(1, pages);
}

/**
 * The compress threads: thread n owns shard n and its share of the XBZRLE cache. Threads live in worker processes, at
 * most one for each core, where their frames are compressed side by side.
 */
export class CompressPool {
  readonly #workers: readonly RingWorker<Encoded>[];
  readonly #busyMs: number[];
  #way: MethodAt = { method: 'none', level: 0 };
  #tries: readonly MethodAt[] | undefined;

  constructor(private readonly options: CompressPoolOptions) {
    const { threads, processes = availableParallelism() } = options;
    collectGarbageRarely();
    const shards = Array.from({ length: threads }, (_, shard) => shard);
    const workers = Math.max(1, Math.min(threads, processes));
    this.#workers = Array.from({ length: workers }, (_, index) =>
      this.#worker(
        index,
        shards.filter((shard) => shard % workers === index),
      ),
    );
    this.#busyMs = shards.map(() => 0);
  }

  /** How parts are compressed from the next one on. */
  setWay(way: MethodAt): void {
    this.#way = way;
  }

  /** Ways to try on a sample of the next part, at most two; its answer says what they would make of it. */
  tryOn(ways: readonly MethodAt[]): void {
    this.#tries = ways;
  }

  /** Encodes one part and releases it; rejects with `worker` when its worker cannot be kept alive. */
  async encode({ shard, pages, keys, bytes, release }: PagePart): Promise<EncodedPart> {
    const worker = this.#workers[shard % this.#workers.length];
    if (worker === undefined) throw new WherryError('internal', `no compress worker for shard ${shard}`);
    const { method, level } = this.#way;
    const ways = this.#tries;
    this.#tries = undefined;
    const { reply, output } = await worker.run({
      input: [keys, bytes],
      message: (slot) => ({ type: 'encode', slot, shard, pages, method, level, ...(ways && { tries: ways }) }),
    });
    release();
    this.#busyMs[shard] = (this.#busyMs[shard] ?? 0) + reply.busyMs;
    const way = reply.method === method ? { method, level } : { method: reply.method, level: 0 };
    const tried = ways && reply.tried && { tried: { ways, outcome: reply.tried } };
    return { shard, pages, frame: output, answer: reply, way, ...tried };
  }

  /** What each thread has done so far, and how often its process was started again; `busyMs` only grows. */
  status(): readonly { readonly name: string; readonly busyMs: number; readonly restarts: number }[] {
    return this.#busyMs.map((busyMs, shard) => ({
      name: `compress-${shard}`,
      restarts: this.#workers[shard % this.#workers.length]?.restarts ?? 0,
      busyMs,
    }));
  }

  /** Resolves when every worker takes jobs; rejects with `worker` where one never will. */
  async ready(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.ready()));
  }

  close(): void {
    for (const worker of this.#workers) worker.close();
  }

  #worker(index: number, shards: readonly number[]): RingWorker<Encoded> {
    const { spawn, threads, cacheBytes, cachePolicy, onRestart, onStalled } = this.options;
    const pages = partPages(threads);
    return new RingWorker<Encoded>({
      spawn,
      kind: 'compress',
      name: `compress-${index}`,
      shape: { slots: slotsPerThread * shards.length, inBytes: encodeInputBytes(pages), outBytes: maxPartBytes(pages) },
      open: (ring): OpenCompress => ({
        type: 'open',
        ring,
        shards: [...shards],
        cachePolicy,
        cachePages: shardCachePages(cacheBytes, threads),
        xbzrle: cacheBytes > 0,
      }),
      parse: parseReply,
      restarts: maxRestarts,
      onRestart,
      ...(onStalled !== undefined && { onStalled }),
    });
  }
}

function parseReply(message: unknown): WorkerReply<Encoded> {
  const said = v.parse(compressReplySchema, message);
  if (said.type === 'encoded') return { type: 'done', slot: said.slot, reply: said, outputBytes: said.bytes };
  if (said.type === 'ready') return said;
  return { type: 'failed', slot: said.slot, error: new WherryError(said.code, said.message) };
}
