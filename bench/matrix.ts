import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseBytes, parseDuration, parseRate } from '../src/shared/units';
import { type Bench, count, word, words } from './kit/bench';
import { layCable, moveToReceiver, overCable } from './kit/cable';
import { matrixChart, matrixFigures, matrixTables, type MatrixRun } from './kit/cells';
import { linuxGuest, linuxLoads, type SavedGuest } from './kit/guests';
import { ResultLines } from './kit/lines';
import { thisVersion } from './kit/machine';
import { type ModeName, modeNames, nativeModes } from './kit/modes';
import { type Move, moveByWherry, moveNatively, type MoveLimits, type Pair, withPair } from './kit/moves';
import { digits, seconds } from './kit/table';

/**
 * Wherry with its default settings against QEMU's own modes: guests with real files in memory and a load each, over
 * limited links. Every run starts from the same saved guest; the modes of a cell run one after the other.
 */
export const matrix: Bench = {
  name: 'matrix',
  summary: "guests × links × memory, Wherry's defaults against QEMU's own modes",
  options: (command) =>
    command
      .option('--guests <names>', 'loads', linuxLoads.join(','))
      .option('--links <rates>', 'wire limits', '100Mbit,1Gbit')
      .option('--memory <sizes>', "guests' memory", '512MiB,1GiB')
      .option('--modes <names>', 'ways to migrate', modeNames.join(','))
      .option('--timeout <time>', 'a run that takes longer has not completed', '120s')
      .option('--downtime-limit <time>', 'for all', '300ms')
      .option('--runs <n>', 'runs of each cell and mode', '1')
      .option('--wherry <words>', 'more words for the wherry command, instead of its defaults', '')
      .option(
        '--cable',
        'links that the kernel shapes, TCP and a receiver; no limit is set (needs root, unshare --net)',
      )
      .option('--resume', 'go on with the last matrix.jsonl: what is there is not run again')
      .option('--merge <files>', 'count the runs in these files too, and do not repeat them', '')
      .option('--report', 'run nothing; show what there is (with --resume or --merge)'),
  async run(options, { wherry, results, say }) {
    const modes = words(options, 'modes', modeNames);
    const plan = planOf(options, modes);
    const extra = word(options, 'wherry').split(' ').filter(Boolean);
    const merge = word(options, 'merge').split(',').filter(Boolean);
    const report = options['report'] === true;
    const resume = options['resume'] === true || report;
    const lines = new ResultLines<MatrixRun>(join(results, 'matrix.jsonl'), { resume, merge });
    const wanted = report ? [] : plan.filter(({ key }) => !lines.has(key));
    if (wanted.length < plan.length && !report) say(`${plan.length - wanted.length} of ${plan.length} runs are there`);
    for (const [index, planned] of wanted.entries()) {
      const guest = await linuxGuest(planned.guest, planned.memoryBytes, say);
      const line = await runOne(planned, guest, wherry, extra);
      lines.add(line);
      say(`${index + 1}/${wanted.length} ${told(line)}`);
    }
    const shown = report ? lines.all : lines.all.filter(({ key }) => plan.some((planned) => planned.key === key));
    return {
      parameters: { ...options, modes, wherry: extra },
      figures: matrixFigures(shown),
      rows: shown,
      tables: matrixTables(shown, modes),
      charts: [matrixChart(shown, modes)],
    };
  },
};

interface Planned {
  readonly key: string;
  readonly guest: (typeof linuxLoads)[number];
  readonly link: string;
  /** Whether the link is a cable of that rate, rather than a limit set. */
  readonly cable: boolean;
  readonly memoryBytes: number;
  readonly mode: ModeName;
  readonly run: number;
  readonly limits: MoveLimits;
}

