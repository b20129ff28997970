import type { Tried } from '../codec/job';
import type { MethodAt } from '../codec/methods';
import { nothingSpent, spentBetween, sumOf, windowOf, type Progress, type Spent, type Window } from './progress';
import { Ladder, rungBelow, rungName, rungs, wayOf, type Rung } from './ladder';

/** Where the ladder is entered, and how much is compressed at once. */
export interface AutoOptions {
  /** A zstd level; it starts with the highest of its own that is not above. */
  readonly level: number;
  /** Parts that can really be compressed at once: threads, or cores where there are fewer. */
  readonly parallel: number;
}

/** What is judged at once, ms: long enough for several epochs, short enough to answer a change within a second. */
const windowMs = 300;
const windowBytes = 2 ** 20;
const longestWindowMs = 1000;
/** After a step, what is under way was still compressed as before. */
const settleMs = 100;
/** A look at less than this, the source being waited for, measures nothing: it is looking for dirty pages. */
const leastLookBytes = 64 * 1024;
/** Gain that a step must promise: down, bytes on the wire are given away for it. */
const leastGain = { up: 0.01, down: 0.015, fromNone: 0.03 } as const;
/** Data that keeps this share of its size does not compress. */
const incompressible = 0.98;
/** A step was wrong that leaves all slower by this share. */
const loss = 0.05;
/** A rung that once gave this much more, not long ago, is gone back to. */
const regret = { loss: 0.2, forMs: 20_000 } as const;
/** With the link waited for this much, smaller is faster whatever the clock says. */
const linkBound = 0.5;
/** However little there is to compress, this share of the time is spent on something else. */
const leastElsewhere = 0.3;
/** How long a rung that was left is not tried again; each time twice as long. */
const barMs = { first: 1000, most: 30_000 } as const;
/** Unless it promises this much more than when it was left. */
const promiseMore = 0.25;

interface Bar {
  readonly until: number;
  readonly ms: number;
  readonly promised: number;
}

/** A step under trial. */
interface Step {
  readonly from: Rung;
  readonly gain: number;
  readonly before: Window;
}

/** A rung that could be next. */
interface Candidate {
  readonly rung: Rung;
  readonly gain: number;
  readonly why: string;
}

/**
 * Chooses how to compress while a migration runs; pure, the clock (ms) is passed in. It goes up a ladder of
 * methods by single rungs and down by as many as pay. What the next rungs would make of the data is tried on samples. A step is taken when it
 * promises to shorten the time a stream byte takes. That is made of its time on the link and its time everywhere else:
 * they overlap, but not wholly, since no more than two epochs are under way; so they are added as squares. A step is
 * taken back when the stream flows slower afterwards, at once or at any later look at what other rungs once gave.
 */
export class AutoMethod {
  readonly #ladder = new Ladder();
  #rung: Rung;
  #why: string;
  #rate = 0;
  #looked: { readonly at: number; readonly progress: Progress } | undefined;
  #spent: Spent = nothingSpent;
  #settledAt = 0;
  #step: Step | undefined;
  readonly #bars = new Map<Rung, Bar>();
  /** What each rung last gave. */
  readonly #given = new Map<Rung, { readonly at: number; readonly window: Window }>();

  constructor(private readonly options: AutoOptions) {
    this.#rung = rungBelow(options.level);
    this.#why = `starting at ${rungName(this.#rung)}`;
  }

  /** How to compress the next part. */
  get way(): MethodAt {
    return wayOf(this.#rung);
  }

  /** Why this way, in words. */
  get reason(): string {
    return this.#why;
  }

  /** What to try on a sample of the next part; absent before it is time to. */
  trial(now: number): readonly MethodAt[] | undefined {
    return this.#ladder.due(this.#rung, now);
  }

  /** A trial's outcome. */
  tried(ways: readonly MethodAt[], outcome: Tried, now: number): void {
    this.#ladder.note(ways, outcome, now);
  }

  /** Looks at what has been done; to be called about ten times a second. `rate`: bytes a second on the wire, or 0. */
  look(progress: Progress, rate: number, now: number): void {
    if (rate !== this.#rate) this.#startAgain(rate, now);
    const last = this.#looked;
    this.#looked = { at: now, progress };
    if (last === undefined || now < this.#settledAt) return;
    const look = spentBetween(last.progress, progress, now - last.at);
    const idle = look.raw < leastLookBytes && look.waits.sourceMs > look.ms / 2;
    if (!idle) this.#spent = sumOf(this.#spent, look);
    const { ms, raw } = this.#spent;
    if (ms < windowMs || (raw < windowBytes && ms < longestWindowMs) || raw === 0) return;
    const window = windowOf(this.#spent);
    this.#spent = nothingSpent;
    this.#judge(window, now);
  }

  #startAgain(rate: number, now: number): void {
    this.#rate = rate;
    this.#bars.clear();
    this.#given.clear();
    this.#step = undefined;
    this.#settle(now);
  }

  #settle(now: number): void {
    this.#spent = nothingSpent;
    this.#settledAt = now + settleMs;
  }

  #judge(window: Window, now: number): void {
    const step = this.#step;
    this.#step = undefined;
    if (step !== undefined && this.#isWorse(step, window, loss)) {
      this.#go({ rung: step.from, gain: step.gain, why: this.#slower(step.before, window) }, now);
      return;
    }
    this.#given.set(this.#rung, { at: now, window });
    const best = [...this.#candidates(window), ...this.#regrets(window, now)]
      .filter((candidate) => this.#isOpen(candidate, now))
      .reduce<Candidate | undefined>((a, b) => (a === undefined || b.gain > a.gain ? b : a), undefined);
    if (best === undefined) return;
    this.#step = { from: this.#rung, gain: best.gain, before: window };
    this.#go({ ...best, gain: 0 }, now);
  }

  /** Takes a step; the rung that is left is barred for a while, `gain` being what it had promised. */
  #go({ rung, gain, why }: Candidate, now: number): void {
    const before = this.#bars.get(this.#rung);
    const recent = before !== undefined && now < before.until + 4 * before.ms;
    const ms = recent ? Math.min(barMs.most, 2 * before.ms) : barMs.first;
    this.#bars.set(this.#rung, { until: now + ms, ms, promised: gain });
    this.#rung = rung;
    this.#why = why;
    this.#settle(now);
  }

  #isOpen({ rung, gain }: Candidate, now: number): boolean {
    const bar = this.#bars.get(rung);
    return bar === undefined || now >= bar.until || gain > bar.promised + promiseMore;
  }

  #slower(before: Window, after: Window): string {
    const [was, is] = [before, after].map(({ raw }) => `${(raw / 1000).toFixed(1)} MB/s`);
    return `${rungName(this.#rung)} was slower: ${is}, not ${was}`;
  }

