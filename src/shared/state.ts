/** The session's states in the order a successful run passes them; the last four are ends. */
export const sessionStates = [
  'idle',
  'preparing',
  'bulk',
  'iterating',
  'switchover',
  'confirming',
  'cancelling',
  'completed',
  'cancelled',
  'failed',
  'uncertain',
] as const;

/** Where a migration is. */
export type SessionState = (typeof sessionStates)[number];

export const endStates = ['completed', 'cancelled', 'failed', 'uncertain'] as const;
export type EndState = (typeof endStates)[number];

/** Where the one running copy is; `none` when both are paused, `unknown` when contact was lost. */
export type GuestPlace = 'source' | 'destination' | 'none' | 'unknown';

export function isEnd(state: SessionState): state is EndState {
  return (endStates as readonly SessionState[]).includes(state);
}
