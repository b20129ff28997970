import type { Snapshot } from '../shared/snapshot';

/** Decides which snapshots are shown: every change of state and of what is done about a lost link, and otherwise one an interval by the run's own clock. */
export function pace(intervalMs: number): (snapshot: Snapshot) => boolean {
  let state: Snapshot['state'] | undefined;
  let lost = false;
  let shownAtMs = 0;
  return (snapshot) => {
    const reconnecting = snapshot.reconnecting !== undefined;
    if (snapshot.state === state && reconnecting === lost && snapshot.elapsedMs - shownAtMs < intervalMs) return false;
    state = snapshot.state;
    lost = reconnecting;
    shownAtMs = snapshot.elapsedMs;
    return true;
  };
}

/** Passes each notice on once. */
export function newNotice(): (snapshot: Snapshot) => string | undefined {
  let last: string | undefined;
  return ({ notice }) => {
    if (notice === last) return undefined;
    last = notice;
    return notice;
  };
}
