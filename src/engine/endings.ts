import { WherryError, toFailure } from '../shared/failure';
import type { TimeoutAction } from '../shared/settings';
import type { EndState, GuestPlace } from '../shared/state';
import type { Outcome, Verdict } from './outcome';
import { QmpClient } from './qmp/client';
import { queryMigrate, queryStatus } from './qmp/migrate';
import { until } from './until';

/** How long a monitor may take to show the state it has to be in. */
const showMs = 10_000;
/** How long a source may take to notice that its stream was cut off. */
export const settleMs = 15_000;

/** A migration's end: which it is, where the guest runs, and why, unless all went well. */
export interface Ending {
  readonly end: EndState;
  readonly place: GuestPlace;
  readonly error?: WherryError;
  /** What the timeout had done before. */
  readonly timedOut?: TimeoutAction;
}

/** How the guest is to be left at the destination, and what has been seen of it. */
export interface ConfirmOptions {
  /** Leave it paused, because it was asked for or because it was paused on the source. */
  readonly paused: boolean;
  /** Time of the destination's RESUME event, once there was one. */
  readonly resumed: () => number | undefined;
}

/** The source has let go: starts the guest on the destination and sees that it runs. Never touches the source. */
export async function confirm(destination: QmpClient, { paused, resumed }: ConfirmOptions): Promise<Ending> {
  try {
    const status = async (): Promise<string | undefined> => {
      const { status } = await queryStatus(destination);
      return status === 'inmigrate' ? undefined : status;
    };
    if (paused) {
      const shown = await until(status, showMs);
      if (shown === 'paused') return { end: 'completed', place: 'none' };
      if (shown === 'running') return { end: 'completed', place: 'destination' };
      throw new WherryError('destination-failed', `the destination is ${shown ?? 'inmigrate'}, expected paused`);
    }
    if (resumed() === undefined) await destination.execute('cont');
    const running = async (): Promise<true | undefined> =>
      (await queryStatus(destination)).running ? true : undefined;
    if (resumed() === undefined) await until(() => Promise.resolve(resumed()), showMs, 2);
    if ((await until(running, showMs)) === undefined) {
      throw new WherryError('destination-failed', 'the destination does not run the guest');
    }
    return { end: 'completed', place: 'destination' };
  } catch (error) {
    const { code, message } = toFailure(error);
    const advice =
      'the source has handed the guest over and stays stopped: check the destination (query-status); ' +
      'if it is paused there, `cont` on it; only if it is gone, `cont` on the source';
    return { end: 'uncertain', place: 'unknown', error: new WherryError(code, `${message}; ${advice}`) };
  }
}

/** The source's stream has been cut off: asks it for its own verdict, which it may be slow to reach. */
export async function awaitVerdict(source: QmpClient, outcome: Outcome): Promise<void> {
  await outcome.settled(settleMs);
  if (outcome.verdict !== undefined) return;
  await source.execute('migrate_cancel', undefined, { timeoutMs: settleMs }).catch(() => undefined);
  await outcome.settled(settleMs);
}

/** What is known of the guest, and of how its migration came to an end. */
export interface BackOptions {
  readonly wasRunning: boolean;
  readonly outcome: Outcome;
  /** The operator asked for a cancel. */
  readonly asked: boolean;
  readonly resumedThere: boolean;
}

/** Sees to it that the guest goes on where it was, after whatever stopped the migration. */
export async function backToSource(
  source: QmpClient,
  { wasRunning, outcome, asked, resumedThere }: BackOptions,
): Promise<Ending> {
  const { verdict, broken } = outcome;
  // We cancel by ourselves too, to be rid of a migration that broke: that is a failure. And a source that was asked to
  // cancel may say `failed`: QEMU 7.2 shuts its socket down before it notes the cancel, and can trip over that.
  const cancelled = asked ? verdict?.kind !== undefined : verdict?.kind === 'cancelled' && broken === undefined;
  try {
    if (resumedThere) return await stopSecondCopy(source);
    const place = wasRunning ? await whereItIs(source) : 'none';
    if (cancelled) return { end: 'cancelled', place };
    return { end: 'failed', place, error: broken ?? (await sourceError(source)) };
  } catch (error) {
    return lost(outcome, resumedThere, toFailure(error).message);
  }
}

/**
 * The monitor of the source is gone, QEMU itself may be well: one more try to reach it. What it says of its migration
 * counts, not whether its guest runs: a source that has completed must never be started again.
 */
export async function findSource(address: string): Promise<{ source: QmpClient; verdict: Verdict } | undefined> {
  try {
    const source = await QmpClient.connect(address, { timeoutMs: 2000 });
    const verdict = await until(async () => verdictOf((await queryMigrate(source)).status), settleMs, 100);
    if (verdict !== undefined) return { source, verdict };
    source.close();
    return undefined;
  } catch {
    return undefined;
  }
}

function verdictOf(status: string | undefined): Verdict | undefined {
  if (status === 'completed') return { kind: 'handed-over' };
  if (status === 'cancelled') return { kind: 'cancelled' };
  if (status === 'failed' || status === 'none' || status === undefined) return { kind: 'source-failed' };
  return undefined;
}

/**
 * QEMU resumes a guest whose migration failed, at once or after a moment. One that is still held for a migration that
 * is over is continued by us; one that somebody paused meanwhile stays paused.
 */
async function whereItIs(source: QmpClient): Promise<GuestPlace> {
  const running = async (): Promise<true | undefined> => ((await queryStatus(source)).running ? true : undefined);
  if ((await until(running, showMs / 5)) !== undefined) return 'source';
  const verdict = verdictOf((await queryMigrate(source)).status);
  if (verdict === undefined || verdict.kind === 'handed-over') {
    throw new WherryError('source-failed', 'the source still holds the guest for the migration');
  }
  const { status } = await queryStatus(source);
  if (status !== 'finish-migrate') return status === 'paused' ? 'none' : 'unknown';
  await source.execute('cont');
  if ((await until(running, showMs)) !== undefined) return 'source';
  throw new WherryError('source-failed', 'the source does not go on running the guest');
}

/** A destination started without -S runs the guest already: two copies must never go on. */
async function stopSecondCopy(source: QmpClient): Promise<Ending> {
  await source.execute('stop');
  const message =
    'the destination started the guest by itself (it was not started with -S) and then the migration failed: ' +
    'the source has been stopped; decide which copy to keep and quit the other';
  return { end: 'uncertain', place: 'unknown', error: new WherryError('destination-failed', message) };
}

async function sourceError(source: QmpClient): Promise<WherryError> {
  const { 'error-desc': text } = await queryMigrate(source);
  return new WherryError('source-failed', `the source gave the migration up: ${text ?? 'it does not say why'}`);
}

/** Nobody can say which side has the guest; the operator is told where to look. */
export function lost({ broken }: Outcome, resumedThere: boolean, message: string): Ending {
  const why = broken === undefined ? message : `${broken.message}; ${message}`;
  const there = resumedThere
    ? 'the destination runs the guest, started by itself: make sure that the source does not'
    : 'the destination was not started and must not be while the source may still run';
  const advice = `contact with the source was lost: check it (query-status, query-migrate); ${there}`;
  return { end: 'uncertain', place: 'unknown', error: new WherryError('source-failed', `${why}; ${advice}`) };
}
