import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { EncodeJobs } from '../../codec/encode-jobs';
import { keyBytes, pageKey, type EncodeJob, type OpenCompress, type ResizeJob } from '../../codec/job';
import { PartDecoder } from '../../codec/part-decoder';
import { ShardMap } from '../../codec/shard';
import { toFailure } from '../../shared/failure';
import { pageBytes } from '../../shared/settings';
import type { SpawnWorker, WorkerHandle } from '../../shared/worker';
import { CompressPool, layoutFor, type EncodedPart } from './compress-pool';
import type { PagePart } from './epoch-builder';

/** A compress worker in this process, which can die with jobs in its hands. */
class InProcess implements WorkerHandle {
  readonly pid = 1;
  dead = false;
  private jobs: EncodeJobs | undefined;
  private say: (message: unknown) => void = () => undefined;
  private exit: (reason: string) => void = () => undefined;

  constructor(
    readonly name: string,
    private readonly starts: boolean,
  ) {}

  post(message: unknown): void {
    const said = message as OpenCompress | EncodeJob | ResizeJob;
    if (said.type === 'open') {
      if (!this.starts) return;
      this.jobs = EncodeJobs.open(said);
      setImmediate(() => this.answer({ type: 'ready' }));
    } else {
      this.jobs?.run(said).then(
        (reply) => setImmediate(() => this.answer(reply)),
        (error: unknown) => this.answer({ type: 'failed', slot: said.slot, ...toFailure(error) }),
      );
    }
  }

  onMessage(listener: (message: unknown) => void): void {
    this.say = listener;
  }

  onExit(listener: (reason: string) => void): void {
    this.exit = listener;
  }

  kill(): void {
    if (this.dead) return;
    this.dead = true;
    this.exit('killed');
  }

  private answer(reply: unknown): void {
    if (!this.dead) this.say(reply);
  }
}

const open: CompressPool[] = [];

afterEach(() => {
  for (const pool of open.splice(0)) pool.close();
});

interface Running {
  readonly pool: CompressPool;
  readonly workers: InProcess[];
  /** Names of the processes that live, in the order of their start. */
  readonly names: () => string[];
}

const cacheBytes = 12 * pageBytes;

function start(threads: number, processes: number, startsAt = Infinity): Running {
  const workers: InProcess[] = [];
  const spawn: SpawnWorker = (_, name) => {
    const worker = new InProcess(name, workers.length < startsAt);
    workers.push(worker);
    return worker;
  };
  const onRestart = (): void => undefined;
  const cachePolicy = 'lru' as const;
  const pool = new CompressPool({ spawn, threads, processes, cacheBytes, cachePolicy, waitForThread: true, onRestart });
  open.push(pool);
  return { pool, workers, names: () => workers.filter(({ dead }) => !dead).map(({ name }) => name) };
}

/** A shard's pages as an encode job takes them. */
function partOf(shard: number, pages: readonly { readonly page: number; readonly bytes: Uint8Array }[]): PagePart {
  const keys = Buffer.alloc(pages.length * keyBytes);
  pages.forEach(({ page }, i) => keys.writeDoubleLE(pageKey(0, page), i * keyBytes));
  const bytes = Buffer.concat(pages.map((one) => one.bytes));
  return { shard, pages: pages.length, keys, bytes, release: () => undefined };
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ touched: fc.array(fc.nat(19), { maxLength: 12 }) }) },
  fc.record({ threads: fc.integer({ min: 1, max: 6 }), cachePages: fc.constantFrom(0, 3, 12, 60) }),
  fc.record({ killed: fc.nat(2) }),
);

