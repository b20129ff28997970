import { loadavg } from 'node:os';
import { parseBytes, parseDuration, parseRate } from '../src/shared/units';
import { wayName } from '../src/shared/way';
import { type Bench, count, word, words } from './kit/bench';
import { linuxGuest, linuxLoads, sampleGuest, type SavedGuest } from './kit/guests';
import { type Move, moveByWherry, withPair } from './kit/moves';
import { geometricMean, median } from './kit/statistics';
import { digits, seconds } from './kit/table';

/** The choices that are compared, as the command takes them. */
const ways = {
  auto: ['--method', 'auto'],
  /** As it comes: nothing compressed, nothing compared. */
  plain: ['--method', 'none', '--xbzrle-cache', '0'],
  none: ['--method', 'none'],
  zlib1: ['--method', 'zlib', '--level', '1'],
  zstd1: ['--method', 'zstd', '--level', '1'],
  zstd3: ['--method', 'zstd', '--level', '3'],
  zstd6: ['--method', 'zstd', '--level', '6'],
} as const satisfies Record<string, readonly string[]>;
type WayName = keyof typeof ways;
const wayNames = Object.keys(ways) as readonly WayName[];
const guestNames = [...linuxLoads, 'sample'] as const;

interface Row {
  readonly guest: string;
  readonly link: string;
  readonly way: WayName;
  readonly run: number;
  readonly status: Move['status'];
  readonly totalMs?: number;
  readonly wireBytes?: number;
  /** Part bytes by way, for `auto`. */
  readonly went?: readonly string[];
  readonly reason?: string;
  /** The machine's load, 1 min. */
  readonly load: number;
}

/** `--method auto` against each fixed choice, on the same guests over the same links, the ways taking turns. */
export const auto: Bench = {
  name: 'auto',
  summary: 'the adaptive method against every fixed one: guests × links, in turns',
  options: (command) =>
    command
      .option('--guests <names>', 'loads, and the sample guest', guestNames.join(','))
      .option('--links <rates>', 'wire limits', '100Mbit,1Gbit')
      .option('--memory <size>', "guests' memory", '512MiB')
      .option('--ways <names>', 'choices compared; auto is one of them', wayNames.join(','))
      .option('--timeout <time>', 'a run that takes longer has not completed', '120s')
      .option('--runs <n>', 'runs of each', '3'),
  async run(options, { wherry, say }) {
    const names = words(options, 'ways', wayNames);
    const memoryBytes = parseBytes(word(options, 'memory'));
    const timeoutMs = parseDuration(word(options, 'timeout'));
    const links = word(options, 'links').split(',');
    const rows: Row[] = [];
    for (let run = 1; run <= count(options, 'runs'); run++) {
      for (const name of words(options, 'guests', guestNames)) {
        const guest = await guestOf(name, memoryBytes, say);
        for (const link of links) {
          const limits = { bandwidth: parseRate(link), downtimeLimitMs: 300, timeoutMs };
          for (const [index] of names.entries()) {
            // Another one is first each time: what comes first finds the machine in another state.
            const way = names[(index + run) % names.length] ?? 'auto';
            const row = { guest: name, link, way, run, ...(await moved(guest, wherry, way, limits)) };
            rows.push(row);
            say(`${name}, ${link}, ${way}, run ${run}: ${row.status} in ${seconds(row.totalMs)} s`);
          }
        }
      }
    }
    const cells = cellsOf(rows, timeoutMs);
    return {
      parameters: options,
      figures: {
        worstOverBest: Math.max(...cells.map(({ overBest }) => overBest)),
        meanOverBest: geometricMean(cells.map(({ overBest }) => overBest)) ?? NaN,
      },
      rows,
      tables: [
        {
          title: 'Total time, s, medians; a run that did not complete counts as the time it was given',
          head: ['guest', 'link', ...names, 'best fixed', 'auto ÷ best'],
          rows: cells.map(({ guest, link, times, best, overBest }) => [
            guest,
            link,
            ...names.map((way) => seconds(times.get(way))),
            best,
            digits(overBest),
          ]),
        },
      ],
      charts: [],
    };
  },
};

function guestOf(name: (typeof guestNames)[number], bytes: number, say: (line: string) => void): Promise<SavedGuest> {
  return name === 'sample' ? sampleGuest(bytes, bytes / 2, say) : linuxGuest(name, bytes, say);
}

async function moved(
  guest: SavedGuest,
  wherry: string,
  way: WayName,
  limits: Parameters<typeof moveByWherry>[3],
): Promise<Omit<Row, 'guest' | 'link' | 'way' | 'run'>> {
  const load = loadavg()[0] ?? NaN;
  const move = await withPair(guest, true, (pair) => moveByWherry(pair, wherry, ways[way], limits)).catch(
    (error: unknown): Move => ({ status: 'failed', why: String(error) }),
  );
  const { status, totalMs, wireBytes, report } = move;
  const went = report?.compression.ways?.map((way) => `${wayName(way)}: ${way.rawBytes}`);
  const reason = report?.compression.reason;
  return {
    status,
    load,
    ...(totalMs !== undefined && { totalMs }),
    ...(wireBytes !== undefined && { wireBytes }),
    ...(way === 'auto' && went !== undefined && { went }),
    ...(reason !== undefined && { reason }),
  };
}

interface Cell {
  readonly guest: string;
  readonly link: string;
  readonly times: ReadonlyMap<WayName, number>;
  /** The fastest of the fixed choices. */
  readonly best: string;
  readonly overBest: number;
}

function cellsOf(rows: readonly Row[], timeoutMs: number): readonly Cell[] {
  const cells = [...new Set(rows.map(({ guest, link }) => `${guest}|${link}`))];
  return cells.map((cell) => {
    const [guest = '', link = ''] = cell.split('|');
    const own = rows.filter((row) => row.guest === guest && row.link === link);
    const times = new Map<WayName, number>();
    for (const way of wayNames) {
      const time = median(own.filter((row) => row.way === way).map(({ totalMs }) => totalMs ?? timeoutMs));
      if (time !== undefined) times.set(way, time);
    }
    const fixed = [...times].filter(([way]) => way !== 'auto');
    const [best, bestMs] = fixed.reduce<readonly [string, number]>((a, b) => (b[1] < a[1] ? b : a), ['–', Infinity]);
    return { guest, link, times, best, overBest: (times.get('auto') ?? NaN) / bestMs };
  });
}
