import { childrenOf } from '../e2e/kit/processes';
import { parseRate } from '../src/shared/units';
import { type Bench, count, word } from './kit/bench';
import { linuxGuest, sampleGuest, type SavedGuest } from './kit/guests';
import { type Move, moveByWherry, withPair } from './kit/moves';
import { pssOf } from './kit/side';
import { median } from './kit/statistics';
import { digits } from './kit/table';

const mebibyte = 2 ** 20;
const sampleMs = 250;

interface Measured {
  readonly totalMs: number;
  /** The most that was seen at once: main process and compress workers, and the decompress workers apart. */
  readonly sourcePss: number;
  readonly decompressPss: number;
  readonly compressWorkers: number;
  readonly cacheBytes: number;
  readonly loopLagP99Ms: number | undefined;
}

/** What twice the guest and twice the threads do to time and memory, and how late the main loop gets. */
export const scaling: Bench = {
  name: 'scaling',
  summary: '1 → 2 GiB guest and 1 → 2 compress threads: time, memory (PSS), main loop lag',
  options: (command) =>
    command
      .option('--link <rate>', 'the wire limit for the guests of 1 and 2 GiB', '400Mbit')
      .option('--runs <n>', 'runs of each', '3'),
  async run(options, { wherry, say }) {
    const bandwidth = parseRate(word(options, 'link'));
    const guests: readonly (readonly [name: string, guest: SavedGuest])[] = [
      ['1 GiB', await sampleGuest(1024 * mebibyte, 480 * mebibyte, say)],
      ['2 GiB', await sampleGuest(2048 * mebibyte, 960 * mebibyte, say)],
    ];
    const linux = await linuxGuest('idle', 512 * mebibyte, say);
    const slow = ['--method', 'zstd', '--level', '15', '--xbzrle-cache', '0'];
    const cases = [
      ...guests.map(([name, guest]) => ({ name, guest, bandwidth, words: [] as readonly string[] })),
      ...[1, 2].map((threads) => ({
        name: `${threads} thread${threads === 1 ? '' : 's'}`,
        guest: linux,
        bandwidth: 0,
        words: [...slow, '--compress-threads', String(threads)],
      })),
    ];
    const rows: ({ readonly name: string; readonly run: number } & Measured)[] = [];
    for (let run = 1; run <= count(options, 'runs'); run++) {
      for (const { name, guest, words, bandwidth: limit } of cases) {
        const measured = await measure(guest, wherry, words, limit);
        rows.push({ name, run, ...measured });
        say(
          `${name}, run ${run}: ${digits(measured.totalMs / 1000)} s, source side ${digits(measured.sourcePss / mebibyte)} MiB`,
        );
      }
    }
    const middle = (name: string, of: (row: Measured) => number): number =>
      median(rows.filter((row) => row.name === name).map(of)) ?? NaN;
    const total = (name: string): number => middle(name, ({ totalMs }) => totalMs);
    const source = (name: string): number => middle(name, ({ sourcePss }) => sourcePss);
    const lags = rows.flatMap(({ loopLagP99Ms }) => (loopLagP99Ms === undefined ? [] : [loopLagP99Ms]));
    return {
      parameters: options,
      figures: {
        timeTwiceTheGuest: total('2 GiB') / total('1 GiB'),
        memoryTwiceTheGuest: source('2 GiB') / source('1 GiB'),
        speedTwiceTheThreads: total('1 thread') / total('2 threads'),
        sourcePssMiB: Math.max(...rows.map(({ sourcePss }) => sourcePss)) / mebibyte,
        /** The most by which a run was above 150 MiB + cache + 40 MiB a worker; below 0 is within. */
        pssOverBudgetMiB: Math.max(...rows.map((row) => (row.sourcePss - budget(row)) / mebibyte)),
        loopLagP99Ms: lags.length === 0 ? NaN : Math.max(...lags),
      },
      rows,
      tables: [
        {
          title: 'Medians; the sample guest half full, and a Linux guest with zstd 15 and no limit',
          head: ['', 'total, s', 'source side, MiB', 'budget, MiB', 'decompress, MiB', 'loop lag p99, ms'],
          rows: cases.map(({ name }) => [
            name,
            digits(total(name) / 1000),
            digits(source(name) / mebibyte),
            digits(middle(name, budget) / mebibyte),
            digits(middle(name, ({ decompressPss }) => decompressPss) / mebibyte),
            digits(middle(name, ({ loopLagP99Ms = NaN }) => loopLagP99Ms)),
          ]),
        },
      ],
      charts: [],
    };
  },
};

const budget = ({ cacheBytes, compressWorkers }: Measured): number =>
  150 * mebibyte + cacheBytes + compressWorkers * 40 * mebibyte;

async function measure(
  guest: SavedGuest,
  wherry: string,
  words: readonly string[],
  bandwidth: number,
): Promise<Measured> {
  const most = { source: 0, decompress: 0, workers: 0 };
  let timer: NodeJS.Timeout | undefined;
  const watch = (pid: number): void => {
    timer = setInterval(() => {
      const decompress = childrenOf(pid, 'decompress.cjs');
      const compress = childrenOf(pid, 'compress.cjs').filter((child) => !decompress.includes(child));
      most.source = Math.max(most.source, pssOf([pid, ...compress]));
      most.decompress = Math.max(most.decompress, pssOf(decompress));
      most.workers = Math.max(most.workers, compress.length);
    }, sampleMs);
  };
  const limits = { bandwidth, downtimeLimitMs: 300, timeoutMs: 300_000 };
  const move: Move = await withPair(guest, true, (pair) => moveByWherry(pair, wherry, words, limits, watch)).finally(
    () => clearInterval(timer),
  );
  const { status, totalMs, report, why } = move;
  if (status !== 'completed' || totalMs === undefined || report === undefined) {
    throw new Error(`Expected the run to complete, ${status}: ${why ?? ''}`);
  }
  return {
    totalMs,
    sourcePss: most.source,
    decompressPss: most.decompress,
    compressWorkers: most.workers,
    cacheBytes: report.cache.size,
    loopLagP99Ms: report.load?.loopLagP99Ms,
  };
}
