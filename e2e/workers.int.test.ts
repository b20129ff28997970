import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodeInputBytes, keyBytes, maxPartBytes, pageKey, type Decoded, type Encoded } from '../src/codec/job';
import { Ring } from '../src/codec/ring';
import { defaultSettings, methods, pageBytes, type Method } from '../src/shared/settings';
import type { WorkerHandle, WorkerKind } from '../src/shared/worker';
import { bundleWorkers, type BundledWorkers } from './kit/bundled-workers';
import { until } from './kit/until';

const pages = 64;
const slots = 4;
const shapes = {
  compress: { slots, inBytes: encodeInputBytes(pages), outBytes: maxPartBytes(pages) },
  decompress: { slots, inBytes: maxPartBytes(pages), outBytes: pages * pageBytes },
};

/** A real worker process behind a real ring, and its answers in the order in which they came. */
class Worker {
  readonly ring: Ring;
  readonly exited: Promise<string>;
  readonly handle: WorkerHandle;
  private readonly answers: unknown[] = [];
  private readonly readers: ((answer: unknown) => void)[] = [];

  constructor(workers: BundledWorkers, kind: 'compress' | 'decompress') {
    this.ring = Ring.create(shapes[kind]);
    this.handle = workers.spawn(kind satisfies WorkerKind, `${kind}-test`);
    this.exited = new Promise((done) => this.handle.onExit(done));
    this.handle.onMessage((message) => {
      const reader = this.readers.shift();
      if (reader === undefined) this.answers.push(message);
      else reader(message);
    });
  }

  answer(): Promise<unknown> {
    return this.answers.length > 0
      ? Promise.resolve(this.answers.shift())
      : new Promise((reader) => this.readers.push(reader));
  }

  ask(message: object): Promise<unknown> {
    this.handle.post(message);
    return this.answer();
  }

  async open(caps: object): Promise<void> {
    expect(await this.ask({ type: 'open', ring: { path: this.ring.path, ...this.ring.shape }, ...caps })).toEqual({
      type: 'ready',
    });
    this.ring.unlink();
  }

  async end(): Promise<void> {
    this.handle.kill();
    await this.exited;
    this.ring.unlink();
    this.ring.close();
  }
}

let workers: BundledWorkers;
const running: Worker[] = [];

beforeAll(async () => {
  process.env['NODE_PATH'] = resolve('node_modules'); // the bundles lie outside the project
  workers = await bundleWorkers(['compress', 'decompress']);
});

afterAll(() => {
  workers.remove();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.end()));
});

function start(kind: 'compress' | 'decompress'): Worker {
  const worker = new Worker(workers, kind);
  running.push(worker);
  return worker;
}

const cachePages = 40;
const { cachePolicy } = defaultSettings;

/** The memory of a guest that changes a little from one tick to the next. */
function memoryAt(tick: number): Buffer {
  const memory = Buffer.alloc(pages * pageBytes, 'abcdefg');
  for (let page = 0; page < pages; page += 3) memory.writeUInt32LE(tick + page, page * pageBytes + 100);
  randomBytes(2 * pageBytes).copy(memory, 7 * pageBytes);
  return memory;
}

function keysOf(count: number): Buffer {
  const keys = Buffer.alloc(count * keyBytes);
  for (let page = 0; page < count; page++) keys.writeDoubleLE(pageKey(1, page), page * keyBytes);
  return keys;
}

/** The frame of an encoded job, moved to the other worker's slot, and the job that decodes it. */
function moveFrame(encoded: Encoded, from: Ring, to: Ring, shard: number): object {
  const { slot, bytes, rawBytes, method } = encoded;
  const frame = Buffer.alloc(bytes);
  from.readOut(slot, 0, frame);
  to.writeIn(slot, 0, frame);
  return { type: 'decode', slot, shard, bytes, method, rawBytes, pages };
}

