import type { Snapshot } from '../shared/snapshot';

/** Decides which snapshots are shown: every change of state, and otherwise one an interval by the run's own clock. */
export function pace(intervalMs: number): (snapshot: Snapshot) => boolean {
  let state: Snapshot['state'] | undefined;
  let shownAtMs = 0;
  return (snapshot) => {
    if (snapshot.state === state && snapshot.elapsedMs - shownAtMs < intervalMs) return false;
    state = snapshot.state;
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
