import type { Tried } from '../codec/job';
import type { MethodAt } from '../codec/methods';
import type { Way } from '../shared/way';
import { formatBitRate } from '../shared/units';
import { Bars } from './bars';
import { asItComes, Ladder, lightest, rungBelow, rungName, rungs, uncompressed, wayOf, type Rung } from './ladder';
import { nothingSpent, spentBetween, sumOf, windowOf, type Progress, type Spent, type Window } from './progress';

/** Where the ladder is entered, and how much is compressed at once. */
export interface AutoOptions {
  /** A zstd level; it starts with the highest of its own that is not above. */
  readonly level: number;
  /** Parts that can really be compressed at once: threads, or cores where there are fewer. */
  readonly parallel: number;
  /** Whether the stream may go as it comes, past the workers. */
  readonly asItComes: boolean;
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
const leastGain = { up: 0.01, down: 0.015, fromNone: 0.03, asItComes: 0.05 } as const;
/** Data that keeps this share of its size does not compress. */
const incompressible = 0.98;
/** A step was wrong that leaves all slower by this share. */
const loss = 0.05;
/** A rung that once gave this much more, not long ago, is gone back to; so long nobody has to guess what it gives. */
const regret = { loss: 0.2, forMs: 20_000 } as const;
/** With the link waited for this much, smaller is faster whatever the clock says. */
const linkBound = 0.5;
/** However little there is to compress, this share of the time is spent on something else. */
const leastElsewhere = 0.3;
/** Waited for less than this, the link has nothing worth giving. */
const leastLink = 0.1;
/**
 * Past the workers, as measured on two cores (docs/benchmarks.md): they carry 80 MB/s of guest memory, whatever the
 * method, and the same stream as it comes 162. `carry`: bytes a ms; `share`: of a page's time elsewhere, what is left.
 */
const workers = { carry: 80e3, share: 0.5 } as const;
/** Under a limit from here on, bytes a second, it is begun as it comes, and the workers' turn is so long afterwards, ms. */
const fast = { limit: 100e6, untriedMs: 3000 } as const;

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
 * Chooses how to carry pages while a migration runs; pure, the clock (ms) is passed in. It goes up a ladder of ways by
 * single rungs and down by as many as pay. What the next rungs would make of the data is tried on samples; the lowest
 * one, past the workers, by what is known of their cost. A step is taken when it promises to shorten the time a stream
 * byte takes. That is made of its time on the link and its time everywhere else: they overlap, but not wholly, since no
 * more than two epochs are under way; so they are added as squares. A step is taken back when the stream flows slower
 * afterwards, at once or at any later look at what other rungs once gave.
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
  readonly #bars = new Bars();
  /** What each rung last gave. */
  readonly #given = new Map<Rung, { readonly at: number; readonly window: Window }>();

  constructor(private readonly options: AutoOptions) {
    this.#rung = rungBelow(options.level);
    this.#why = `starting at ${rungName(this.#rung)}`;
  }