/** All runs in their order: the modes of a cell follow each other, so that what weighs on one weighs on its neighbours. */
function planOf(options: Parameters<Bench['run']>[0], modes: readonly ModeName[]): readonly Planned[] {
  const guests = words(options, 'guests', linuxLoads);
  const links = word(options, 'links').split(',');
  const memories = word(options, 'memory').split(',').map(parseBytes);
  const timeoutMs = parseDuration(word(options, 'timeout'));
  const downtimeLimitMs = parseDuration(word(options, 'downtimeLimit'));
  const runs = Array.from({ length: count(options, 'runs') }, (_, i) => i + 1);
  const extra = word(options, 'wherry');
  const cable = options['cable'] === true;
  const cells = runs.flatMap((run) =>
    memories.flatMap((memoryBytes) =>
      guests.flatMap((guest) => links.map((link) => ({ run, memoryBytes, guest, link }))),
    ),
  );
  return cells.flatMap((cell) =>
    modes.map((mode) => {
      const limits = { bandwidth: parseRate(cell.link), downtimeLimitMs, timeoutMs };
      const way = mode === 'wherry' && extra !== '' ? `${mode} ${extra}` : mode;
      const link = cable ? `${cell.link} cable` : cell.link;
      const key = [cell.guest, cell.memoryBytes / 2 ** 20, link, way, cell.run, downtimeLimitMs].join('|');
      return { ...cell, link, cable, mode, limits, key };
    }),
  );
}

async function runOne(
  planned: Planned,
  guest: SavedGuest,
  wherry: string,
  extra: readonly string[],
): Promise<MatrixRun> {
  const { key, guest: load, link, memoryBytes, mode, run, limits } = planned;
  const before = { version: thisVersion(), date: new Date().toISOString(), load: loadavg()[0] ?? NaN };
  const move = await withPair(guest, mode === 'wherry', (pair) => moved(planned, pair, wherry, extra)).catch(
    (error: unknown): Move => ({ status: 'failed', why: String(error) }),
  );
  const { status, totalMs, downtimeMs, wireBytes, rounds, expectedDowntimeMs, why, report } = move;
  const loopLagP99Ms = report?.load?.loopLagP99Ms;
  const { downtimeLimitMs, timeoutMs } = limits;
  const cell = {
    key,
    guest: load,
    link,
    memoryMiB: memoryBytes / 2 ** 20,
    mode,
    run,
    ...before,
    downtimeLimitMs,
    timeoutMs,
  };
  const found = { totalMs, downtimeMs, wireBytes, rounds, expectedDowntimeMs, loopLagP99Ms, why };
  return { ...cell, status, ...present(found) };
}

function moved({ mode, limits, cable }: Planned, pair: Pair, wherry: string, extra: readonly string[]): Promise<Move> {
  if (!cable) {
    return mode === 'wherry'
      ? moveByWherry(pair, wherry, extra, limits)
      : moveNatively(pair, nativeModes[mode], limits);
  }
  layCable(limits.bandwidth);
  const unlimited = { ...limits, bandwidth: 0 };
  return mode === 'wherry'
    ? moveToReceiver(pair, wherry, extra, unlimited)
    : moveNatively(pair, nativeModes[mode], unlimited, overCable);
}

/** Without what is undefined. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function told({
  guest,
  memoryMiB,
  link,
  mode,
  status,
  totalMs,
  downtimeMs,
  wireBytes,
  expectedDowntimeMs: band,
  why,
}: MatrixRun): string {
  const where = `${guest}, ${memoryMiB} MiB, ${link}, ${mode}:`;
  const wire = wireBytes === undefined ? '' : `, ${digits(wireBytes / 1e6)} MB`;
  if (status !== 'completed') return `${where} ${status}${wire}${why === undefined ? '' : `: ${why}`}`;
  const expected = band === undefined ? '' : ` (expected ${band.low.toFixed(0)} to ${band.high.toFixed(0)})`;
  return `${where} ${seconds(totalMs)} s${wire}, downtime ${digits(downtimeMs)} ms${expected}`;
}
