import { settingNames } from '../../shared/command-line';
import type { RunView } from '../../shared/contract';
import type { RamMapUpdate, RamMapView } from '../../shared/ram-map';
import type { Report, Snapshot } from '../../shared/snapshot';
import { isEnd } from '../../shared/state';
import type { SessionState } from '../../shared/state';
import { Sampler, columns } from '../charts/columns';
import { Series } from '../charts/series';
import { eventsBetween, logged } from './event-log';
import type { LogEntry } from './event-log';
import { verdictOf, verdictOfReport } from './verdict';
import type { Verdict } from './verdict';

/** Figures and sentences are redrawn together and no oftener than this, or nobody could read them. */
const showIntervalMs = 500;

/** Marks of rounds kept; more than a chart has room for. */
const mostRounds = 1000;

/** The steps on the phase track; what follows the last is an end. */
export const phases = ['preparing', 'bulk', 'iterating', 'switchover', 'confirming'] as const;
export type Phase = (typeof phases)[number];

/** Whether a command has taken effect: that is shown at once. */
function commanded(before: Snapshot | undefined, { flow, settings }: Snapshot): boolean {
  return before?.flow !== flow || settingNames.some((name) => before?.settings[name] !== settings[name]);
}

/** One migration as the window shows it, from its first snapshot to its report. */
export class Run {
  /** What the pictures draw. */
  readonly series = new Series(columns);
  /** When each round began, seconds; of very many, every second, fourth… one. */
  rounds: readonly number[] = [];
  /** When the guest was stopped, seconds. */
  switchover: number | undefined;
  readonly #sampler = new Sampler();
  #latest: Snapshot | undefined;
  #drawn = $state(0);
  #shown = $state.raw<Snapshot>();
  #ended = $state.raw<RunView>();
  #phase = $state<Phase>('preparing');
  #log = $state.raw<readonly LogEntry[]>([]);
  #map = $state.raw<RamMapView>();
  #shownAt = -Infinity;

  /** @param started what is known of it when it starts; or all, of one under way or at its end */
  constructor(private readonly started: RunView) {
    const view = started;
    this.#map = view.ramMap;
    if (view.snapshot !== undefined) this.take(view.snapshot);
    if (view.report !== undefined) this.finish(view);
  }

  /** What is known of it beside its figures. */
  get view(): RunView {
    return this.#ended ?? this.started;
  }

  /** Counts samples; reading it is how the pictures learn of new ones. */
  get drawn(): number {
    return this.#drawn;
  }

  /** The snapshot the figures show; absent before the first. */
  get shown(): Snapshot | undefined {
    return this.#shown;
  }

  get report(): Report | undefined {
    return this.#ended?.report;
  }

  get state(): SessionState {
    return this.report?.status ?? this.#shown?.state ?? 'preparing';
  }

  /** The furthest phase reached. */
  get phase(): Phase {
    return this.#phase;
  }

  /** What became of the guest's memory; absent before anything is known of it. */
  get map(): RamMapView | undefined {
    return this.#map;
  }

  get log(): readonly LogEntry[] {
    return this.#log;
  }

  get verdict(): Verdict {
    if (this.report !== undefined) return verdictOfReport(this.report);
    return this.#shown === undefined ? { tone: 'wait', finish: 'Preparing.' } : verdictOf(this.#shown);
  }

  /** Takes the next snapshot in. */
  take(snapshot: Snapshot): void {
    const before = this.#latest;
    this.#latest = snapshot;
    const changed = before?.state !== snapshot.state;
    this.#log = logged(this.#log, snapshot.elapsedMs, eventsBetween(before, snapshot));
    this.#sample(snapshot, before);
    const phase = phases.find((each) => each === snapshot.state);
    if (phase !== undefined) this.#phase = phase;
    if (changed || commanded(before, snapshot) || snapshot.elapsedMs >= this.#shownAt + showIntervalMs) {
      this.#shownAt = snapshot.elapsedMs;
      this.#shown = snapshot;
    }
  }

  /** Takes in what became of the guest's memory since. */
  takeMap({ layout = this.#map?.layout, cells }: RamMapUpdate): void {
    if (layout?.cells === cells.length) this.#map = { layout, cells };
  }

  /** Takes the end in: from now on everything shown is final. */
  finish(view: RunView): void {
    const { snapshot, report, notKept, ramMap } = view;
    this.#ended = view;
    this.#map = ramMap ?? this.#map;
    if (snapshot !== undefined) this.take(snapshot);
    this.#shown = snapshot ?? this.#shown;
    if (report === undefined) return;
    const last = [report.error?.message, notKept && `Not in the history: ${notKept.message}`];
    const events = last.flatMap((text) => (text === undefined ? [] : [{ text, important: true }]));
    this.#log = logged(this.#log, report.totalTimeMs, events);
  }

  #sample(snapshot: Snapshot, before: Snapshot | undefined): void {
    if (isEnd(snapshot.state)) return;
    const seconds = snapshot.elapsedMs / 1000;
    if (before !== undefined && snapshot.rounds > before.rounds) this.#round(seconds);
    if (snapshot.state === 'switchover') this.switchover ??= seconds;
    this.series.push(seconds, this.#sampler.row(snapshot));
    this.#drawn += 1;
  }

  #round(seconds: number): void {
    const kept = this.rounds.length < mostRounds ? this.rounds : this.rounds.filter((_, index) => index % 2 === 0);
    this.rounds = [...kept, seconds];
  }
}
