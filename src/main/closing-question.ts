import { cancelCost } from '../shared/cancel-cost';
import type { Snapshot } from '../shared/snapshot';

/** What would be ended by closing. */
export interface UnderWay {
  /** The guest being migrated from here. */
  readonly leaving?: {
    readonly name: string;
    readonly snapshot?: Snapshot | undefined;
    /** It was started by the console and ends with it. */
    readonly sample: boolean;
  };
  /** A guest is on its way in. */
  readonly arriving: boolean;
}

/** A question with two answers; the first is the safe one. */
export interface Question {
  readonly title: string;
  readonly message: string;
  readonly detail: string;
  readonly buttons: readonly [stay: string, close: string];
}

/** The question closing asks while guests are on their way, with what becomes of them. */
export function closingQuestion({ leaving, arriving }: UnderWay): Question {
  const into = 'Closing the console ends the receiver: a guest that is not here yet keeps running where it is.';
  if (leaving === undefined) {
    return {
      title: 'A migration is running',
      message: 'A guest is arriving here.',
      detail: into,
      buttons: ['Keep migrating', 'Stop receiving and close'],
    };
  }
  const { name, snapshot, sample } = leaving;
  const { possible, sentences } = cancelCost(snapshot);
  const first = possible
    ? 'Closing the console cancels the migration.'
    : 'The console closes once it is known where the guest runs.';
  const last = sample ? 'It is a sample guest: it ends with the console.' : undefined;
  return {
    title: 'A migration is running',
    message: `${name} is being migrated.`,
    detail: [first, ...sentences, last, arriving ? into : undefined].filter((text) => text !== undefined).join(' '),
    buttons: ['Keep migrating', possible ? 'Cancel migration and close' : 'Close when it is done'],
  };
}
