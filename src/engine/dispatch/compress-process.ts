import * as v from 'valibot';
import {
  compressReplySchema,
  encodeInputBytes,
  maxPartBytes,
  type Encoded,
  type OpenCompress,
  type Resized,
} from '../../codec/job';
import { RingWorker, type RingJob, type RingResult, type WorkerReply } from '../../codec/ring-worker';
import { WherryError } from '../../shared/failure';
import type { CachePolicyName } from '../../shared/settings';
import type { SpawnWorker } from '../../shared/worker';
import { partPages, type Home, type Layout } from './compress-layout';

/** Jobs a thread may have at once: one at work, one compressing, one waiting. */
const slotsPerThread = 3;
/** A worker that dies more often than this in one run will not live at all. */
const maxRestarts = 8;

/** A worker process. */
export interface CompressProcess {
  readonly worker: RingWorker<Encoded | Resized>;
  /** Pages its ring has room for, in one part. */
  readonly partPages: number;
  /** What its worker has, as far as it has said: one that replaces it starts with as much. */
  readonly owned: { shards: readonly number[]; cachePages: number };
  /** Settles when every job it was given so far has been answered. */
  idle: Promise<void>;
}

/** A shard's cache after it was given another size. */
export interface ChangedCache {
  readonly shard: number;
  /** Pages given up. */
  readonly evictions: number;
  /** Which slots kept their pages, as `compact` takes it, where some have moved. */
  readonly kept?: Uint8Array;
}

/** How a worker process is started, and who is told of it. */
export interface ProcessOptions {
  readonly spawn: SpawnWorker;
  readonly cachePolicy: CachePolicyName;
  readonly onRestart: (name: string, reason: string) => void;
  /** A worker has had a job for so many ms without an answer. */
  readonly onStalled?: (name: string, ms: number) => void;
}

/** Starts a worker process for these threads, with their caches as the layout has them. */
export function startProcess(
  name: string,
  shards: readonly number[],
  layout: Layout,
  { spawn, cachePolicy, onRestart, onStalled }: ProcessOptions,
): CompressProcess {
  const pages = partPages(layout.shards);
  const owned: CompressProcess['owned'] = { shards, cachePages: layout.cachePagesPerShard };
  const worker = new RingWorker<Encoded | Resized>({
    spawn,
    kind: 'compress',
    name,
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

/** Gives a process's threads their caches: new ones, those that stay another size. */
export async function resize(
  { process, shards }: Home<CompressProcess>,
  cachePages: number,
): Promise<readonly ChangedCache[]> {
  const message = (slot: number) => ({ type: 'resize', slot, shards: [...shards], cachePages });
  const { reply } = await run(process, { input: [], message });
  if (reply.type !== 'resized') throw new WherryError('worker', `expected another size, got ${reply.type}`);
  Object.assign(process.owned, { shards, cachePages });
  return shards.map((shard, i) => {
    const { evictions = 0, kept } = reply.changes[i] ?? {};
    return { shard, evictions, ...(kept !== undefined && { kept: Buffer.from(kept, 'base64') }) };
  });
}

/** Gives a process a job behind those it has. */
export function run(process: CompressProcess, job: RingJob): Promise<RingResult<Encoded | Resized>> {
  const result = process.worker.run(job);
  // With nothing of what it settles with: one promise would hold the next, and all of them every frame of the run.
  const { idle: before } = process;
  const settled = (): Promise<void> => before;
  process.idle = result.then(settled, settled);
  return result;
}

function parseReply(message: unknown): WorkerReply<Encoded | Resized> {
  const said = v.parse(compressReplySchema, message);
  if (said.type === 'encoded') return { type: 'done', slot: said.slot, reply: said, outputBytes: said.bytes };
  if (said.type === 'resized') return { type: 'done', slot: said.slot, reply: said };
  if (said.type === 'ready') return said;
  return { type: 'failed', slot: said.slot, error: new WherryError(said.code, said.message) };
}
