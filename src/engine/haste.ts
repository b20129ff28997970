import type { TimeoutAction } from '../shared/settings';
import type { BandMs } from '../shared/snapshot';
import { formatDuration, formatRate } from '../shared/units';
import type { RunVerdict } from '../shared/verdict';
import { etaText, roughly } from '../shared/words';
import { hasteAdvice } from './advice';
import type { PaceFacts } from './changes';

/** What it takes, and what is left of the timeout; ms. */
export interface HasteFacts extends PaceFacts {
  readonly nowMs: number;
  readonly elapsedMs: number;
  /** To the end of the first pass, or to the switchover; absent as long as nobody can say. */
  readonly aheadMs: BandMs | undefined;
  readonly firstPass: boolean;
  readonly roundBytes: number | undefined;
}

/** So long it has to look the same, one way or the other, before anything is said or taken back; words stand as long. */
const steadyMs = 1000;
/** A timeout that would do has this much to spare. */
const spare = 1.5;

/** Says early that a timeout comes before the switchover can, by the best that the figures let hope for. */
export class Haste {
  #late = false;
  /** Since when it has looked otherwise. */
  #since: number | undefined;
  #said: { readonly atMs: number; readonly verdict: RunVerdict } | undefined;

  /** Other settings are in force. */
  restart(): void {
    this.#late = false;
    this.#since = undefined;
    this.#said = undefined;
  }

  /** The verdict where time does not suffice; absent where it may. */
  judge(facts: HasteFacts): RunVerdict | undefined {
    const { nowMs, elapsedMs, aheadMs, settings, firstPass } = facts;
    const leftMs = settings.timeoutMs - elapsedMs;
    const late = settings.timeoutMs > 0 && aheadMs !== undefined && soonest(aheadMs, firstPass) > Math.max(leftMs, 0);
    if (late === this.#late) this.#since = undefined;
    else if (nowMs - (this.#since ??= nowMs) >= steadyMs) {
      this.#late = late;
      this.#since = undefined;
      this.#said = undefined;
    }
    if (!this.#late || aheadMs === undefined) return undefined;
    if (this.#said === undefined || nowMs - this.#said.atMs >= steadyMs) {
      this.#said = { atMs: nowMs, verdict: tooSlow(facts, aheadMs, Math.max(leftMs, 0)) };
    }
    return this.#said.verdict;
  }
}

/** There are rounds to come after the first pass: its own middle is early for all of them. */
function soonest({ low, high }: BandMs, firstPass: boolean): number {
  return firstPass ? (low + high) / 2 : low;
}

/** What is left may be pages never written to, which take next to no time; the source does not tell them apart. */
const unlessEmpty = ' (less where that is empty)';

const actions: Readonly<Record<TimeoutAction, string>> = {
  cancel: 'it is then cancelled',
  force: 'the switchover is then forced, whatever the downtime',
};

function tooSlow(facts: HasteFacts, aheadMs: BandMs, leftMs: number): RunVerdict {
  const { settings, firstPass, guestRate, elapsedMs, roundBytes } = facts;
  const what = firstPass ? 'the first pass alone takes' : 'the switchover is still';
  const words =
    `${what} ${etaText(aheadMs)}${firstPass ? ' more' : ' away'}, at ${formatRate(guestRate)} of memory${firstPass ? unlessEmpty : ''}, ` +
    `and the timeout of ` +
    `${formatDuration(settings.timeoutMs)} comes in ${roughly(leftMs)}: ${actions[settings.onTimeout]}`;
  const goal = { times: aheadMs.high / Math.max(leftMs, 1), words: 'would do in time', roundBytes };
  const enough = Math.ceil(((elapsedMs + aheadMs.high) * spare) / 60_000) * 60_000;
  const advice = hasteAdvice(facts, goal, enough);
  return { kind: 'too slow', words, ...(advice !== undefined && { advice }) };
}

/** What is known before the first pass is over: when that will be. */
export function firstPassWords(aheadMs: BandMs, guestRate: number): string {
  const pace = guestRate === 0 ? '' : `, at ${formatRate(guestRate)} of memory${unlessEmpty}`;
  return `the first pass takes ${etaText(aheadMs)} more${pace}; whether it converges is known after it`;
}
