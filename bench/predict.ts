import { startQemuPair } from '../src/guest/qemu-pair';
import type { Report } from '../src/shared/snapshot';
import { parseDuration } from '../src/shared/units';
import { type Bench, word } from './kit/bench';
import { withDirectory } from './kit/guests';
import { runCommand } from './kit/moves';
import { shareOf } from './kit/statistics';
import { percent } from './kit/table';

const mebibyte = 2 ** 20;
const timeoutMs = 120_000;
/** Guests that behave differently: two in QEMU by their sweeps a second, the others are built in. */
const guests = ['qemu 50', 'qemu 5', 'seed', 'idle', 'erp'] as const;
type Guest = (typeof guests)[number];

interface Row {
  readonly guest: Guest;
  readonly link: string;
  readonly limit: string;
  readonly status: string;
  readonly lowMs: number | undefined;
  readonly highMs: number | undefined;
  readonly downtimeMs: number | undefined;
}

/** The pause that was predicted last before the switchover, beside the one measured; limits and guests vary. */
export const predict: Bench = {
  name: 'predict',
  summary: 'measured downtime beside the band predicted, built-in guest and QEMU sample, different limits',
  options: (command) =>
    command
      .option('--links <rates>', 'bandwidth limits', '100Mbit,300Mbit,0')
      .option('--limits <times>', 'downtime limits', '300ms,1s'),
  async run(options, { wherry, say }) {
    const rows: Row[] = [];
    for (const link of word(options, 'links').split(',')) {
      for (const limit of word(options, 'limits').split(',')) {
        for (const guest of guests) {
          const row = { guest, link, limit, ...(await predicted(guest, link, limit, wherry)) };
          rows.push(row);
          say(
            `${guest}, ${link}, limit ${limit}: ${row.lowMs} to ${row.highMs} ms, was ${row.downtimeMs} (${row.status})`,
          );
        }
      }
    }
    const known = rows.filter(({ lowMs, downtimeMs }) => lowMs !== undefined && downtimeMs !== undefined);
    const inBand = shareOf(known, ({ lowMs = NaN, highMs = NaN, downtimeMs: ms = NaN }) => ms >= lowMs && ms <= highMs);
    const inLimit = shareOf(known, ({ limit, downtimeMs = NaN }) => downtimeMs <= parseDuration(limit));
    const head = ['guest', 'link', 'limit', 'predicted, ms', 'measured, ms'];
    const texts = rows.map((row) => [
      ...[row.guest, row.link, row.limit, `${row.lowMs ?? '–'} to ${row.highMs ?? '–'}`],
      String(row.downtimeMs ?? row.status),
    ]);
    const title = `Downtime: ${percent(inBand)} of ${known.length} runs in the predicted band, ${percent(inLimit)} under the limit`;
    return {
      parameters: options,
      figures: { predictedRuns: known.length, downtimeInBand: inBand ?? 0, downtimeWithinLimit: inLimit ?? 0 },
      rows,
      tables: [{ title, head, rows: texts }],
      charts: [],
    };
  },
};

/** Migrates such a guest once. */
async function predicted(
  guest: Guest,
  link: string,
  limit: string,
  wherry: string,
): Promise<Pick<Row, 'status' | 'lowMs' | 'highMs' | 'downtimeMs'>> {
  const settings = ['--max-bandwidth', link, '--downtime-limit', limit, '--json'];
  const words = ['--compress-threads', '2', '--decompress-threads', '1', '--timeout', `${timeoutMs}ms`, ...settings];
  const report = guest.startsWith('qemu')
    ? await ofQemu(Number(guest.slice('qemu '.length)), words, wherry)
    : await result([wherry, 'demo', '--workload', guest, '--memory', '128MiB', ...words]);
  const { status, downtimeMs, expectedDowntimeBandMs: band } = report;
  return { status, downtimeMs, lowMs: band?.low, highMs: band?.high };
}

async function ofQemu(rate: number, words: readonly string[], wherry: string): Promise<Report> {
  const pair = await startQemuPair({ memoryBytes: 128 * mebibyte, fillBytes: 48 * mebibyte, rate });
  try {
    return await result([wherry, 'migrate', '--source', pair.source, '--destination', pair.destination, ...words]);
  } finally {
    await pair.stop();
  }
}

/** The command's last line. */
async function result(args: readonly string[]): Promise<Report> {
  const run = (data: string): ReturnType<typeof runCommand> =>
    runCommand(args, { WHERRY_DATA_DIR: data }, 2 * timeoutMs);
  const { stdout, stderr } = await withDirectory(run);
  const last = stdout.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{"event":"result"')) throw new Error(`expected a result, got ${last.slice(0, 80)}; ${stderr}`);
  return JSON.parse(last) as Report;
}
