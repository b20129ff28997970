import { createServer, type Server, type Socket, connect } from 'node:net';
import { parseBytes } from '../src/shared/units';
import type { Bench } from './kit/bench';
import { count, word } from './kit/bench';
import { type SavedGuest, sampleGuest } from './kit/guests';
import { type Move, moveByWherry, moveNatively, unixWay, withPair } from './kit/moves';
import { median } from './kit/statistics';
import { digits } from './kit/table';

const unlimited = { bandwidth: 0, downtimeLimitMs: 300, timeoutMs: 120_000 };
const plain = { capabilities: {}, parameters: {} };
const ways = ['QEMU to QEMU', 'byte pump', 'wherry'] as const;
type Way = (typeof ways)[number];

/** Method none without a limit, side by side with QEMU directly to QEMU and with a pump that only copies bytes. */
export const relay: Bench = {
  name: 'relay',
  summary: 'method none, XBZRLE off, unlimited, against QEMU directly to QEMU and a bare byte pump',
  options: (command) =>
    command
      .option('--memory <size>', "the guest's memory", '1GiB')
      .option('--fill <size>', 'of it filled', '768MiB')
      .option('--runs <n>', 'runs of each', '6')
      .option('--wherry <words>', 'more words for the wherry command', ''),
  async run(options, { wherry, say }) {
    const [memoryBytes, fillBytes] = [parseBytes(word(options, 'memory')), parseBytes(word(options, 'fill'))];
    const [runs, extra] = [count(options, 'runs'), word(options, 'wherry').split(' ').filter(Boolean)];
    const guest = await sampleGuest(memoryBytes, fillBytes, say);
    const rows: Row[] = [];
    for (let run = 1; run <= runs; run++) {
      // Each way is the first in turn: who comes after a run also meets what that leaves to be tidied up.
      for (const way of [...ways.slice(run % ways.length), ...ways.slice(0, run % ways.length)]) {
        const move = await moveBy(way, guest, wherry, extra);
        if (move.status !== 'completed') throw new Error(`${way}: ${move.status}: ${move.why ?? ''}`);
        const row = { way, run, ...rates(move) };
        rows.push(row);
        say(`${way}, run ${run}: ${digits(row.megabytesPerSecond)} MB/s`);
      }
    }
    return { parameters: { memoryBytes, fillBytes, runs, wherry: extra }, rows, ...summary(rows) };
  },
};

interface Row {
  readonly way: Way;
  readonly run: number;
  /** Stream bytes a second while the source was sending. */
  readonly megabytesPerSecond: number;
  readonly bytes: number;
  readonly sendingMs: number;
  /** With set-up. */
  readonly totalMs: number;
  readonly downtimeMs: number;
}

function moveBy(way: Way, guest: SavedGuest, wherry: string, extra: readonly string[]): Promise<Move> {
  return withPair(guest, way === 'wherry', async (pair) => {
    if (way === 'QEMU to QEMU') return moveNatively(pair, plain, unlimited);
    if (way === 'wherry')
      return moveByWherry(pair, wherry, ['--method', 'none', '--xbzrle-cache', '0', ...extra], unlimited);
    const server = await startPump(`${pair.directory}/pump`, `${pair.directory}/stream`);
    try {
      const way = { ...unixWay(pair.directory), connect: `unix:${pair.directory}/pump` };
      return await moveNatively(pair, plain, unlimited, way);
    } finally {
      server.close();
    }
  });
}

/** Copies bytes both ways between whoever connects and `to`, with Node's own backpressure. */
async function startPump(listen: string, to: string): Promise<Server> {
  const join = (one: Socket, other: Socket): void => {
    one.pipe(other);
    one.on('error', () => other.destroy());
  };
  const server = createServer((near) => {
    const far = connect(to);
    join(near, far);
    join(far, near);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen, resolve);
  });
  return server;
}

function rates({ sourceBytes = NaN, sourceMs = NaN, totalMs = NaN, downtimeMs = NaN }: Move): Omit<Row, 'way' | 'run'> {
  const megabytesPerSecond = sourceBytes / 1000 / sourceMs;
  return { megabytesPerSecond, bytes: sourceBytes, sendingMs: sourceMs, totalMs, downtimeMs };
}

/** Each run beside the one from QEMU to QEMU of the same turn: what else the machine does weighs on both. */
function pairedRatios(rows: readonly Row[], way: Way): readonly number[] {
  return rows
    .filter((row) => row.way === way)
    .flatMap(({ run, megabytesPerSecond }) => {
      const native = rows.find((row) => row.way === 'QEMU to QEMU' && row.run === run);
      return native === undefined ? [] : [megabytesPerSecond / native.megabytesPerSecond];
    });
}

function summary(rows: readonly Row[]) {
  const middle = (way: Way, key: 'megabytesPerSecond' | 'totalMs' | 'downtimeMs'): number =>
    median(rows.filter((row) => row.way === way).map((row) => row[key])) ?? NaN;
  const native = middle('QEMU to QEMU', 'megabytesPerSecond');
  const ratio = (way: Way): number => median(pairedRatios(rows, way)) ?? NaN;
  const figures = {
    qemuMegabytesPerSecond: native,
    pumpMegabytesPerSecond: middle('byte pump', 'megabytesPerSecond'),
    wherryMegabytesPerSecond: middle('wherry', 'megabytesPerSecond'),
    wherryGigabitsPerSecond: (middle('wherry', 'megabytesPerSecond') * 8) / 1000,
    pumpRatio: ratio('byte pump'),
    wherryRatio: ratio('wherry'),
    qemuDowntimeMs: middle('QEMU to QEMU', 'downtimeMs'),
    wherryDowntimeMs: middle('wherry', 'downtimeMs'),
  };
  const table = {
    title: 'Unlimited, method none: medians',
    head: ['', 'MB/s', '÷ QEMU to QEMU', 'total, ms', 'downtime, ms'],
    rows: ways.map((way) => [
      way,
      digits(middle(way, 'megabytesPerSecond')),
      digits(ratio(way)),
      digits(middle(way, 'totalMs')),
      digits(middle(way, 'downtimeMs')),
    ]),
  };
  const bars = ways.map((name) => ({ name, value: middle(name, 'megabytesPerSecond') }));
  const chart = {
    kind: 'bars' as const,
    title: 'Unlimited, method none',
    unit: 'MB/s',
    groups: [{ label: '', bars }],
  };
  return { figures, tables: [table], charts: [chart] };
}
