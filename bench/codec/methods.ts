import { EncodeJobs } from '../../src/codec/encode-jobs';
import { encodeInputBytes, keyBytes, maxPartBytes, pageKey } from '../../src/codec/job';
import { methodTable } from '../../src/codec/methods';
import { Ring } from '../../src/codec/ring';
import { defaultSettings, type Method, pageBytes } from '../../src/shared/settings';
import { geometricMean } from '../kit/statistics';
import type { Section } from '../kit/result';
import { digits, percent } from '../kit/table';
import { sideBySide } from '../kit/timing';

const ways: readonly { readonly method: Method; readonly level: number }[] = [
  { method: 'none', level: 0 },
  ...[1, 6, 9].map((level) => ({ method: 'zlib' as const, level })),
  ...[1, 3, 6, 9, 19].map((level) => ({ method: 'zstd' as const, level })),
];
const partSizes = [1, 16, 64, 256];
/** Slow levels get less to do: what is measured is a speed. */
const budgetBytes = (level: number): number => (level >= 9 ? 1 : level >= 6 ? 2 : 4) * 2 ** 20;
const slotPages = 256;

interface Row {
  readonly method: Method;
  readonly level: number;
  readonly partPages: number;
  /** Compressed ÷ raw size of the bare library's frames. */
  readonly size: number;
  /** MB/s of guest memory. */
  readonly library: number | undefined;
  readonly worker: number;
  readonly workerNoCache: number;
  readonly decompress: number | undefined;
}

/**
 * A job's whole way through a compress worker (from its slot, page path, method, back into the slot; in this process)
 * beside the library's compressor on the same blocks. Cold cache: every page is looked up, hashed and stored.
 */
export async function measureMethods(memory: Buffer, passes: number, say: (line: string) => void): Promise<Section> {
  const rows: Row[] = [];
  for (const { method, level } of ways) {
    for (const partPages of partSizes) rows.push(await one(memory, method, level, partPages, passes));
    say(`${method} ${level}`);
  }
  const compared = rows.filter(({ method }) => method !== 'none');
  const ratio = (row: Row): number => row.worker / (row.library ?? NaN);
  const shipped = compared.find((row) => row.method === 'zstd' && row.level === 1 && row.partPages === slotPages);
  const figures = {
    ...Object.fromEntries(
      rows.flatMap((row) => {
        const name = `${row.method}${row.level}.${row.partPages}`;
        return [
          [`worker.${name}.megabytesPerSecond`, row.worker],
          [`worker.${name}.size`, row.size],
          ...(row.library === undefined ? [] : [[`worker.${name}.toLibrary`, ratio(row)]]),
        ] as [string, number][];
      }),
    ),
    /** As shipped: zstd 1, parts of 256 pages. */
    partToLibrary: shipped === undefined ? NaN : ratio(shipped),
    partToLibraryAll: geometricMean(compared.filter(({ partPages }) => partPages === slotPages).map(ratio)) ?? NaN,
    partToLibraryWorst: Math.min(...compared.filter(({ partPages }) => partPages >= 64).map(ratio)),
  };
  const table = {
    title: 'A part through a worker beside the bare library on the same blocks, MB/s of guest memory on one core',
    head: ['method', 'pages', 'to', 'library', 'worker', '÷', 'no cache', '÷', 'decompress'],
    rows: rows.map((row) => [
      `${row.method} ${row.level}`,
      String(row.partPages),
      percent(row.size),
      digits(row.library),
      digits(row.worker),
      digits(ratio(row)),
      digits(row.workerNoCache),
      digits(row.workerNoCache / (row.library ?? NaN)),
      digits(row.decompress),
    ]),
  };
  const groups = partSizes.map((pages) => ({
    label: `${pages * 4} KiB parts`,
    bars: compared
      .filter(({ partPages }) => partPages === pages)
      .map(({ method, level, library, size }) => ({
        name: `${method} ${level}`,
        value: library,
        note: `to ${(100 * size).toFixed(0)} %`,
      })),
  }));
  const chart = { kind: 'bars' as const, title: 'Compression of guest memory, one core', unit: 'MB/s', groups };
  return { figures, rows: rows.map((row) => ({ part: 'methods', ...row })), table, charts: [chart] };
}

