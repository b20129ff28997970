import { WherryError } from '../shared/failure';
import { isEnd, type SessionState } from '../shared/state';

/** What can happen to a session, as its state machine sees it. */
export type SessionEvent =
  | 'start'
  /** The source has begun to send. */
  | 'sending'
  /** A dirty sync after the first. */
  | 'round'
  /** The guest was stopped on the source. */
  | 'stopped'
  /** No switchover after all, the migration goes on: the guest runs on the source again, or somebody else stopped it. */
  | 'resumed'
  /** The source reports `completed`: it will never run this guest again. */
  | 'handed-over'
  /** The destination has the guest, running or paused as asked. */
  | 'confirmed'
  | 'cancel'
  | 'cancelled'
  | 'failed'
  /** Nobody can say which side has the guest. */
  | 'contact-lost';

type Table = Readonly<Partial<Record<SessionEvent, SessionState>>>;

/** How a session can end before the guest is handed over; a cancel may come from another client of the monitor. */
const ends: Table = { failed: 'failed', cancelled: 'cancelled', 'contact-lost': 'uncertain' };

/** Every legal pair; what is not here is a mistake of ours and is reported as one. */
const table: Readonly<Record<SessionState, Table>> = {
  idle: { start: 'preparing' },
  preparing: { ...ends, sending: 'bulk', cancel: 'cancelling' },
  bulk: {
    ...ends,
    round: 'iterating',
    stopped: 'switchover',
    'handed-over': 'confirming',
    cancel: 'cancelling',
  },
  iterating: { ...ends, round: 'iterating', stopped: 'switchover', 'handed-over': 'confirming', cancel: 'cancelling' },
  switchover: {
    ...ends,
    round: 'switchover',
    resumed: 'iterating',
    'handed-over': 'confirming',
    cancel: 'cancelling',
  },
  /** No way back from here: what goes wrong now leaves nobody to say that the guest runs. */
  confirming: { confirmed: 'completed', 'contact-lost': 'uncertain' },
  /** A cancel may come too late: the source completes all the same. */
  cancelling: {
    ...ends,
    sending: 'cancelling',
    round: 'cancelling',
    stopped: 'cancelling',
    resumed: 'cancelling',
    cancel: 'cancelling',
    'handed-over': 'confirming',
  },
  completed: {},
  cancelled: {},
  failed: {},
  uncertain: {},
};

/** The next state; throws `internal` naming both for a pair that cannot be. */
export function step(state: SessionState, event: SessionEvent): SessionState {
  const next = table[state][event];
  if (next === undefined) throw new WherryError('internal', `a session that is ${state} cannot take "${event}"`);
  return next;
}

/** Whether `step` would take this event. */
export function takes(state: SessionState, event: SessionEvent): boolean {
  return !isEnd(state) && table[state][event] !== undefined;
}
