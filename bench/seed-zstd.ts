import { parseBytes, parseDuration } from '../src/shared/units';
import { type Bench, type BenchOptions, count, word, words } from './kit/bench';
import { linuxGuest, linuxLoads, type SavedGuest } from './kit/guests';
import { nativeModes } from './kit/modes';
import { type Move, moveByWherry, moveNatively, withPair } from './kit/moves';
import { median } from './kit/statistics';
import { digits } from './kit/table';

/** The table that came with zstd for QEMU's compress threads: 8 and 2 threads, level 1, 100 Mbit/s. */
const theirs = {
  zlib: { totalMs: 75_256, downtimeMs: 128, transferredKB: 1_576_866, megabits: 172.06 },
  zstd: { totalMs: 44_187, downtimeMs: 81, transferredKB: 736_117, megabits: 137.16 },
} as const;

const columns = ['QEMU zlib', 'wherry zlib', 'wherry zstd'] as const;
type Column = (typeof columns)[number];
const measures = ['totalMs', 'downtimeMs', 'transferredKB', 'megabits'] as const;
type Measures = Record<(typeof measures)[number], number>;
const titles: Readonly<Record<keyof Measures, string>> = {
  totalMs: 'total time, ms',
  downtimeMs: 'downtime, ms',
  transferredKB: 'transferred, kB',
  megabits: 'throughput, Mbit/s',
};

/** The first seed's measurement again, on a guest that fits this machine; what can be compared is zstd ÷ zlib. */
export const seedZstd: Bench = {
  name: 'seed-zstd',
  summary: 'zlib and zstd with 8/2 threads, level 1, 100 Mbit/s: the table of the zstd patches',
  options: (command) =>
    command
      .option('--memory <size>', "the guest's memory", '1GiB')
      .option('--guest <load>', `one of ${linuxLoads.join(', ')}`, 'idle')
      .option('--runs <n>', 'runs of each', '3')
      .option('--timeout <time>', 'the longest a run may take', '300s'),
  async run(options, { wherry, say }) {
    const [load = 'idle'] = words(options, 'guest', linuxLoads);
    const guest = await linuxGuest(load, parseBytes(word(options, 'memory')), say);
    const rows: ({ readonly column: Column; readonly run: number } & Measures)[] = [];
    for (let run = 1; run <= count(options, 'runs'); run++) {
      for (const column of columns) {
        const found = measuresOf(await moveBy(column, guest, wherry, options), column);
        rows.push({ column, run, ...found });
        say(`${column}, run ${run}: ${digits(found.totalMs / 1000)} s, ${digits(found.transferredKB / 1000)} MB`);
      }
    }
    const middle = (column: Column, measure: keyof Measures): number =>
      median(rows.filter((row) => row.column === column).map((row) => row[measure])) ?? NaN;
    const ours = (measure: keyof Measures): number => middle('wherry zstd', measure) / middle('wherry zlib', measure);
    const seeds = (measure: keyof Measures): number => theirs.zstd[measure] / theirs.zlib[measure];
    return {
      parameters: { ...options, seed: theirs },
      figures: Object.fromEntries(
        measures.flatMap((measure) => [
          [`zstdToZlib.${measure}`, ours(measure)],
          [`seedZstdToZlib.${measure}`, seeds(measure)],
          ...columns.map((column) => [`${column}.${measure}`, middle(column, measure)] as const),
        ]),
      ),
      rows,
      tables: [
        {
          title: '8/2 threads, level 1, 100 Mbit/s: medians, and zstd ÷ zlib here and in the seed',
          head: ['', ...columns, 'zstd ÷ zlib', 'in the seed'],
          rows: measures.map((measure) => [
            titles[measure],
            ...columns.map((column) => digits(middle(column, measure))),
            digits(ours(measure)),
            digits(seeds(measure)),
          ]),
        },
      ],
      charts: [
        {
          kind: 'bars',
          title: 'zstd ÷ zlib',
          unit: 'ratio',
          groups: measures.map((measure) => ({
            label: titles[measure],
            bars: [
              { name: 'here', value: ours(measure) },
              { name: 'in the seed', value: seeds(measure) },
            ],
          })),
        },
      ],
    };
  },
};

function moveBy(column: Column, guest: SavedGuest, wherry: string, options: BenchOptions): Promise<Move> {
  const limits = { bandwidth: 12.5e6, downtimeLimitMs: 300, timeoutMs: parseDuration(word(options, 'timeout')) };
  return withPair(guest, column !== 'QEMU zlib', (pair) => {
    if (column === 'QEMU zlib') return moveNatively(pair, nativeModes['compress-zlib'], limits);
    const profile = column === 'wherry zlib' ? 'Seed: zlib' : 'Seed: zstd';
    return moveByWherry(pair, wherry, ['--profile', profile], limits);
  });
}

/** As QEMU names and counts them; kB are 1024 bytes. */
function measuresOf({ status, why, totalMs, downtimeMs, wireBytes }: Move, column: Column): Measures {
  if (status !== 'completed' || totalMs === undefined || wireBytes === undefined) {
    throw new Error(`${column}: expected to complete, ${status}: ${why ?? ''}`);
  }
  return {
    totalMs,
    downtimeMs: downtimeMs ?? NaN,
    transferredKB: wireBytes / 1024,
    megabits: (wireBytes * 8) / 1000 / totalMs,
  };
}