describe('compress threads laid out anew', () => {
  it('lose no page, over any sequence of threads, sizes and deaths', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 16 }), async (steps) => {
        const { pool, workers } = start(2, 3);
        const maxPages = pool.partPages;
        let map = ShardMap.of(2);
        const memory = Array.from({ length: 20 }, (_, i) => Buffer.alloc(pageBytes, i));
        const wire: (() => Promise<void>)[] = [];
        const decoder = new PartDecoder({ ...pool.layout, maxPages });
        let deaths = 0;
        for (const [tick, one] of steps.entries()) {
          if ('touched' in one) {
            const pages = [...new Set(one.touched)].map((touched) => {
              const bytes = memory[touched] as Buffer;
              bytes[(tick * 37) % pageBytes] = tick;
              return { page: touched * 16, bytes: Buffer.from(bytes) };
            });
            for (let shard = 0; shard < map.shards; shard++) {
              const own = pages.filter(({ page }) => map.shardOf(0, page) === shard);
              if (own.length === 0) continue;
              const part = partOf(shard, own);
              const sent: Promise<EncodedPart> = pool.encode(part);
              wire.push(async () => {
                const got = decoder.decode(shard, (await sent).frame, own.length);
                expect(Buffer.compare(got, part.bytes)).toBe(0);
              });
            }
          } else if ('threads' in one) {
            const layout = layoutFor(one.cachePages * pageBytes, one.threads);
            await pool.prepare(layout);
            const used = pool.use(layout);
            map = map.resized(layout.shards);
            wire.push(async () => {
              const moved = (await used).flatMap(({ shard, kept }) =>
                kept === undefined ? [] : [[shard, kept] as const],
              );
              decoder.layOut(layout.shards, layout.cachePagesPerShard, new Map(moved));
            });
            expect(pool.status()).toHaveLength(one.threads);
          } else if (deaths < 8) {
            deaths += 1;
            workers.filter(({ dead }) => !dead)[one.killed]?.kill();
          }
        }
        for (const arrive of wire) await arrive();
        pool.close();
      }),
      { numRuns: 60 },
    );
  });

  it('stay in their processes, of which there are no more than cores', async () => {
    const { pool, names } = start(1, 2);
    await pool.ready();
    expect(names()).toEqual(['compress-0']);
    await pool.prepare(layoutFor(cacheBytes, 5));
    await pool.use(layoutFor(cacheBytes, 5));
    expect(names()).toEqual(['compress-0', 'compress-1']);
    expect(pool.status().map(({ name }) => name)).toEqual([0, 1, 2, 3, 4].map((shard) => `compress-${shard}`));
    await pool.prepare(layoutFor(cacheBytes, 1));
    const last = pool.encode(partOf(4, [{ page: 0, bytes: Buffer.alloc(pageBytes, 7) }]));
    expect(await pool.use(layoutFor(cacheBytes, 1))).toEqual([{ shard: 0, evictions: 0 }]);
    expect((await last).frame.length).toBeGreaterThan(pageBytes); // what a retired thread had in its hands is not lost
    await new Promise((later) => setImmediate(later));
    expect(names()).toEqual(['compress-0']);
  });

  it('keep nothing of a part that is done with', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { pool } = start(1, 1);
    const frameOf = async (page: number): Promise<WeakRef<Buffer>> =>
      new WeakRef((await pool.encode(partOf(0, [{ page, bytes: Buffer.alloc(pageBytes, page) }]))).frame);
    const frames: WeakRef<Buffer>[] = [];
    for (let page = 0; page < 12; page++) frames.push(await frameOf(page));
    await turn(); // until then this very turn keeps what it has looked at
    collect();
    expect(frames.map((frame) => frame.deref()?.length).filter((length) => length !== undefined)).toHaveLength(0);
  });

  it('say what each shard gave up', async () => {
    const { pool } = start(1, 1);
    const pages = Array.from({ length: 10 }, (_, page) => ({ page, bytes: Buffer.alloc(pageBytes, page) }));
    await pool.encode(partOf(0, pages));
    const smaller = layoutFor(4 * pageBytes, 1);
    await pool.prepare(smaller);
    expect(await pool.use(smaller)).toEqual([{ shard: 0, evictions: 6, kept: Buffer.of(0b11000000, 0b11) }]);
  });

  it('are as they were when a new process does not start before the end', async () => {
    const { pool, workers } = start(1, 2, 1);
    await pool.ready();
    const growing = pool.prepare(layoutFor(cacheBytes, 2));
    pool.close();
    await expect(growing).rejects.toMatchObject({ code: 'worker' });
    expect(workers.every(({ dead }) => dead)).toBe(true);
    expect(pool.layout).toEqual(layoutFor(cacheBytes, 1));
    await expect(pool.prepare(layoutFor(cacheBytes, 2))).rejects.toMatchObject({ code: 'worker' });
  });

  it('go on as before when a new process dies at its start', async () => {
    const { pool, workers } = start(1, 2, 1);
    await pool.ready();
    const growing = pool.prepare(layoutFor(cacheBytes, 2));
    for (let life = 0; life <= 8; life++) workers.at(-1)?.kill();
    await expect(growing).rejects.toMatchObject({ code: 'worker' });
    const part = partOf(0, [{ page: 0, bytes: Buffer.alloc(pageBytes, 7) }]);
    expect((await pool.encode(part)).answer.counts).toMatchObject({ misses: 1 });
  });
});