describe('compress and decompress workers', () => {
  it.each<[Method, number]>([
    ['none', 0],
    ['zlib', 6],
    ['zstd', 1],
    ['zstd', 19],
  ])('carry pages through %s %d', async (method, level) => {
    const compress = start('compress');
    const decompress = start('decompress');
    await compress.open({ shards: [3], cachePages, cachePolicy, xbzrle: true });
    await decompress.open({ cachePagesPerShard: cachePages, maxPages: pages });
    for (let round = 0; round < 3; round++) {
      const memories = Array.from({ length: slots }, (_, slot) => memoryAt(round * slots + slot));
      memories.forEach((memory, slot) => {
        compress.ring.writeIn(slot, 0, keysOf(pages));
        compress.ring.writeIn(slot, pages * keyBytes, memory);
        compress.handle.post({ type: 'encode', shard: 3, slot, pages, method, level });
      });
      for (const slot of memories.keys()) {
        const encoded = (await compress.answer()) as Encoded;
        expect(encoded).toMatchObject({ type: 'encoded', slot, method });
        decompress.handle.post(moveFrame(encoded, compress.ring, decompress.ring, 3));
      }
      for (const [slot, memory] of memories.entries()) {
        expect((await decompress.answer()) as Decoded).toMatchObject({ type: 'decoded', slot });
        const got = Buffer.alloc(memory.length);
        decompress.ring.readOut(slot, 0, got);
        expect(got.equals(memory)).toBe(true);
      }
    }
  });

  it('counts hits where the cache is large enough, and sends small deltas', async () => {
    const compress = start('compress');
    await compress.open({ shards: [3], cachePages: pages, cachePolicy, xbzrle: true });
    for (const hits of [0, pages]) {
      compress.ring.writeIn(0, 0, keysOf(pages));
      compress.ring.writeIn(0, pages * keyBytes, memoryAt(hits));
      const encoded = (await compress.ask({
        type: 'encode',
        shard: 3,
        slot: 0,
        pages,
        method: 'zstd',
        level: 1,
      })) as Encoded;
      expect(encoded.counts).toMatchObject({ lookups: pages, hits, misses: pages - hits });
      expect(encoded.fullBytes).toBe(encoded.counts.normal * pageBytes);
      expect(encoded.busyMs).toBeGreaterThan(0);
    }
  });

  it('keeps a cache for each shard it owns', async () => {
    const compress = start('compress');
    await compress.open({ shards: [0, 5], cachePages: pages, cachePolicy, xbzrle: true });
    for (const [shard, hits] of [
      [0, 0],
      [5, 0],
      [5, pages],
      [0, pages],
    ]) {
      compress.ring.writeIn(0, 0, keysOf(pages));
      compress.ring.writeIn(0, pages * keyBytes, memoryAt(7));
      const encoded = (await compress.ask({
        type: 'encode',
        shard,
        slot: 0,
        pages,
        method: 'zstd',
        level: 1,
      })) as Encoded;
      expect(encoded.counts).toMatchObject({ hits });
    }
  });

  it('follows another layout in the order of the jobs, caches kept or dropped', async () => {
    const compress = start('compress');
    await compress.open({ shards: [0, 1], cachePages: pages, cachePolicy, xbzrle: true });
    const encode = (slot: number, shard: number): void => {
      compress.ring.writeIn(slot, 0, keysOf(pages));
      compress.ring.writeIn(slot, pages * keyBytes, memoryAt(7));
      compress.handle.post({ type: 'encode', shard, slot, pages, method: 'zstd', level: 1 });
    };
    encode(0, 0);
    compress.handle.post({ type: 'resize', slot: 1, shards: [0, 9], cachePages: 20 });
    encode(2, 0);
    encode(3, 9);
    // Frames of several shards are compressed side by side: whose comes first is nobody's promise.
    const answers = [];
    for (let job = 0; job < 4; job++) answers.push(await compress.answer());
    const none = expect.objectContaining({ hits: 0, evictions: 0 }) as object;
    expect(answers).toContainEqual(expect.objectContaining({ slot: 0, counts: none }));
    const changes = [{ evictions: pages - 20, kept: expect.any(String) as string }, { evictions: 0 }];
    expect(answers).toContainEqual({ type: 'resized', slot: 1, changes });
    expect(answers).toContainEqual(expect.objectContaining({ slot: 3, type: 'encoded' }));
    expect(await compress.ask({ type: 'encode', shard: 1, slot: 0, pages: 1, method: 'none', level: 0 })).toMatchObject(
      {
        type: 'failed',
        slot: 0,
        code: 'worker',
      },
    );
  });

  it('sends a part as it is where the method would make it larger', async () => {
    const compress = start('compress');
    await compress.open({ shards: [3], cachePages: 0, cachePolicy, xbzrle: true });
    compress.ring.writeIn(2, keyBytes * 3, randomBytes(3 * pageBytes));
    const encoded = await compress.ask({ type: 'encode', shard: 3, slot: 2, pages: 3, method: 'zstd', level: 1 });
    const bytes = 4 + 3 + 3 * pageBytes;
    expect(encoded).toMatchObject({ slot: 2, method: 'none', bytes, rawBytes: bytes, fullBytes: 3 * pageBytes });
  });

  it('take no name on disk once ready', async () => {
    const compress = start('compress');
    await compress.open({ shards: [3], cachePages: 1, cachePolicy, xbzrle: false });
    expect(existsSync(compress.ring.path)).toBe(false);
  });
});

