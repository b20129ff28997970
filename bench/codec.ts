/*
 * How fast the codec is on one core: XBZRLE beside a plain copy, the whole page path (look up, encode, store), and a
 * part's way through a method beside that method alone. Fastest of ten passes, in GB/s of guest memory.
 *
 *     npx rolldown bench/codec.ts --platform node -f cjs -o out/bench/codec.cjs && node out/bench/codec.cjs
 */
import { keyBytes, pageKey } from '../src/codec/job';
import { methodTable } from '../src/codec/methods';
import { PartDecoder } from '../src/codec/part-decoder';
import { PartEncoder } from '../src/codec/part-encoder';
import { deltaRoomBytes, XbzrleArena } from '../src/codec/xbzrle/xbzrle';
import { defaultSettings, pageBytes } from '../src/shared/settings';

const pages = 256;
const passes = 10;
const bytes = pages * pageBytes;

/** Which bytes of a page a workload changes. */
const patterns: Readonly<Record<string, readonly number[]>> = {
  identical: [],
  'seed: 1 byte every 1 KiB': [0, 1024, 2048, 3072],
  '64 spots': Array.from({ length: 64 }, (_, i) => i * 64 + (i % 13)),
  'every 8th byte': Array.from({ length: 512 }, (_, i) => i * 8),
};

async function fastest(work: () => void | Promise<void>, repeats: number): Promise<number> {
  let best = 0;
  for (let pass = 0; pass < passes; pass++) {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) await work();
    best = Math.max(best, (repeats * bytes) / 1e6 / (performance.now() - start));
  }
  return best;
}

function report(what: string, gigabytesPerSecond: number): void {
  console.log(`${what.padEnd(48)} ${gigabytesPerSecond.toFixed(2).padStart(7)} GB/s`);
}

/** Half text, half numbers that hardly repeat: it compresses to about a third, as a guest's memory does. */
function guestMemory(): Buffer {
  const memory = Buffer.alloc(bytes);
  let state = 1;
  for (let at = 0; at < bytes; at += 16) {
    state = (Math.imul(state, 48271) >>> 0) % 2147483647;
    if (at % 8192 < 4096) memory.write(`key ${state % 999} value   `, at, 16, 'latin1');
    else memory.writeUInt32LE(state, at);
  }
  return memory;
}

function change(memory: Uint8Array, offsets: readonly number[]): void {
  for (let page = 0; page < pages; page++) {
    for (const offset of offsets) {
      const at = page * pageBytes + offset;
      memory[at] = (memory[at] as number) + 1;
    }
  }
}

async function benchXbzrle(): Promise<void> {
  const arena = new XbzrleArena(2 * bytes + deltaRoomBytes);
  const old = arena.arenaStart;
  const now = old + bytes;
  const out = now + bytes;
  const memory = guestMemory();
  const eachPage = (work: (at: number) => void) => () => {
    for (let at = 0; at < bytes; at += pageBytes) work(at);
  };
  report(
    'copy, page by page',
    await fastest(
      eachPage((at) => arena.copyPage(now + at, old + at)),
      100,
    ),
  );
  for (const [name, offsets] of Object.entries(patterns)) {
    arena.bytes(old, bytes).set(memory);
    arena.bytes(now, bytes).set(memory);
    change(arena.bytes(now, bytes), offsets);
    report(
      `encode, ${name}`,
      await fastest(
        eachPage((at) => arena.encode(old + at, now + at, out)),
        50,
      ),
    );
    const length = arena.encode(old, now, out);
    if (length === undefined) continue;
    report(
      `decode, ${name}`,
      await fastest(
        eachPage((at) => arena.decode(old + at, out, length)),
        50,
      ),
    );
  }
}

function preparedEncoder(cachePages: number, memory: Uint8Array): PartEncoder {
  const encoder = new PartEncoder(pages, cachePages, defaultSettings.cachePolicy);
  nameJob(encoder, 0);
  encoder.pages(pages).set(memory);
  return encoder;
}

function nameJob(encoder: PartEncoder, job: number): void {
  for (let page = 0; page < pages; page++) encoder.keys.writeDoubleLE(pageKey(job, page * 7), page * keyBytes);
}

/** Jobs that together fill a cache of 64 MiB: a job's pages come fresh from the ring, the cache's from memory. */
const cachedJobs = 64;

async function benchPagePath(): Promise<void> {
  const memory = guestMemory();
  for (const [name, offsets] of Object.entries(patterns)) {
    const encoder = preparedEncoder(cachedJobs * pages, memory);
    let job = 0;
    const touch = () => {
      nameJob(encoder, job++ % cachedJobs);
      change(encoder.pages(pages), offsets);
    };
    const touching = await fastest(touch, cachedJobs);
    const both = await fastest(() => {
      touch();
      encoder.encode(pages, 1);
    }, cachedJobs);
    report(`page path, ${name}`, 1 / (1 / both - 1 / touching));
  }
  const missing = preparedEncoder(pages, memory);
  let tick = 0;
  const misses = await fastest(() => {
    nameJob(missing, tick++);
    missing.encode(pages, 1);
  }, 20);
  report('page path, every page a miss', misses);
  const uncached = preparedEncoder(0, memory);
  report('page path, no cache', await fastest(() => void uncached.encode(pages, 1), 20));
}

async function benchMethods(): Promise<void> {
  const memory = guestMemory();
  const encoder = preparedEncoder(0, memory);
  const { payload } = encoder.encode(pages, 1);
  const decoder = new PartDecoder({ cachePagesPerShard: 0, maxPages: pages });
  for (const [method, level] of [
    ['zlib', 1],
    ['zstd', 1],
    ['zstd', 3],
    ['zstd', 9],
  ] as const) {
    const codec = methodTable[method];
    const frame = await codec.compress(payload, level);
    const name = `${method} ${level} (to ${((100 * frame.length) / payload.length).toFixed(0)} %)`;
    report(`compress alone, ${name}`, await fastest(async () => void (await codec.compress(payload, level)), 2));
    report(
      `part encoded, ${name}`,
      await fastest(async () => void (await codec.compress(encoder.encode(pages, 1).payload, level)), 2),
    );
    report(
      `decompress alone, ${name}`,
      await fastest(async () => void (await codec.decompress(frame, payload.length)), 4),
    );
    const decoded = async () => void decoder.decode(0, await codec.decompress(frame, payload.length), pages);
    report(`part decoded, ${name}`, await fastest(decoded, 4));
  }
}

async function main(): Promise<void> {
  await benchXbzrle();
  await benchPagePath();
  await benchMethods();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