  /** How to carry the next epoch. */
  get way(): Way {
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

  /** The limit in force, bytes a second on the wire, 0 for none. What was measured under another says nothing. */
  limit(rate: number, now: number): void {
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.#bars.clear();
    this.#given.clear();
    this.#step = undefined;
    this.#settle(now);
    if (rate >= fast.limit && this.options.asItComes) {
      this.#rung = asItComes;
      this.#why = `the workers would not fill ${formatBitRate(rate)}`;
      this.#bars.bar(lightest, fast.untriedMs, now);
    } else if (rate > 0 && this.#rung === asItComes) {
      this.#rung = rungBelow(this.options.level);
      this.#why = `starting again at ${rungName(this.#rung)}: the limit is ${formatBitRate(rate)}`;
    }
  }

  /** Looks at what has been done; to be called about ten times a second. */
  look(progress: Progress, now: number): void {
    const last = this.#looked;
    this.#looked = { at: now, progress };
    if (last === undefined || last.at < this.#settledAt) return;
    const look = spentBetween(last.progress, progress, now - last.at);
    const idle = look.raw < leastLookBytes && look.waits.sourceMs > look.ms / 2;
    if (!idle) this.#spent = sumOf(this.#spent, look);
    const { ms, raw } = this.#spent;
    if (ms < windowMs || (raw < windowBytes && ms < longestWindowMs) || raw === 0) return;
    const window = windowOf(this.#spent);
    this.#spent = nothingSpent;
    this.#judge(window, now);
  }

  #settle(now: number): void {
    this.#spent = nothingSpent;
    this.#settledAt = now + settleMs;
  }

  #judge(window: Window, now: number): void {
    const step = this.#step;
    this.#step = undefined;
    this.#given.set(this.#rung, { at: now, window });
    if (step !== undefined && this.#isWorse(step, window, loss)) {
      this.#go({ rung: step.from, gain: step.gain, why: this.#slower(step.before, window) }, now);
      return;
    }
    const best = [...this.#candidates(window, now), ...this.#regrets(window, now)]
      .filter(({ rung, gain }) => this.#bars.isOpen(rung, gain, now))
      .reduce<Candidate | undefined>((a, b) => (a === undefined || b.gain > a.gain ? b : a), undefined);
    if (best === undefined) return;
    this.#step = { from: this.#rung, gain: best.gain, before: window };
    this.#go({ ...best, gain: 0 }, now);
  }

  /** Takes a step; the rung that is left is barred for a while, `gain` being what it had promised. */
  #go({ rung, gain, why }: Candidate, now: number): void {
    this.#bars.leave(this.#rung, gain, now);
    this.#rung = rung;
    this.#why = why;
    this.#settle(now);
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
   * first alone may be data that compresses worse, the second alone data that compresses better. As it comes there is
   * no method, and the first decides.
   */
  #isWorse({ from, before }: Pick<Step, 'from' | 'before'>, { raw, frame, linkShare }: Window, by: number): boolean {
    if (this.#rung > from && linkShare >= linkBound) return false;
    if (this.#rung === asItComes || from === asItComes) return raw < before.raw * (1 - by);
    const size =
      this.#rung === uncompressed ? before.frame / before.part : (this.#ladder.sizeOf(from, this.#rung) ?? 1);
    return raw < before.raw * (1 - by) && frame * size < before.frame * (1 - by);
  }

  #candidates(window: Window, now: number): readonly Candidate[] {
    const rung = this.#rung;
    if (rung > uncompressed && window.frame > window.part * incompressible) {
      return [{ rung: uncompressed, gain: 1, why: 'the data does not compress' }];
    }
    const others = rungs.map((_, other) => {
      if (rung === asItComes) return other === lightest ? this.#toWorkers(window, now) : undefined;
      if (other === asItComes) return this.#pastWorkers(window, now);
      return other < rung ? this.#down(window, other) : other === rung + 1 ? this.#up(window, other) : undefined;
    });
    return others.filter((candidate) => candidate !== undefined);
  }

  /** Past the workers nothing can be tried on samples; what any of them gives is not known, or no longer. */
  #toWorkers({ raw, linkShare, limits }: Window, now: number): Candidate | undefined {
    const known = rungs.some((_, rung) => rung !== asItComes && this.#isKnown(rung, now));
    if (known || linkShare < leastLink) return undefined;
    const gain = linkShare < linkBound ? leastGain.up : Math.max(leastGain.up, workers.carry / raw - 1);
    return { rung: lightest, gain, why: `${limits}: ${rungName(lightest)} may make up for it` };
  }

  /** The link then carries every byte; elsewhere, pages take less time. From the lightest rungs: others may do first. */
  #pastWorkers({ raw, page, part, wire, linkShare, limits }: Window, now: number): Candidate | undefined {
    const tried = this.#rung === lightest || this.#ladder.sizeOf(lightest, uncompressed) !== undefined;
    if (!this.options.asItComes || this.#rung > lightest || !tried) return undefined;
    if (linkShare >= linkBound || this.#isKnown(asItComes, now)) return undefined;
    const link = Math.max(this.#rate > 0 ? 1000 / this.#rate : 0, linkShare / Math.max(wire, 1)); // ms a byte
    const elsewhere = (1 - linkShare) / raw;
    const method = ((this.#ladder.costOf(this.#rung) ?? 0) * part) / raw / this.options.parallel;
    const shareThen = 1 - (1 - workers.share) * Math.min(1, page / raw);
    const elsewhereThen = Math.max(elsewhere * leastElsewhere, (elsewhere - method) * shareThen);
    const gain = Math.hypot((wire / raw) * link, elsewhere) / Math.hypot(link, elsewhereThen) - 1;
    if (gain < leastGain.asItComes) return undefined;
    return { rung: asItComes, gain, why: `${limits}: past the workers it takes less time` };
  }

  #isKnown(rung: Rung, now: number): boolean {
    return now - (this.#given.get(rung)?.at ?? -Infinity) < regret.forMs;
  }

  #up(window: Window, rung: Rung): Candidate | undefined {
    if (rung >= rungs.length) return undefined;
    const gain = this.#gain(window, rung);
    if (gain === undefined || gain < (this.#rung === uncompressed ? leastGain.fromNone : leastGain.up))
      return undefined;
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
    const size = rung === uncompressed ? part / frame : this.#ladder.sizeOf(rung, this.#rung);
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
