import type { Snapshot } from './snapshot';
import { isEnd } from './state';
import { formatBytes, formatDuration, formatWireBytes } from './units';
import { bandText, etaText } from './words';

/** What cancelling a migration comes to. */
export interface CancelCost {
  /** Whether there is any point in it. */
  readonly possible: boolean;
  /** What is thrown away, where the guest is then, and how near it was; or why there is no point. */
  readonly sentences: readonly string[];
}

/** The consequences of cancelling, by the latest snapshot; without one nothing has begun. */
export function cancelCost(snapshot: Snapshot | undefined): CancelCost {
  if (snapshot === undefined || snapshot.state === 'idle') return possible('Nothing has been sent yet.', `${stays()}.`);
  const { state } = snapshot;
  if (isEnd(state)) return pointless('The migration is over: there is nothing to cancel.');
  if (state === 'cancelling') return pointless('It is being cancelled already: the guest stays on the source.');
  if (state === 'confirming') {
    return pointless('Too late to cancel: the source has handed the guest over, and it is being started there.');
  }
  if (state === 'preparing') return possible('Nothing has been sent yet.', `${stays(snapshot)}.`);
  if (state === 'switchover') return possible(lost(snapshot), switching(snapshot));
  return possible(lost(snapshot), `${stays(snapshot)}; the destination has to be started afresh.`, near(snapshot));
}

function possible(...sentences: readonly string[]): CancelCost {
  return { possible: true, sentences };
}

function pointless(why: string): CancelCost {
  return { possible: false, sentences: [why] };
}

function lost({ wireBytes, rawBytes, elapsedMs }: Snapshot): string {
  const moved = `${formatWireBytes(wireBytes)} on the wire for ${formatWireBytes(rawBytes)} of the guest’s stream`;
  return `What has been moved in ${formatDuration(elapsedMs)} is thrown away: ${moved}.`;
}

function stays(snapshot?: Snapshot): string {
  const paused = snapshot?.guestRunningOn === 'none';
  return paused ? 'The guest stays paused on the source' : 'The guest keeps running on the source';
}

function switching({ expectedDowntimeMs: band }: Snapshot): string {
  const pause = band === undefined ? '' : `, for ${bandText(band)} in all`;
  return (
    `The guest stands still for the switchover${pause}. If the source hears of the cancel in time, the guest goes on ` +
    'there; else it runs on the destination.'
  );
}

/** How far it had come: nearer than anybody will be who starts again. */
function near(snapshot: Snapshot): string {
  const { state, switchoverInMs, verdict, remainingBytes, totalBytes, rounds } = snapshot;
  const left = remainingBytes === undefined ? '' : `, with ${formatBytes(remainingBytes)} left to send`;
  if (state === 'bulk') {
    const of = totalBytes === undefined ? '' : ` of ${formatBytes(totalBytes)}`;
    return `It is in its first pass${left}${left && of}.`;
  }
  if (verdict?.kind === 'not converging') return `No switchover was in sight in round ${rounds}${left}.`;
  const when = switchoverInMs === undefined ? '' : `: the switchover is expected in ${etaText(switchoverInMs)}`;
  return `It is in round ${rounds}${left}${when}.`;
}
