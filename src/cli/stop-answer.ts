import { isEnd, type SessionState } from '../shared/state';

/** What a request to stop does to a migration, and what the operator is told; nothing where that is all over. */
export interface StopAnswer {
  readonly cancel: boolean;
  readonly words: string;
}

/**
 * The answer to a stop signal.
 * @param times which request it is, from 1
 */
export function stopAnswer(state: SessionState, times: number): StopAnswer | undefined {
  if (isEnd(state)) return undefined; // the end has been told, and what is left takes a moment
  if (state === 'confirming') return { cancel: false, words: tooLate };
  return { cancel: true, words: times === 1 ? cancelling : stillCancelling };
}

const cancelling = 'Cancelling: the guest is to stay on the source.';
const stillCancelling = 'Still cancelling: leaving now could lose track of where the guest runs.';
const tooLate = 'Too late to cancel: the source has handed the guest over, and it is being started on the destination.';
