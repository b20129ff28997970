import type { RunVerdict } from '../shared/verdict';
import { adviceFor, fitBytes, stallReason, stallWords, type StallFacts } from './advice';

/** What a judgement rests on; unknown is absent. */
export interface JudgeInputs extends Omit<StallFacts, 'roundBytes'> {
  readonly nowMs: number;
  /** Dirty syncs so far. */
  readonly round: number;
  readonly roundBytes: number | undefined;
  /** What a round begins with as a share of the one before. */
  readonly shrink: number | undefined;
}

type Kind = RunVerdict['kind'];

/** A round that shrinks by less does not get anywhere. */
const shrinking = 0.95;
/** What is this close to fitting may fit in the next round. */
const nearly = 1.25;
/** Rounds that have to agree before a verdict turns. */
const agreeing = 2;
/** A verdict lasts at least this long, ms: near the end there are twenty rounds a second. */
const leastMs = 2000;

/** Judges a run round by round. A verdict turns only once rounds agree on another, so it does not flicker. */
export class Judge {
  #kind: Kind = 'too early';
  #since = -Infinity;
  #round = 0;
  #vote: Kind = 'too early';
  #votes = 0;

  /** Other settings are in force: what was seen says nothing any more. */
  restart(): void {
    this.#kind = 'too early';
    this.#since = -Infinity;
    this.#votes = 0;
  }

  judge(inputs: JudgeInputs): RunVerdict {
    if (inputs.round !== this.#round) this.#take(inputs);
    const { roundBytes } = inputs;
    if (this.#kind !== 'not converging' || roundBytes === undefined) {
      return { kind: this.#kind === 'converging' ? 'converging' : 'too early' };
    }
    const facts = { ...inputs, roundBytes };
    const reason = stallReason(facts);
    const advice = adviceFor(facts);
    const words = stallWords(facts, reason);
    return { kind: 'not converging', reason, words, ...(advice !== undefined && { advice }) };
  }

  #take(inputs: JudgeInputs): void {
    this.#round = inputs.round;
    const vote = voteOf(inputs);
    if (vote === undefined) return;
    this.#votes = vote === this.#vote ? this.#votes + 1 : 1;
    this.#vote = vote;
    const enough = vote === 'converging' && this.#kind === 'too early' ? 1 : agreeing;
    if (vote === this.#kind || this.#votes < enough || inputs.nowMs - this.#since < leastMs) return;
    this.#kind = vote;
    this.#since = inputs.nowMs;
  }
}

/** What one round says; nothing before there is something to compare it with. */
function voteOf({ roundBytes, shrink, guestRate, settings }: JudgeInputs): Kind | undefined {
  if (roundBytes === undefined || guestRate === 0) return undefined;
  if (roundBytes <= fitBytes(guestRate, settings.downtimeLimitMs) * nearly) return 'converging';
  if (shrink === undefined) return undefined;
  return shrink < shrinking ? 'converging' : 'not converging';
}
