import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MigrateInfo, queryMigrate, setCapabilities } from '../../src/engine/qmp/migrate';
import type { BandMs, Report } from '../../src/shared/snapshot';
import { type SavedGuest, startSaved, startWaiting, withDirectory } from './guests';
import type { Side } from './side';

/** How one migration of a bench ended. */
export interface Move {
  readonly status: 'completed' | 'timed out' | 'failed';
  /** As the one that did it counts: QEMU's `total-time`, the command's `totalTimeMs`. */
  readonly totalMs?: number;
  /** RESUME at the destination minus STOP at the source, by QEMU's clock. */
  readonly downtimeMs?: number;
  readonly wireBytes?: number;
  readonly rounds?: number;
  /** What the source's QEMU says of its own migration: its RAM bytes, and its time without set-up. */
  readonly sourceBytes?: number;
  readonly sourceMs?: number;
  /** All that the source's QEMU said at the end. */
  readonly info?: MigrateInfo;
  /** The command's report, for a run of Wherry. */
  readonly report?: Report;
  readonly expectedDowntimeMs?: BandMs;
  readonly why?: string;
}

export interface MoveLimits {
  /** Bytes a second, 0 is unlimited. */
  readonly bandwidth: number;
  readonly downtimeLimitMs: number;
  readonly timeoutMs: number;
}

