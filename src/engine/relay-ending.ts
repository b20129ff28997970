import { WherryError } from '../shared/failure';
import type { Ending } from './endings';

/** All that a relay learns of a migration that others drive. */
export interface RelayFacts {
  /** Why we could not go on, if so. */
  readonly broken: WherryError | undefined;
  /** We were asked to stop. */
  readonly asked: boolean;
  /** The source has sent all of the guest's memory. */
  readonly pagesDone: boolean;
  /** The destination uses the return path. */
  readonly talked: boolean;
  /** Its last word on it. */
  readonly shut: number | undefined;
}

const askBoth = 'ask both sides with query-status, and start neither while the other may run';

/**
 * How a migration ended that we have only carried. Without all of its memory delivered no destination can have the
 * guest; after that only the destination's word, passed on to the source, makes an end.
 */
export function relayEnding({ broken, asked, pagesDone, talked, shut }: RelayFacts): Ending {
  if (!pagesDone) {
    if (asked) return { end: 'cancelled', place: 'source' };
    const gaveUp = new WherryError('source-failed', 'the source ended its stream before the guest was in it');
    return { end: 'failed', place: 'source', error: broken === undefined ? gaveUp : orCancelled(broken) };
  }
  if (broken !== undefined || asked) {
    const why = broken?.message ?? 'the relay was stopped';
    const code = broken?.code ?? 'cancelled';
    return uncertain(new WherryError(code, `${why}, after the guest's memory had gone: ${askBoth}`));
  }
  if (shut === 0) return { end: 'completed', place: 'unknown' };
  if (talked) {
    const message = 'the destination did not take the guest, so the source keeps it';
    return { end: 'failed', place: 'source', error: new WherryError('destination-failed', message) };
  }
  const message = `the whole stream was delivered, but without the source's return-path capability nobody says whether it was loaded: ${askBoth}`;
  return uncertain(new WherryError('destination-failed', message));
}

/** A driver that cancels ends the destination's QEMU, too, which is often seen before the source's end of the stream. */
function orCancelled(broken: WherryError): WherryError {
  if (broken.code !== 'destination-failed') return broken;
  return new WherryError(broken.code, `${broken.message}; a driver that cancels the migration ends it so, too`);
}

function uncertain(error: WherryError): Ending {
  return { end: 'uncertain', place: 'unknown', error };
}
