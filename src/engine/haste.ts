import type { TimeoutAction } from '../shared/settings';
import type { BandMs } from '../shared/snapshot';
import { formatDuration, formatRate } from '../shared/units';
import type { RunVerdict } from '../shared/verdict';
import { etaText, roughly } from '../shared/words';
import { hasteAdvice, longerTimeout } from './advice';
import type { PaceFacts } from './changes';

/** What it takes, and what is left of the timeout; ms. */
export interface HasteFacts extends PaceFacts {
  readonly nowMs: number;
  readonly elapsedMs: number;
  /** To the end of the first pass, or to the switchover; absent as long as nobody can say. */
  readonly aheadMs: BandMs | undefined;
  readonly firstPass: boolean;
  readonly roundBytes: number | undefined;
  /** Dirty bytes gone a second, on which `aheadMs` rests; absent as long as nobody can say. */
  readonly drainRate: number | undefined;
}

/** So long it has to look the same, one way or the other, before anything is said or taken back; words stand as long. */
const steadyMs = 1000;
/** A timeout that would do has this much to spare. */
const spare = 1.5;
/** So much of the timeout has to be over in the first pass: memory is full where it begins, and often empty behind. */
const firstPassShare = 0.25;
/** With less left no change comes in time, ms. */
const tooLateMs = 1000;

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
    const { nowMs, elapsedMs, aheadMs, settings } = facts;
    const leftMs = settings.timeoutMs - elapsedMs;
    const late = comesTooSoon(facts, Math.max(leftMs, 0));
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

/** Whether the timeout does, by the best that can be hoped for. */
function comesTooSoon({ settings, elapsedMs, aheadMs, firstPass }: HasteFacts, leftMs: number): boolean {
  if (settings.timeoutMs === 0 || aheadMs === undefined) return false;
  if (firstPass && elapsedMs < settings.timeoutMs * firstPassShare) return false;
  return aheadMs.low > leftMs;
}

/** What is left may be pages never written to, which take next to no time; the source does not tell them apart. */
const unlessEmpty = ' (less where that is empty)';

const actions: Readonly<Record<TimeoutAction, string>> = {
  cancel: 'it is then cancelled',
  force: 'the switchover is then forced, whatever the downtime',
};

function tooSlow(facts: HasteFacts, aheadMs: BandMs, leftMs: number): RunVerdict {
  const { settings, firstPass, drainRate, elapsedMs, roundBytes } = facts;
  const ahead = firstPass
    ? `the first pass alone takes ${etaText(aheadMs)} more${paceText(drainRate, unlessEmpty)}`
    : `the switchover is still ${etaText(aheadMs)} away${paceText(drainRate)}`;
  const words =
    `${ahead}, and the timeout of ${formatDuration(settings.timeoutMs)} comes in ${roughly(leftMs)}: ` +
    actions[settings.onTimeout];
  const enough = Math.ceil(((elapsedMs + aheadMs.high) * spare) / 60_000) * 60_000;
  const goal = { times: aheadMs.high / leftMs, words: 'would do in time', roundBytes };
  const advice = leftMs < tooLateMs ? longerTimeout(enough) : hasteAdvice(facts, goal, enough);
  return { kind: 'too slow', words, ...(advice !== undefined && { advice }) };
}

/** What is known before the first pass is over: when that will be. */
export function firstPassWords(aheadMs: BandMs, drainRate: number | undefined): string {
  const pace = paceText(drainRate, unlessEmpty);
  return `the first pass takes ${etaText(aheadMs)} more${pace}; whether it converges is known after it`;
}

function paceText(drainRate: number | undefined, more = ''): string {
  return drainRate ? `, at ${formatRate(drainRate)} of memory${more}` : '';
}
