import type { RunVerdict } from '../shared/verdict';
import { adviceFor, fitBytes, stallReason, stallWords, type StallFacts } from './advice';
import { nearly } from './eta';

/** What a judgement rests on; unknown is absent. */
export interface JudgeInputs extends Omit<StallFacts, 'roundBytes'> {
  readonly nowMs: number;
  /** Dirty syncs so far. */
  readonly round: number;
  readonly roundBytes: number | undefined;
  /** What a round begins with as a share of the one before. */
  readonly shrink: number | undefined;
  /** The same of the third round, as long as that is all there is. */
  readonly firstShrink?: number | undefined;
}

type Kind = Exclude<RunVerdict['kind'], 'too slow'>;

/** A round that shrinks by less does not get anywhere. */
const shrinking = 0.95;
/** Rounds in a row that have to agree before a verdict turns. */
const agreeing = 2;
/** At short downtime limits there are twenty rounds a second: so long a verdict and its reason stand at least, ms. */
const steadyMs = 1000;
/** Of the rounds in that time so many have to agree, as a share: where they vote to and fro, the verdict stays. */
const agreeingShare = 0.75;

/**
 * Judges a run round by round. A verdict turns only once rounds agree on another, so it does not flicker; where they
 * all do, that is no more than a second late.
 */
export class Judge {
  #kind: Kind = 'too early';
  #since = -Infinity;
  #round = 0;
  /** Of the last `steadyMs`, and never fewer than have to agree. */
  #votes: readonly { readonly atMs: number; readonly kind: Kind }[] = [];
  #stall: { readonly atMs: number; readonly verdict: RunVerdict } | undefined;

  /** Other settings are in force: what was seen says nothing any more. */
  restart(): void {
    this.#turn('too early', -Infinity);
    this.#votes = [];
  }

  judge(inputs: JudgeInputs): RunVerdict {
    if (inputs.round !== this.#round) this.#take(inputs);
    const { roundBytes, nowMs } = inputs;
    if (this.#kind !== 'not converging' || roundBytes === undefined) {
      return { kind: this.#kind === 'converging' ? 'converging' : 'too early' };
    }
    // A reason that is being read, and a button that is about to be pressed, do not change under the hand either.
    if (this.#stall === undefined || nowMs - this.#stall.atMs >= steadyMs) {
      this.#stall = { atMs: nowMs, verdict: stalled({ ...inputs, roundBytes }) };
    }
    return this.#stall.verdict;
  }

  #take(inputs: JudgeInputs): void {
    const { nowMs, round } = inputs;
    this.#round = round;
    const kind = voteOf(inputs);
    if (kind === undefined) return;
    const votes = [...this.#votes, { atMs: nowMs, kind }];
    this.#votes = votes.filter(({ atMs }, at) => atMs > nowMs - steadyMs || at >= votes.length - agreeing);
    const enough = kind === 'converging' && this.#kind === 'too early' ? 1 : agreeing;
    if (kind !== this.#kind && nowMs - this.#since >= steadyMs && this.#agree(kind, nowMs, enough)) {
      this.#turn(kind, nowMs);
    }
  }

  /** Whether the last rounds do, and most of those of the last second. */
  #agree(kind: Kind, nowMs: number, enough: number): boolean {
    const recent = this.#votes.filter(({ atMs }) => atMs > nowMs - steadyMs);
    const agreed = recent.filter((vote) => vote.kind === kind).length;
    const last = this.#votes.slice(-enough);
    return (
      last.length === enough && last.every((vote) => vote.kind === kind) && agreed >= recent.length * agreeingShare
    );
  }

  #turn(kind: Kind, nowMs: number): void {
    this.#kind = kind;
    this.#since = nowMs;
    this.#stall = undefined;
  }
}

function stalled(facts: StallFacts): RunVerdict {
  const reason = stallReason(facts);
  const advice = adviceFor(facts);
  const words = stallWords(facts, reason);
  return { kind: 'not converging', reason, words, ...(advice !== undefined && { advice }) };
}

/**
 * What one round says; nothing before there is something to compare it with. That one round was shorter than the one
 * before promises nothing: what was written in the long first pass is followed by what is written in a short one.
 */
function voteOf({ roundBytes, shrink, firstShrink, guestRate, settings, plannedShare }: JudgeInputs): Kind | undefined {
  if (roundBytes === undefined || guestRate === 0) return undefined;
  if (roundBytes <= fitBytes(guestRate, settings.downtimeLimitMs) * plannedShare * nearly) return 'converging';
  if (shrink !== undefined) return shrink < shrinking ? 'converging' : 'not converging';
  return firstShrink !== undefined && firstShrink >= shrinking ? 'not converging' : undefined;
}