/** QEMU's own settings for a migration; each value under QEMU's name for it. */
export interface NativeMode {
  readonly capabilities: Readonly<Record<string, boolean>>;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What is done with the two QEMUs of a run, once the guest runs in the first. */
export interface Pair {
  readonly source: Side;
  readonly destination: Side;
  readonly directory: string;
}

/** Where the destination waits for the stream, and where the source connects: there, or to what leads there. */
export interface StreamWay {
  readonly listen: string;
  readonly connect: string;
}

/** Starts the guest and a QEMU that waits for it, calls `work`, and ends both. */
export function withPair<T>(guest: SavedGuest, paused: boolean, work: (pair: Pair) => Promise<T>): Promise<T> {
  return withDirectory(async (directory) => {
    const source = await startSaved(guest, directory, 'source');
    try {
      const destination = await startWaiting(guest, directory, 'destination', paused);
      try {
        return await work({ source, destination, directory });
      } finally {
        await destination.end();
      }
    } finally {
      await source.end();
    }
  });
}

/**
 * Moves the guest with nothing but the two QEMUs, over a unix socket unless another way is named. The return path is
 * on, so that completed means the destination has it.
 */
export async function moveNatively(
  { source, destination, directory }: Pair,
  { capabilities, parameters }: NativeMode,
  limits: MoveLimits,
  way: StreamWay = unixWay(directory),
): Promise<Move> {
  const { bandwidth, downtimeLimitMs, timeoutMs } = limits;
  await setCapabilities(source.monitor, { events: true, 'return-path': true, ...capabilities });
  await setCapabilities(destination.monitor, { events: true, 'return-path': true, ...capabilities });
  const asked = { 'max-bandwidth': bandwidth, 'downtime-limit': downtimeLimitMs, ...parameters };
  await source.monitor.execute('migrate-set-parameters', asked);
  await destination.monitor.execute('migrate-set-parameters', parameters);
  await destination.monitor.execute('migrate-incoming', { uri: way.listen });
  const over = source.monitor.waitFor('MIGRATION', ({ data }) => isEnd(data['status']), timeoutMs);
  const resumed = destination.monitor.waitFor('RESUME', undefined, timeoutMs + 10_000);
  resumed.catch(() => undefined); // told below, if it matters
  await source.monitor.execute('migrate', { uri: way.connect });
  const end = await over.then(
    ({ data }) => data['status'],
    () => 'timed out',
  );
  const info = await finalFigures(source, end === 'completed');
  const seen = { ...sourceFigures(info), info, ...definedNumber('wireBytes', info.ram?.transferred) };
  if (end === 'timed out') return { status: 'timed out', ...seen };
  if (end !== 'completed') return { status: 'failed', why: info['error-desc'] ?? String(end), ...seen };
  const arrived = await resumed.then(
    () => true,
    () => false,
  );
  if (!arrived)
    return { status: 'failed', why: `the destination does not run: ${destination.process.complaints()}`, ...seen };
  return {
    status: 'completed',
    ...seen,
    ...definedNumber('totalMs', info['total-time']),
    ...downtime(source, destination),
  };
}

/** A socket in the pair's directory. */
export function unixWay(directory: string): StreamWay {
  const uri = `unix:${join(directory, 'stream')}`;
  return { listen: uri, connect: uri };
}

/** Moves the guest with the `wherry` command, its settings the defaults but for `words`. */
export function moveByWherry(
  { source, destination }: Pair,
  program: string,
  words: readonly string[],
  limits: MoveLimits,
  onStart: (pid: number) => void = () => undefined,
): Promise<Move> {
  const { timeoutMs } = limits;
  return withDirectory(async (data) => {
    const addresses = ['--source', source.qmp, '--destination', destination.qmp];
    const args = [program, 'migrate', ...addresses, '--json', ...limitWords(limits), ...words];
    const { timedOut, stderr } = await runCommand(args, { WHERRY_DATA_DIR: data }, timeoutMs, onStart);
    const report = keptReport(data);
    if (report === undefined) return { status: timedOut ? 'timed out' : 'failed', why: stderr.trim() };
    const seen = { report, wireBytes: report.wireBytes, rounds: report.rounds };
    if (report.status !== 'completed') {
      return { status: timedOut ? 'timed out' : 'failed', why: report.error?.message ?? report.status, ...seen };
    }
    const info = await finalFigures(source, true);
    const { totalTimeMs: totalMs, expectedDowntimeBandMs: band } = report;
    const predicted = band === undefined ? {} : { expectedDowntimeMs: band };
    return {
      status: 'completed',
      totalMs,
      ...seen,
      ...sourceFigures(info),
      info,
      ...predicted,
      ...downtime(source, destination),
    };
  });
}

/** The limits as the command takes them. */
export function limitWords({ bandwidth, downtimeLimitMs }: MoveLimits): readonly string[] {
  return ['--max-bandwidth', `${bandwidth}B/s`, '--downtime-limit', `${downtimeLimitMs}ms`];
}

/** The whole report of the one run there is: the history has more of it than the command prints. */
function keptReport(data: string): Report | undefined {
  try {
    const folder = join(data, 'history');
    const [file = ''] = readdirSync(folder);
    return (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { readonly report: Report }).report;
  } catch {
    return undefined; // it was ended before it kept anything
  }
}

/** Runs a command to its end; after the time it is asked to stop, and ended when it does not within 30 s more. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  timeoutMs: number,
  onStart: (pid: number) => void = () => undefined,
): Promise<{ readonly timedOut: boolean; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  if (child.pid !== undefined) onStart(child.pid);
  let [stdout, stderr, timedOut] = ['', '', false];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4096)));
  const asked = setTimeout(() => {
    timedOut = true;
    child.kill('SIGINT');
  }, timeoutMs);
  const forced = setTimeout(end, timeoutMs + 30_000);
  await new Promise((done) => child.once('close', done));
  clearTimeout(asked);
  clearTimeout(forced);
  process.removeListener('exit', end);
  return { timedOut, stdout, stderr };
}

/** What QEMU says at the end: it tells that it is completed before it has worked out how long that took. */
async function finalFigures({ monitor }: Side, completed: boolean): Promise<MigrateInfo> {
  for (let look = 0; ; look++) {
    const info = await queryMigrate(monitor);
    if (!completed || (info['total-time'] ?? 0) > 0 || look === 100) return info;
    await new Promise((soon) => setTimeout(soon, 5));
  }
}

const isEnd = (status: unknown): boolean => status === 'completed' || status === 'failed' || status === 'cancelled';

function sourceFigures(info: MigrateInfo): Pick<Move, 'sourceBytes' | 'sourceMs' | 'rounds'> {
  const total = info['total-time'];
  return {
    ...definedNumber('sourceBytes', info.ram?.transferred),
    ...definedNumber('sourceMs', total === undefined ? undefined : total - (info['setup-time'] ?? 0)),
    ...definedNumber('rounds', info.ram?.['dirty-sync-count']),
  };
}

function downtime(source: Side, destination: Side): { downtimeMs?: number } {
  const { stopped } = source.times;
  const { resumed } = destination.times;
  return stopped === undefined || resumed === undefined ? {} : { downtimeMs: resumed - stopped };
}

function definedNumber<Key extends string>(key: Key, value: number | undefined): { [K in Key]?: number } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: number });
}