async function one(memory: Buffer, method: Method, level: number, partPages: number, passes: number): Promise<Row> {
  const partBytes = partPages * pageBytes;
  const parts = Math.min(memory.length, budgetBytes(level)) / partBytes;
  const block = (part: number): Buffer => memory.subarray(part * partBytes, (part + 1) * partBytes);
  const codec = methodTable[method];
  const frames: Uint8Array[] = [];
  for (let part = 0; part < parts; part++) frames.push(await codec.compress(block(part), level));
  const bytes = parts * partBytes;
  const cached = workerOn(memory, parts, partPages, method, level, true);
  const uncached = workerOn(memory, parts, partPages, method, level, false);
  try {
    const works = [
      { name: 'worker', bytes, run: cached.all },
      { name: 'no cache', bytes, run: uncached.all },
    ];
    if (method !== 'none') {
      works.push({
        name: 'library',
        bytes,
        run: async () => void (await inTurn(parts, (part) => codec.compress(block(part), level))),
      });
      works.push({
        name: 'decompress',
        bytes,
        run: async () => void (await inTurn(parts, (part) => codec.decompress(frames[part] as Uint8Array, partBytes))),
      });
    }
    // Long passes where that costs little: short ones met code that was not compiled yet and memory not touched before.
    const speeds = await (level >= 9 ? sideBySide(works, 1, 1) : sideBySide(works, passes));
    const inMegabytes = (name: string): number | undefined => {
      const speed = speeds.get(name);
      return speed === undefined ? undefined : speed * 1000;
    };
    return {
      method,
      level,
      partPages,
      size: frames.reduce((sum, { length }) => sum + length, 0) / bytes,
      library: inMegabytes('library'),
      worker: inMegabytes('worker') ?? NaN,
      workerNoCache: inMegabytes('no cache') ?? NaN,
      decompress: inMegabytes('decompress'),
    };
  } finally {
    cached.close();
    uncached.close();
  }
}

async function inTurn(parts: number, work: (part: number) => Promise<unknown>): Promise<void> {
  for (let part = 0; part < parts; part++) await work(part);
}

/** A worker's jobs over a real ring, one job at a time; each call sends every part under addresses not seen before. */
function workerOn(memory: Buffer, parts: number, partPages: number, method: Method, level: number, xbzrle: boolean) {
  const shape = { slots: 1, inBytes: encodeInputBytes(slotPages), outBytes: maxPartBytes(slotPages) };
  const ring = Ring.create(shape);
  // Fewer pages than one call brings: what is stored is gone before the same bytes come again, so each page is a miss.
  const cachePages = Math.max(1, Math.floor((parts * partPages) / 2));
  const opened = { type: 'open' as const, ring: { path: ring.path, ...shape }, shards: [0], cachePages, xbzrle };
  const jobs = EncodeJobs.open({ ...opened, cachePolicy: defaultSettings.cachePolicy });
  const keys = Buffer.alloc(partPages * keyBytes);
  let address = 0;
  const all = async (): Promise<void> => {
    for (let part = 0; part < parts; part++) {
      for (let page = 0; page < partPages; page++) keys.writeDoubleLE(pageKey(0, address++), page * keyBytes);
      ring.writeIn(0, 0, keys);
      ring.writeIn(0, keys.length, memory.subarray(part * partPages * pageBytes, (part + 1) * partPages * pageBytes));
      await jobs.run({ type: 'encode', slot: 0, shard: 0, pages: partPages, method, level });
    }
  };
  return {
    all,
    close: () => {
      ring.unlink();
      ring.close();
    },
  };
}
