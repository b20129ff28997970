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
  type Resized,
  type Tried,
} from '../../codec/job';
import type { MethodAt } from '../../codec/methods';
import { RingWorker, type RingJob, type RingResult, type WorkerReply } from '../../codec/ring-worker';
import { WherryError } from '../../shared/failure';
import { pageBytes, type CachePolicyName } from '../../shared/settings';
import type { SpawnWorker } from '../../shared/worker';
import type { PagePart } from './epoch-builder';
import { plainPart } from './plain-part';

/** Jobs a thread may have at once: one at work, one compressing, one waiting. */
const slotsPerThread = 3;
/** A worker that dies more often than this in one run will not live at all. */
const maxRestarts = 8;

/** How many threads there are, with how much cache, and who is told of them. */
export interface CompressPoolOptions {
  readonly spawn: SpawnWorker;
  readonly threads: number;
  /** Processes the threads share, at most; one for each core when left out: more only cost time to start. */
  readonly processes?: number;
  /** Bytes over all shards; 0 for no XBZRLE. */
  readonly cacheBytes: number;
  readonly cachePolicy: CachePolicyName;
  /** False: a part whose thread is busy is not waited for, but goes as it is. */
  readonly waitForThread: boolean;
  /** So many pages went as they are, their thread being busy. */
  readonly onBusy?: (pages: number) => void;
  /** What became of a part's pages, while their keys are still there. */
  readonly onEncoded?: (keys: Uint8Array, answer: Encoded) => void;
  readonly onRestart: (name: string, reason: string) => void;
  /** A worker has had a job for so many ms without an answer. */
  readonly onStalled?: (name: string, ms: number) => void;
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

/** How the guest's pages are shared out: what both ends have to agree on. */
export interface Layout {
  readonly shards: number;
  readonly cachePagesPerShard: number;
}

/** The layout for these settings; throws `usage` for a cache that the threads cannot address. */
export function layoutFor(cacheBytes: number, threads: number): Layout {
  return { shards: threads, cachePagesPerShard: shardCachePages(cacheBytes, threads) };
}

/** A shard's cache after it was given another size. */
export interface ChangedCache {
  readonly shard: number;
  /** Pages given up. */
  readonly evictions: number;
  /** Which slots kept their pages, as `compact` takes it, where some have moved. */
  readonly kept?: Uint8Array;
}

/** A worker process. */
interface Process {
  readonly worker: RingWorker<Encoded | Resized>;
  /** Pages its ring has room for, in one part. */
  readonly partPages: number;
  /** What its worker has, as far as it has said: one that replaces it starts with as much. */
  readonly owned: { shards: readonly number[]; cachePages: number };
  /** Settles when every job it was given so far has been answered. */
  idle: Promise<unknown>;
}

/** The threads that live in a process. */
interface Home {
  readonly process: Process;
  readonly shards: readonly number[];
}

/**
 * The compress threads: thread n owns shard n and its share of the XBZRLE cache. Threads live in worker processes, at
 * most one for each core, where their frames are compressed side by side. A thread stays in its process.
 */
export class CompressPool {
  #homes: readonly Home[];
  /** Those of a layout to come. */
  #prepared: readonly Home[] | undefined;
  readonly #retired = new Set<Process>();
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

  #processOf(shard: number): Process | undefined {
    return this.#homes.find(({ shards }) => shards.includes(shard))?.process;
  }

  #retire(process: Process): void {
    this.#retired.add(process);
    void process.idle.then(() => {
      process.worker.close();
      this.#retired.delete(process);
    });
  }

  /** Threads stay where they are; new ones go where there are fewest, new processes included. */
  #homesFor(before: readonly Home[], layout: Layout): readonly Home[] {
    const { processes = availableParallelism() } = this.options;
    const homes: { process: Process | undefined; shards: number[] }[] = before
      .map(({ process, shards }) => ({ process, shards: shards.filter((shard) => shard < layout.shards) }))
      .filter(({ shards }) => shards.length > 0);
    while (homes.length < Math.min(layout.shards, Math.max(1, processes)))
      homes.push({ process: undefined, shards: [] });
    const housed = new Set(homes.flatMap(({ shards }) => shards));
    for (let shard = 0; shard < layout.shards; shard++) {
      if (!housed.has(shard)) homes.reduce((a, b) => (b.shards.length < a.shards.length ? b : a)).shards.push(shard);
    }
    return homes
      .filter(({ shards }) => shards.length > 0)
      .map(({ process, shards }) => ({ process: process ?? this.#start(shards, layout), shards }));
  }

  #start(shards: readonly number[], layout: Layout): Process {
    const { spawn, cachePolicy, onRestart, onStalled } = this.options;
    const pages = partPages(layout.shards);
    const owned: Process['owned'] = { shards, cachePages: layout.cachePagesPerShard };
    const worker = new RingWorker<Encoded | Resized>({
      spawn,
      kind: 'compress',
      name: `compress-${this.#started++}`,
      shape: { slots: slotsPerThread * shards.length, inBytes: encodeInputBytes(pages), outBytes: maxPartBytes(pages) },
      open: (ring): OpenCompress => ({
        type: 'open',
        ring,
        shards: [...owned.shards],
        cachePolicy,
        cachePages: owned.cachePages,
        xbzrle: owned.cachePages > 0,
      }),
      parse: parseReply,
      restarts: maxRestarts,
      onRestart,
      ...(onStalled !== undefined && { onStalled }),
    });
    return { worker, partPages: pages, owned, idle: Promise.resolve() };
  }
}

/** Gives a process's threads their caches: new ones, those that stay another size. */
async function resize({ process, shards }: Home, cachePages: number): Promise<readonly ChangedCache[]> {
  const message = (slot: number) => ({ type: 'resize', slot, shards: [...shards], cachePages });
  const { reply } = await run(process, { input: [], message });
  if (reply.type !== 'resized') throw new WherryError('worker', `expected another size, got ${reply.type}`);
  Object.assign(process.owned, { shards, cachePages });
  return shards.map((shard, i) => {
    const { evictions = 0, kept } = reply.changes[i] ?? {};
    return { shard, evictions, ...(kept !== undefined && { kept: Buffer.from(kept, 'base64') }) };
  });
}

function run(process: Process, job: RingJob): Promise<RingResult<Encoded | Resized>> {
  const result = process.worker.run(job);
  process.idle = Promise.allSettled([process.idle, result]);
  return result;
}

function parseReply(message: unknown): WorkerReply<Encoded | Resized> {
  const said = v.parse(compressReplySchema, message);
  if (said.type === 'encoded') return { type: 'done', slot: said.slot, reply: said, outputBytes: said.bytes };
  if (said.type === 'resized') return { type: 'done', slot: said.slot, reply: said };
  if (said.type === 'ready') return said;
  return { type: 'failed', slot: said.slot, error: new WherryError(said.code, said.message) };
}
