import { besidePredicted, overLimit } from '../../shared/run-figures';
import type { BandMs, Reconnecting, Report, Snapshot } from '../../shared/snapshot';
import type { EndState, GuestPlace } from '../../shared/state';
import { hindsight, troubleOf } from '../../shared/verdict';
import type { Advice, TroubleVerdict } from '../../shared/verdict';
import { formatBytes, formatDuration } from '../../shared/units';
import { bandText, etaText, placeText, roughly, sentence } from './words';

/** How a sentence is to be taken; on the screen each has an icon and a word beside its colour. */
export type Tone = 'good' | 'wait' | 'bad';

/** The answers to an operator's questions, in this order: will it finish, how long will the guest pause, what helps. */
export interface Verdict {
  readonly tone: Tone;
  readonly finish: string;
  readonly pause?: string;
  /** Where `pause` is to be taken otherwise than the whole. */
  readonly pauseTone?: Tone;
  readonly help?: string;
  /** What `help` speaks of, to be done at once. */
  readonly advice?: Advice;
}

/** A running migration in words, by its latest snapshot alone. */
export function verdictOf(snapshot: Snapshot): Verdict {
  const undecided = ['preparing', 'bulk', 'iterating', 'switchover'].includes(snapshot.state);
  if (snapshot.reconnecting !== undefined && undecided) return reconnecting(snapshot.reconnecting);
  switch (snapshot.state) {
    case 'idle':
    case 'preparing':
      return { tone: 'wait', finish: 'Preparing: connecting to both sides and setting them up.' };
    case 'bulk':
      return byOperator(snapshot) ?? { ...bulk(snapshot), ...pauseOf(snapshot) };
    case 'iterating':
      return byOperator(snapshot) ?? iterating(snapshot);
    case 'switchover':
      return { tone: 'good', finish: 'Switching over: the guest is paused, its last pages are on the way.' };
    case 'confirming':
      return { tone: 'good', finish: 'Confirming: everything is across, waiting to see the guest run.' };
    case 'cancelling':
      return { tone: 'wait', finish: 'Cancelling: making sure the guest runs on the source.' };
    default:
      return ended(snapshot.state, snapshot.guestRunningOn, {});
  }
}

/** Judges a finished migration. */
export function verdictOfReport(report: Report): Verdict {
  const { status, guestRunningOn, downtimeMs, downtimeLimitMs, expectedDowntimeBandMs: band, error, verdict } = report;
  const beside = besidePredicted(report);
  const again = troubleOf(verdict)?.advice?.change === undefined ? [] : ['“Run again with…” starts from that.'];
  const failure = error === undefined ? [] : [sentence(error.message)];
  const reason = [...failure, ...hindsight(verdict), ...again].join(' ');
  return ended(status, guestRunningOn, {
    ...(overLimit(report) === true && downtimeLimitMs !== undefined && { downtimeLimitMs }),
    ...(downtimeMs !== undefined && { downtimeMs }),
    ...(band !== undefined && beside !== undefined && { predicted: `${beside} predicted (${bandText(band)})` }),
    ...(reason !== '' && { reason }),
  });
}

/** The guest runs on, or waits where the switchover has begun; in neither case is it lost. */
function reconnecting({ leftMs }: Reconnecting): Verdict {
  const given = `it is given up in ${roughly(leftMs)} and the guest then stays on the source`;
  return { tone: 'wait', finish: `Reconnecting: the link is lost; ${given}.` };
}

function bulk(snapshot: Snapshot): Verdict {
  const { remainingBytes, totalBytes, roundLeftBandMs } = snapshot;
  const trouble = troubleOf(snapshot.verdict);
  if (trouble !== undefined) return troubled(trouble);
  const left = roundLeftBandMs === undefined ? '' : ` ${etaText(roundLeftBandMs)} left,`;
  if (remainingBytes === undefined || totalBytes === undefined) {
    return { tone: 'wait', finish: 'First pass over the guest’s memory.' };
  }
  const sizes = `${formatBytes(remainingBytes)} of ${formatBytes(totalBytes)} to go`;
  const help = 'Less where memory is empty. Whether it converges, and when the guest switches over, is known after it.';
  return { tone: 'wait', finish: `First pass over the guest’s memory:${left} ${sizes}.`, help };
}

