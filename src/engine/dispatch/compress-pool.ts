import { availableParallelism } from 'node:os';
import { collectGarbageRarely } from '../../codec/garbage';
import type { Encoded, Tried } from '../../codec/job';
import type { MethodAt } from '../../codec/methods';
import { WherryError } from '../../shared/failure';
import { layoutFor, partPages, shareOut, type Home, type Layout } from './compress-layout';
import {
  resize,
  run,
  startProcess,
  type ChangedCache,
  type CompressProcess,
  type ProcessOptions,
} from './compress-process';
import type { PagePart } from './epoch-builder';
import { plainPart } from './plain-part';

export { layoutFor, partPages, shardCachePages, type Layout } from './compress-layout';
export type { ChangedCache } from './compress-process';

/** How many threads there are, with how much cache, and who is told of them. */
export interface CompressPoolOptions extends ProcessOptions {
  readonly threads: number;
  /** Processes the threads share, at most; one for each core when left out: more only cost time to start. */
  readonly processes?: number;
  /** Bytes over all shards; 0 for no XBZRLE. */
  readonly cacheBytes: number;
  /** False: a part whose thread is busy is not waited for, but goes as it is. */
  readonly waitForThread: boolean;
  /** So many pages went as they are, their thread being busy. */
  readonly onBusy?: (pages: number) => void;
  /** What became of a part's pages, while their keys are still there. */
  readonly onEncoded?: (keys: Uint8Array, answer: Encoded) => void;
}

/** A compress thread as seen from outside. */
export interface ThreadStatus {
  readonly name: string;
  /** Only grows. */
  readonly busyMs: number;
  /** How often its process was started again. */
  readonly restarts: number;
  /** Its process has had work for long without an answer. */
  readonly stalled?: boolean;
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

/**
 * The compress threads: thread n owns shard n and its share of the XBZRLE cache. Threads live in worker processes, at
 * most one for each core, where their frames are compressed side by side. A thread stays in its process.
 */
export class CompressPool {
  #homes: readonly Home<CompressProcess>[];
  /** Those of a layout to come. */
  #prepared: readonly Home<CompressProcess>[] | undefined;
  readonly #retired = new Set<CompressProcess>();
  readonly #busyMs: number[] = [];
  /** Parts each thread has been given and not yet answered. */
  readonly #inHand: number[] = [];
  #started = 0;
  #closed = false;
  #way: MethodAt = { method: 'none', level: 0 };
  #tries: readonly MethodAt[] | undefined;
  #layout: Layout;

  constructor(private readonly options: CompressPoolOptions) {
    const { threads, cacheBytes } = options;
    this.#layout = layoutFor(cacheBytes, threads);
    this.#homes = this.#homesFor([], this.#layout);
    collectGarbageRarely();
  }

  /** How parts are compressed from the next one on. */
  setWay(way: MethodAt): void {
    this.#way = way;
  }

  /** Ways to try on a sample of the next part, at most two; its answer says what they would make of it. */
  tryOn(ways: readonly MethodAt[]): void {
    this.#tries = ways;
  }

  get layout(): Layout {
    return this.#layout;
  }