describe('a worker asked for what it cannot do', () => {
  it.each<[string, object, object]>([
    ['a level', { slot: 1, pages: 1, method: 'zlib', level: 10 }, { slot: 1, code: 'usage' }],
    ['pages beyond its slots', { slot: 1, pages: pages + 1, method: 'none', level: 0 }, { slot: 1, code: 'worker' }],
    ['a slot it has not', { slot: slots, pages: 1, method: 'none', level: 0 }, { slot: slots, code: 'worker' }],
    ['a shard it has not', { slot: 1, shard: 4, pages: 1, method: 'none', level: 0 }, { slot: 1, code: 'worker' }],
    ['a method nobody has', { slot: 0, pages: 1, method: 'lz4', level: 1 }, { slot: 0, code: 'worker' }],
  ])('fails the job with %s and goes on', async (_, job, failure) => {
    const compress = start('compress');
    await compress.open({ shards: [3], cachePages, cachePolicy, xbzrle: true });
    expect(await compress.ask({ type: 'encode', shard: 3, ...job })).toMatchObject({ type: 'failed', ...failure });
    expect(await compress.ask({ type: 'encode', shard: 3, slot: 0, pages: 1, method: 'none', level: 0 })).toMatchObject(
      {
        type: 'encoded',
      },
    );
  });

  it('says that it is not open, that its ring is missing, that the message is none', async () => {
    const compress = start('compress');
    const job = { type: 'encode', shard: 3, slot: 0, pages: 1, method: methods[0], level: 0 };
    expect(await compress.ask(job)).toMatchObject({ type: 'failed', slot: 0, code: 'worker' });
    const ring = { path: `${compress.ring.path}-not`, ...compress.ring.shape };
    const missing = await compress.ask({ type: 'open', ring, shards: [3], cachePages, cachePolicy, xbzrle: true });
    expect(missing).toMatchObject({ type: 'failed', code: 'worker' });
    expect(missing).not.toHaveProperty('slot');
    expect(await compress.ask({ type: 'sing' })).toMatchObject({ type: 'failed', code: 'worker' });
  });

  it('refuses a frame that does not decode, then the whole shard, but no other', async () => {
    const decompress = start('decompress');
    await decompress.open({ cachePagesPerShard: cachePages, maxPages: pages });
    const part = Buffer.concat([Buffer.from([1, 0, 0, 0, 1]), Buffer.alloc(pageBytes, 5)]);
    const job = { type: 'decode', slot: 0, bytes: part.length, method: 'none', rawBytes: part.length, pages: 1 };
    decompress.ring.writeIn(0, 0, part);
    expect(await decompress.ask({ ...job, shard: 1, method: 'zstd' })).toMatchObject({ type: 'failed', code: 'codec' });
    expect(await decompress.ask({ ...job, shard: 1 })).toMatchObject({ type: 'failed', slot: 0, code: 'codec' });
    expect(await decompress.ask({ ...job, shard: 2 })).toMatchObject({ type: 'decoded', slot: 0 });
    expect(await decompress.ask({ ...job, shard: 3, rawBytes: maxPartBytes(pages) + 1 })).toMatchObject({
      type: 'failed',
      code: 'codec',
    });
  });
});

describe('a worker that ends', () => {
  it('says so once, and takes messages in silence afterwards', async () => {
    const compress = start('compress');
    await compress.open({ shards: [3], cachePages, cachePolicy, xbzrle: true });
    expect(compress.handle.pid).toBeGreaterThan(0);
    compress.handle.kill();
    expect(await compress.exited).toBe('compress-test ended by SIGKILL');
    compress.handle.post({ type: 'encode', shard: 3, slot: 0, pages: 1, method: 'none', level: 0 });
    expect(await new Promise((late) => compress.handle.onExit(late))).toBe('compress-test ended by SIGKILL');
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('leaves %s to its parent', async (signal) => {
    const compress = start('compress');
    await compress.open({ shards: [3], cachePages, cachePolicy, xbzrle: true });
    process.kill(compress.handle.pid as number, signal);
    expect(await compress.ask({ type: 'encode', shard: 3, slot: 0, pages: 1, method: 'none', level: 0 })).toMatchObject(
      {
        type: 'encoded',
      },
    );
  });

  it('goes when its parent is gone, in whatever way', async () => {
    const program = `
      const worker = require('./spawn.cjs').spawnChild('compress', 'compress-orphan');
      worker.onMessage(() => console.log(worker.pid));
      worker.post({ type: 'is anybody there?' });`;
    const parent = spawn(process.execPath, ['-e', program], {
      cwd: workers.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(((await once(parent.stdout, 'data')) as [Buffer])[0].toString());
    expect(alive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !alive(pid), 'the worker to follow its parent');
  });
});

/** Whether a process runs; one that has ended and is not yet waited for does not. */
function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}