/** What the operator has decided comes before what the figures say of it. */
function byOperator(snapshot: Snapshot): Verdict | undefined {
  const { flow, remainingBytes } = snapshot;
  if (flow === 'forced') {
    return { tone: 'wait', finish: 'Switchover forced: the source is about to stop the guest.', ...pauseOf(snapshot) };
  }
  if (flow !== 'paused') return undefined;
  const left = remainingBytes === undefined ? '' : `, with ${formatBytes(remainingBytes)} left`;
  return {
    tone: 'wait',
    finish: `Paused: nothing is sent until you resume${left}.`,
    help: 'The guest runs on, and what it writes meanwhile has to be sent again.',
  };
}

/** As the engine judges it. */
function iterating(snapshot: Snapshot): Verdict {
  const { verdict, switchoverInMs: until } = snapshot;
  if (verdict === undefined || verdict.kind === 'too early') {
    const { roundLeftBandMs: left } = snapshot;
    const round = left === undefined ? '' : `: ${etaText(left)} left of this round`;
    return { tone: 'wait', finish: `Sending what the guest wrote meanwhile${round}.`, ...pauseOf(snapshot) };
  }
  if (verdict.kind === 'converging') {
    return { tone: 'good', finish: `Converging: switchover ${whenText(until)}.`, ...pauseOf(snapshot) };
  }
  return { ...troubled(verdict), ...pauseOf(snapshot) };
}

function troubled({ kind, words, advice }: TroubleVerdict): Verdict {
  return {
    tone: 'bad',
    finish: `${kind === 'too slow' ? 'Too slow for its timeout' : 'Not converging'}: ${words}.`,
    ...(advice !== undefined && { help: `What would help most: ${advice.words}. ${sentence(advice.effect)}` }),
    ...(advice !== undefined && { advice }),
  };
}

/** A time to come, as a clause. */
function whenText(until: BandMs | undefined): string {
  if (until === undefined) return 'in sight';
  return until.high < 1500 ? 'any moment' : `in ${etaText(until)}`;
}

function pauseOf({ expectedDowntimeMs, settings }: Snapshot): { readonly pause?: string } {
  if (expectedDowntimeMs === undefined) return {};
  const limit = formatDuration(settings.downtimeLimitMs);
  return { pause: `The guest would pause ${bandText(expectedDowntimeMs)} (limit ${limit}).` };
}

interface EndFacts {
  readonly downtimeMs?: number;
  /** Where it was exceeded. */
  readonly downtimeLimitMs?: number;
  /** What that is beside the prediction, with its band. */
  readonly predicted?: string;
  readonly reason?: string;
}

function ended(state: EndState, place: GuestPlace, facts: EndFacts): Verdict {
  const { downtimeMs, downtimeLimitMs: limit, reason } = facts;
  const help = reason === undefined ? {} : { help: reason };
  switch (state) {
    case 'completed': {
      const predicted = facts.predicted === undefined ? '' : `, ${facts.predicted}`;
      const over = limit === undefined ? '' : `, over the limit of ${formatDuration(limit)}`;
      return {
        tone: 'good',
        finish: `Completed: ${placeText(place, state)}.`,
        ...(downtimeMs !== undefined && { pause: `It paused for ${formatDuration(downtimeMs)}${over}${predicted}.` }),
        ...(limit !== undefined && { pauseTone: 'bad' }),
        ...help,
      };
    }
    case 'cancelled':
      return { tone: 'wait', finish: `Cancelled: ${placeText(place, state)}.`, ...help };
    case 'failed':
      return { tone: 'bad', finish: `Failed: ${placeText(place, state)}.`, ...help };
    case 'uncertain':
      return {
        tone: 'bad',
        finish: 'Uncertain: contact was lost during the handover. Nothing was started, so that no two copies run.',
        pause: 'Check the destination with query-status before anything else; start the guest on one side only.',
        ...help,
      };
  }
}