  /** Most pages in one part that every thread takes. */
  get partPages(): number {
    return Math.min(partPages(this.#layout.shards), ...this.#homes.map(({ process }) => process.partPages));
  }

  /**
   * Starts the processes that a layout needs and there are not yet; resolves when they take jobs. Rejects with `worker`
   * where one never will, and nothing has changed then.
   */
  async prepare(layout: Layout): Promise<void> {
    if (this.#closed) throw new WherryError('worker', 'the compress threads have ended');
    const prepared = this.#homesFor(this.#homes, layout);
    this.#prepared = prepared;
    try {
      await Promise.all(prepared.map(({ process }) => process.worker.ready()));
    } catch (error) {
      const running = new Set(this.#homes.map(({ process }) => process));
      for (const { process } of prepared) if (!running.has(process)) process.worker.close();
      this.#prepared = undefined;
      throw error;
    }
  }

  /**
   * Goes on in the layout that was prepared, from the next part on. A process that has no thread any more ends when it
   * has done what it was given. Resolves to what became of the caches that have changed; rejects with `worker`.
   */
  async use(layout: Layout): Promise<readonly ChangedCache[]> {
    const before = new Map(this.#homes.map(({ process, shards }) => [process, shards]));
    const after = this.#prepared ?? this.#homes;
    const resized = layout.cachePagesPerShard !== this.#layout.cachePagesPerShard;
    this.#layout = layout;
    this.#homes = after;
    this.#prepared = undefined;
    const changed = after.filter(({ process, shards }) => {
      const had = before.get(process);
      before.delete(process);
      return had !== undefined && (resized || String(had) !== String(shards));
    });
    for (const process of before.keys()) this.#retire(process);
    return (await Promise.all(changed.map((home) => resize(home, layout.cachePagesPerShard)))).flat();
  }

  /** Encodes one part and releases it; rejects with `worker` when its worker cannot be kept alive. */
  async encode(part: PagePart): Promise<EncodedPart> {
    const { shard } = part;
    const inHand = this.#inHand[shard] ?? 0;
    if (!this.options.waitForThread && inHand > 0) {
      this.options.onBusy?.(part.pages);
      const plain = plainPart(part);
      this.options.onEncoded?.(part.keys, plain.answer);
      part.release();
      return plain;
    }
    this.#inHand[shard] = inHand + 1;
    try {
      return await this.#byThread(part);
    } finally {
      this.#inHand[shard] = (this.#inHand[shard] ?? 1) - 1;
    }
  }

  async #byThread({ shard, pages, keys, bytes, release }: PagePart): Promise<EncodedPart> {
    const process = this.#processOf(shard);
    if (process === undefined) throw new WherryError('internal', `no compress worker for shard ${shard}`);
    const { method, level } = this.#way;
    const ways = this.#tries;
    this.#tries = undefined;
    const { reply, output } = await run(process, {
      input: [keys, bytes],
      message: (slot) => ({ type: 'encode', slot, shard, pages, method, level, ...(ways && { tries: ways }) }),
    });
    if (reply.type === 'encoded') this.options.onEncoded?.(keys, reply);
    release();
    if (reply.type !== 'encoded') throw new WherryError('worker', `expected an encoded part, got ${reply.type}`);
    this.#busyMs[shard] = (this.#busyMs[shard] ?? 0) + reply.busyMs;
    const way = reply.method === method ? { method, level } : { method: reply.method, level: 0 };
    const tried = ways && reply.tried && { tried: { ways, outcome: reply.tried } };
    return { shard, pages, frame: output, answer: reply, way, ...tried };
  }

  /** What each thread has done so far. */
  status(): readonly ThreadStatus[] {
    return Array.from({ length: this.#layout.shards }, (_, shard) => {
      const worker = this.#processOf(shard)?.worker;
      return {
        name: `compress-${shard}`,
        restarts: worker?.restarts ?? 0,
        busyMs: this.#busyMs[shard] ?? 0,
        ...(worker?.stalled === true && { stalled: true }),
      };
    });
  }

  /** Resolves when every worker takes jobs; rejects with `worker` where one never will. */
  async ready(): Promise<void> {
    await Promise.all(this.#homes.map(({ process }) => process.worker.ready()));
  }

  close(): void {
    this.#closed = true;
    const processes = [...this.#homes, ...(this.#prepared ?? [])].map(({ process }) => process);
    for (const { worker } of [...processes, ...this.#retired]) worker.close();
  }

  #processOf(shard: number): CompressProcess | undefined {
    return this.#homes.find(({ shards }) => shards.includes(shard))?.process;
  }

  #retire(process: CompressProcess): void {
    this.#retired.add(process);
    void process.idle.then(() => {
      process.worker.close();
      this.#retired.delete(process);
    });
  }

  #homesFor(before: readonly Home<CompressProcess>[], layout: Layout): readonly Home<CompressProcess>[] {
    const { processes = availableParallelism() } = this.options;
    return shareOut(before, layout, processes).map(({ process, shards }) => ({
      process: process ?? startProcess(`compress-${this.#started++}`, shards, layout, this.options),
      shards,
    }));
  }
}
