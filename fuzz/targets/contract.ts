import * as v from 'valibot';
import {
  compressReplySchema,
  compressRequestSchema,
  decompressReplySchema,
  decompressRequestSchema,
} from '../../src/codec/job';
import { callNames, calls } from '../../src/shared/contract';
import { defaultSettings } from '../../src/shared/settings';
import { mutateJson } from '../mutate';
import { must, sameJson, type FuzzTarget } from '../target';

/** Payloads of the window's calls; a call that is not named here is tried with all of them. */
const payloads: readonly unknown[] = [
  undefined,
  { kind: 'builtin', memoryBytes: 64 * 2 ** 20, workload: 'seed' },
  { address: '/run/a.qmp' },
  { guestId: 'a' },
  { guestId: 'a', destination: '/run/b.qmp', settings: defaultSettings },
  { maxBandwidth: 5, level: 3 },
  { ids: ['20260131T120001000Z-0000000a'] },
  { ids: ['20260131T120001000Z-0000000a'], format: 'csv' },
  { destination: 'wherry://beta:4711?token=ab', channels: 4, maxBandwidth: 5 },
  { listen: '127.0.0.1:4711', destination: '/run/b.qmp' },
];

const ring = { path: '/dev/shm/x', slots: 3, inBytes: 4104, outBytes: 4102 };
const counts = {
  normal: 1,
  xbzrle: 0,
  unchanged: 0,
  repeated: 0,
  overflow: 0,
  lookups: 1,
  hits: 0,
  misses: 1,
  evictions: 0,
};
const workerMessages: readonly unknown[] = [
  { type: 'open', ring, shards: [0, 1], cachePages: 9, cachePolicy: 'lru', xbzrle: true },
  { type: 'encode', slot: 0, shard: 1, pages: 1, method: 'zstd', level: 1 },
  { type: 'resize', slot: 0, shards: [0], cachePages: 4 },
  { type: 'encoded', slot: 0, bytes: 9, rawBytes: 9, method: 'none', busyMs: 0.5, deltaBytes: 0, fullBytes: 9, counts },
  { type: 'open', ring, cachePagesPerShard: 9, maxPages: 64 },
  { type: 'decode', slot: 0, shard: 1, bytes: 9, method: 'zstd', rawBytes: 20, pages: 1 },
  { type: 'layout', slot: 0, shards: 2, cachePagesPerShard: 5, kept: [{ shard: 1, slots: 'Aw==' }] },
  { type: 'resized', slot: 0, changes: [{ evictions: 3, kept: 'Aw==' }, { evictions: 0 }] },
  { type: 'failed', code: 'codec', message: 'why' },
];
const workerSchemas = [compressRequestSchema, compressReplySchema, decompressRequestSchema, decompressReplySchema];

/** The window's calls: what a schema lets through it lets through again, unchanged. */
export const contract: FuzzTarget = {
  name: 'contract',
  weight: 3,
  run: (random) => {
    const { payload } = calls[random.pick(callNames)];
    return stable(payload, random.give(mutateJson(random.pick(payloads), random)));
  },
};

/** What crosses to and from worker processes, the same way. */
export const workers: FuzzTarget = {
  name: 'workers',
  weight: 2,
  run: (random) => stable(random.pick(workerSchemas), random.give(mutateJson(random.pick(workerMessages), random))),
};

function stable(schema: v.GenericSchema, input: unknown): 'taken' | 'refused' {
  const result = v.safeParse(schema, input);
  if (!result.success) return 'refused';
  const again = v.safeParse(schema, result.output);
  must(again.success && sameJson(again.output, result.output), 'what was let through is refused, or another, later');
  return 'taken';
}