  /** Rungs that gave much more than this one does. */
  #regrets(window: Window, now: number): readonly Candidate[] {
    return [...this.#given]
      .filter(([rung, { at }]) => rung !== this.#rung && now - at < regret.forMs)
      .filter(([from, { window: before }]) => this.#isWorse({ from, before }, window, regret.loss))
      .map(([rung, { window: before }]) => {
        return { rung, gain: before.raw / window.raw - 1, why: this.#slower(before, window) };
      });
  }

  /**
   * Slower by the stream's own bytes, and slower by the method's as well, as they would have been before the step: the
   * first alone may be data that compresses worse, the second alone data that compresses better.
   */
  #isWorse({ from, before }: Pick<Step, 'from' | 'before'>, { raw, frame, linkShare }: Window, by: number): boolean {
    if (this.#rung > from && linkShare >= linkBound) return false;
    const size = this.#rung === 0 ? before.frame / before.part : (this.#ladder.sizeOf(from, this.#rung) ?? 1);
    return raw < before.raw * (1 - by) && frame * size < before.frame * (1 - by);
  }

  #candidates(window: Window): readonly Candidate[] {
    const rung = this.#rung;
    if (rung > 0 && window.frame > window.part * incompressible) {
      return [{ rung: 0, gain: 1, why: 'the data does not compress' }];
    }
    const lower = rungs.slice(0, rung).map((_, index) => this.#down(window, index));
    return [this.#up(window, rung + 1), ...lower].filter((candidate) => candidate !== undefined);
  }

  #up(window: Window, rung: Rung): Candidate | undefined {
    if (rung >= rungs.length) return undefined;
    const gain = this.#gain(window, rung);
    if (gain === undefined || gain < (this.#rung === 0 ? leastGain.fromNone : leastGain.up)) return undefined;
    const saved = Math.round(100 * (1 - (this.#ladder.sizeOf(rung, this.#rung) ?? 1)));
    return { rung, gain, why: `${window.limits}: ${rungName(rung)} makes pages ${saved} % smaller` };
  }

  #down(window: Window, rung: Rung): Candidate | undefined {
    const gain = this.#gain(window, rung);
    if (gain === undefined || gain < leastGain.down) return undefined;
    return { rung, gain, why: `${window.limits}: ${rungName(rung)} takes less time` };
  }

  /** How much faster the stream would flow at another rung, as a share; absent as long as nobody can say. */
  #gain(window: Window, rung: Rung): number | undefined {
    const { raw, part, frame, wire, linkShare } = window;
    const size = rung === 0 ? part / frame : this.#ladder.sizeOf(rung, this.#rung);
    const [cost, costNow] = [this.#ladder.costOf(rung), this.#ladder.costOf(this.#rung)];
    if (size === undefined || cost === undefined || costNow === undefined) return undefined;
    const link = this.#rate > 0 ? this.#rate / 1000 : linkShare > linkBound ? wire : Infinity;
    const frameThen = Math.min(part, frame * size);
    const wireThen = wire - frame + frameThen;
    const elsewhere = (1 - linkShare) / raw;
    // A higher level is never cheaper, whatever a busy processor makes of two trials.
    const cheaper = rung > this.#rung ? Math.min(0, costNow - cost) : Math.max(0, costNow - cost);
    const saved = (cheaper * part) / raw / this.options.parallel;
    const elsewhereThen = Math.max(elsewhere * leastElsewhere, elsewhere - saved);
    return Math.hypot(wire / raw / link, elsewhere) / Math.hypot(wireThen / raw / link, elsewhereThen) - 1;
  }
}
