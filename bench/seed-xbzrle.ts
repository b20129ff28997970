import { parseBytes, parseDuration, parseRate } from '../src/shared/units';
import { type Bench, count, word } from './kit/bench';
import { linuxGuest } from './kit/guests';
import { nativeModes } from './kit/modes';
import {
  type Move,
  type MoveLimits,
  moveByWherry,
  moveNatively,
  type NativeMode,
  type Pair,
  withPair,
} from './kit/moves';
import type { Table } from './kit/result';
import { digits, seconds } from './kit/table';

interface Variant {
  readonly name: string;
  readonly deltas: boolean;
  readonly native?: (cacheBytes: number) => NativeMode;
  readonly words?: (cacheBytes: number) => readonly string[];
}

const withCache = (bytes: number): NativeMode => ({
  ...nativeModes.xbzrle,
  parameters: { 'xbzrle-cache-size': bytes },
});

const variants: readonly Variant[] = [
  { name: 'QEMU, without', deltas: false, native: () => nativeModes.none },
  { name: 'Wherry, without', deltas: false, words: () => ['--method', 'none', '--xbzrle-cache', '0'] },
  { name: 'QEMU, XBZRLE', deltas: true, native: withCache },
  { name: 'Wherry, XBZRLE', deltas: true, words: (bytes) => ['--method', 'none', '--xbzrle-cache', String(bytes)] },
  { name: 'Wherry, XBZRLE and zstd', deltas: true, words: (bytes) => ['--xbzrle-cache', String(bytes)] },
];

/** The second seed's scenario: its load generator runs, `migrate_set_cachesize 256m`, without deltas and with. */
export const seedXbzrle: Bench = {
  name: 'seed-xbzrle',
  summary: 'the load generator of the XBZRLE patches: without deltas never, with them completed; its `info migrate`',
  options: (command) =>
    command
      .option('--memory <size>', "the guest's memory", '512MiB')
      .option('--cache <size>', 'the XBZRLE cache', '256MiB')
      .option('--link <rate>', 'the wire limit', '100Mbit')
      .option('--timeout <time>', 'a run that takes longer has not completed', '120s')
      .option('--runs <n>', 'runs of each', '1'),
  async run(options, { wherry, say }) {
    const guest = await linuxGuest('seed', parseBytes(word(options, 'memory')), say);
    const cacheBytes = parseBytes(word(options, 'cache'));
    const timeoutMs = parseDuration(word(options, 'timeout'));
    const limits = { bandwidth: parseRate(word(options, 'link')), downtimeLimitMs: 300, timeoutMs };
    const rows: Row[] = [];
    for (let run = 1; run <= count(options, 'runs'); run++) {
      for (const variant of variants) {
        const move = await withPair(guest, variant.native === undefined, (pair) =>
          moveBy(variant, pair, cacheBytes, limits, wherry),
        );
        const { status, totalMs, downtimeMs, wireBytes, rounds } = move;
        rows.push({
          name: variant.name,
          deltas: variant.deltas,
          run,
          status,
          totalMs,
          downtimeMs,
          wireBytes,
          rounds,
          move,
        });
        say(`${variant.name}: ${status}${totalMs === undefined ? '' : `, ${seconds(totalMs)} s`}`);
      }
    }
    return {
      parameters: options,
      figures: figuresOf(rows),
      rows,
      tables: [summary(rows), ...infoTables(rows)],
      charts: [
        {
          kind: 'bars',
          title: "Total time under the seed's load",
          unit: 's',
          groups: [
            {
              label: `${word(options, 'link')}`,
              bars: rows.map(({ name, status, totalMs }) =>
                status === 'completed' && totalMs !== undefined
                  ? { name, value: totalMs / 1000 }
                  : { name, value: undefined, note: `did not complete in ${word(options, 'timeout')}` },
              ),
            },
          ],
        },
      ],
    };
  },
};

interface Row {
  readonly name: string;
  readonly deltas: boolean;
  readonly run: number;
  readonly status: Move['status'];
  readonly totalMs: number | undefined;
  readonly downtimeMs: number | undefined;
  readonly wireBytes: number | undefined;
  readonly rounds: number | undefined;
  readonly move: Move;
}

function moveBy(variant: Variant, pair: Pair, cacheBytes: number, limits: MoveLimits, wherry: string): Promise<Move> {
  if (variant.native) return moveNatively(pair, variant.native(cacheBytes), limits);
  return moveByWherry(pair, wherry, variant.words?.(cacheBytes) ?? [], limits);
}

function figuresOf(rows: readonly Row[]): Record<string, number> {
  const share = (deltas: boolean): number => {
    const own = rows.filter((row) => row.deltas === deltas && row.name.startsWith('wherry'));
    return own.filter(({ status }) => status === 'completed').length / own.length;
  };
  return {
    completedWithout: share(false),
    completedWith: share(true),
    ...Object.fromEntries(rows.map(({ name, totalMs }) => [`totalMs.${name}`, totalMs ?? NaN])),
  };
}

function summary(rows: readonly Row[]): Table {
  return {
    title: "The seed's scenario",
    head: ['', 'total, s', 'downtime, ms', 'on the wire, MB', 'rounds'],
    rows: rows.map(({ name, status, totalMs, downtimeMs, wireBytes, rounds }) => [
      name,
      status === 'completed' ? seconds(totalMs) : status,
      digits(downtimeMs),
      digits(wireBytes === undefined ? undefined : wireBytes / 1e6),
      rounds === undefined ? '–' : String(rounds),
    ]),
  };
}

/** The lines of `info migrate` in the seed, from Wherry's own report; kbytes are of 1024. */
function infoTables(rows: readonly Row[]): readonly Table[] {
  return rows.flatMap(({ name, run, move: { report } }) => {
    if (report === undefined || report.cache.size === 0) return [];
    const { pages, cache, wireBytes } = report;
    const kbytes = (count: number): string => `${count * 4} kbytes`;
    return [
      {
        title: `info migrate, ${name}, run ${run}`,
        head: ['', ''],
        rows: [
          ['transferred ram', `${(wireBytes / 1024).toFixed(0)} kbytes`],
          ['transferred ram-duplicate', kbytes(pages.duplicate)],
          ['transferred ram-duplicate', `${pages.duplicate} pages`],
          ['transferred ram-normal', kbytes(pages.normal)],
          ['transferred ram-normal', `${pages.normal} pages`],
          ['transferred ram-xbzrle', `${pages.xbzrle} pages`],
          ['overflow ram-xbzrle', `${pages.overflow} pages`],
          ['cache-hit ram-xbzrle', `${cache.hits} pages`],
          ['cache-lookup ram-xbzrle', `${cache.lookups} pages`],
        ],
      },
    ];
  });
}
