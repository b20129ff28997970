import { performance } from 'node:perf_hooks';
import { WherryError, asWherryError } from '../shared/failure';
import type { Report, Snapshot } from '../shared/snapshot';
import { isEnd, type SessionState } from '../shared/state';
import type { Carrier } from './carrier';
import { Controls, acceptedSettings } from './controls';
import { Deadline } from './deadline';
import { awaitVerdict, backToSource, findSource, lost, settleMs, type Ending } from './endings';
import type { Far } from './far';
import { GuestWatch } from './guest-watch';
import { LoopLag } from './loop-lag';
import type { MigrationOptions, RunningMigration } from './migration';
import { openFar } from './open-far';
import { Outcome, type Verdict } from './outcome';
import { beginMigration, configureSource, inspect } from './prepare';
import { QmpClient } from './qmp/client';
import type { SessionFacts } from './run-facts';
import { RunStats } from './run-stats';
import { sessionReport } from './report';
import { step, takes, type SessionEvent } from './session-state';
import { steer } from './steering';
import { StreamSockets } from './stream-sockets';

const snapshotMs = 100;
/**
 * One migration, from two monitors to a report. Read `#run` top to bottom: it is the story. Everything that can go
 * wrong on the way is an `Outcome`; until the source reports `completed` each of them leaves the guest on the source.
 */
export class Session implements RunningMigration {
  readonly finished: Promise<Report>;
  readonly control: Controls;
  readonly #stats: RunStats;
  readonly #outcome = new Outcome();
  readonly #deadline: Deadline;
  readonly #lag = new LoopLag();
  /** Ends what is under way before the source was sent on its way. */
  readonly #stop = new AbortController();
  readonly #cleanups: (() => void | Promise<void>)[] = [];
  #state: SessionState = 'idle';
  readonly #guest: GuestWatch;
  #sender: Carrier | undefined;
  #far: Far | undefined;
  /** Those two before they were let in. */
  #opening: Pick<Carrier, 'reconnecting'> | undefined;
  #coming: Pick<Far, 'reconnecting'> | undefined;
  #source: QmpClient | undefined;
  #setupTimeMs: number | undefined;
  #notice: string | undefined;
  #cancelled = false;

  constructor(private readonly options: MigrationOptions) {
    this.control = new Controls(options.settings, {
      state: () => this.#state,
      sender: () => this.#sender,
      source: () => this.#source,
      cost: () => this.#stats.pauseIfStoppedNow(this.#sender, this.#facts),
      onChange: () => {
        this.#stats.use(this.control.settings);
        this.#publish();
      },
    });
    this.#guest = new GuestWatch({
      state: () => this.#state,
      step: (event) => this.#step(event),
      say: (text) => this.#say(text),
      outcome: this.#outcome,
      // Nothing may hold back the last pages of a guest that stands still.
      onStopped: () => this.control.resume(),
      onNextRound: () => this.#sender?.nextRound(),
    });
    this.#stats = new RunStats(options.settings, () => performance.now());
    this.#deadline = new Deadline(options.settings, {
      state: () => this.#state,
      cancel: () => this.cancel(),
      force: () => this.control.forceSwitchover(),
      say: (text) => this.#say(text),
    });
    this.finished = this.#run().then((end) => this.#report(end));
  }

  snapshot(): Snapshot {
    return this.#stats.snapshot(this.#sender, this.#facts);
  }

  get map(): Carrier['map'] | undefined {
    return this.#sender?.map;
  }

  cancel(): void {
    if (isEnd(this.#state) || this.#cancelled) return;
    // The run has not begun: it does before this comes up again.
    if (this.#state === 'idle') return queueMicrotask(() => this.cancel());
    if (!takes(this.#state, 'cancel')) {
      return this.#say('too late to cancel: the source has handed the guest over');
    }
    this.#cancelled = true;
    this.#step('cancel');
    if (this.#setupTimeMs !== undefined) return void this.#askToCancel();
    this.#outcome.settle({ kind: 'cancelled' });
    this.#stop.abort();
  }

  /** A source that does not answer a cancel is as good as broken: the session must come to its end all the same. */
  async #askToCancel(): Promise<void> {
    try {
      await this.#source?.execute('migrate_cancel', undefined, { timeoutMs: settleMs });
      await this.#outcome.settled(settleMs);
      if (this.#outcome.verdict !== undefined) return;
      this.#outcome.fail(new WherryError('qmp-timeout', `the source has not cancelled within ${settleMs} ms`));
    } catch (error) {
      this.#outcome.fail(asWherryError(error));
    }
  }

  async #run(): Promise<Ending> {
    await Promise.resolve();
    this.#step('start');
    const ticker = setInterval(() => this.#publish(), snapshotMs);
    try {
      acceptedSettings(this.options.settings);
      this.#cleanups.push(this.#deadline.start());
      const far = await this.#send().catch((error: unknown) => this.#stoppedBy(error));
      return await this.#conclude(far);
    } catch (error) {
      return { end: 'failed', place: this.#guest.place, error: asWherryError(error) };
    } finally {
      clearInterval(ticker);
      this.#lag.stop();
      for (const cleanup of this.#cleanups.reverse())
        await Promise.resolve()
          .then(cleanup)
          .catch(() => undefined);
    }
  }

  /** A cancel that came before the source was sent on its way breaks off what was under way; that is no failure. */
  #stoppedBy(error: unknown): Far | undefined {
    const early = this.#cancelled && this.#setupTimeMs === undefined;
    if (early && this.#source !== undefined) return this.#far;
    throw error;
  }

  /** Everything up to the moment the source's stream flows; throws what stood in the way, the guest untouched. */
  async #send(): Promise<Far> {
    const source = await this.#monitor(this.options.source);
    this.#source = source;
    await this.#guest.look(source);
    const shared = {
      settings: this.control.settings,
      spawn: this.options.spawn,
      onNotice: (text: string) => this.#say(text),
      onFailure: (error: WherryError) => this.#outcome.fail(error),
      signal: this.#stop.signal,
    };
    const far = await openFar(this.options.destination, {
      ...shared,
      source: this.options.source,
      direct: this.options.direct === true,
      insecure: this.options.insecure === true,
      onComing: (coming) => (this.#coming = coming),
    });
    this.#far = far;
    this.#cleanups.push(() => far.close());
    this.#guest.found((await inspect(source, far)).running);
    // Nothing has been changed yet on either side, and a destination that waits goes on waiting.
    if (this.#cancelled) return far;
    await configureSource(source, this.control.settings);
    const onOpened = (carrier: Pick<Carrier, 'close' | 'reconnecting'>): void => {
      this.#opening = carrier;
      this.#cleanups.push(() => carrier.close());
    };
    this.#sender = await far.carry({ ...shared, onOpened });
    this.control.begin(this.#sender.settings);
    const sockets = await StreamSockets.create();
    this.#cleanups.push(() => sockets.close());
    const { uri, accepted } = await sockets.listenForSource(source, this.options.source, (text) => this.#say(text));
    void accepted.then((socket) => this.#sender?.attach(socket));
    this.#cleanups.push(this.#guest.follow(source, far));

    this.#cleanups.push(
      steer(this.control, () => this.#sender && { ...this.#sender.counters, rounds: this.#guest.rounds }),
    );
    if (this.#cancelled) return far;
    this.#setupTimeMs = this.#stats.elapsedMs;
    await beginMigration(source, uri, this.#outcome);
    this.#step('sending');
    return far;
  }

  async #monitor(address: string): Promise<QmpClient> {
    const client = await QmpClient.connect(address);
    this.#cleanups.push(() => client.close());
    return client;
  }

  /** Waits for the end of the stream, and sees to it that one copy runs: there, or here. */
  async #conclude(far: Far | undefined): Promise<Ending> {
    const source = this.#source as QmpClient;
    await this.#outcome.first();
    if (this.#outcome.verdict === undefined) {
      this.#say(`giving up: ${this.#outcome.broken?.message ?? ''}`);
      this.#sender?.close();
      await awaitVerdict(source, this.#outcome);
    }
    const { verdict } = this.#outcome;
    if (verdict?.kind !== 'source-lost') return this.#end(source, far, verdict);
    this.#sender?.close();
    const found = await findSource(this.options.source);
    if (found === undefined) return lost(this.#outcome, this.#guest.resumedThere, verdict.error.message);
    this.#cleanups.push(() => found.source.close());
    this.#outcome.fail(new WherryError('qmp-closed', 'the monitor of the source was lost for a while'));
    return this.#end(found.source, far, found.verdict);
  }

  async #end(source: QmpClient, far: Far | undefined, verdict: Verdict | undefined): Promise<Ending> {
    const { wasRunning, resumedThere } = this.#guest;
    if (verdict?.kind === 'handed-over' && far !== undefined) {
      this.#step('handed-over');
      const ending = await far.confirm(this.control.settings.paused || !wasRunning);
      await this.#guest.poll(source);
      return ending;
    }
    if (verdict === undefined) return lost(this.#outcome, resumedThere, 'the source does not say how it ended');
    return backToSource(source, { wasRunning, outcome: this.#outcome, asked: this.#cancelled, resumedThere });
  }

  #report(ending: Ending): Report {
    this.#guest.ended(ending.place);
    const event = {
      completed: 'confirmed',
      cancelled: 'cancelled',
      failed: 'failed',
      uncertain: 'contact-lost',
    } as const;
    this.#step(event[ending.end]);
    const report = sessionReport(this.#deadline.explain(ending), this.#stats, this.#sender, this.#facts);
    this.#publish();
    return report;
  }

  get #reconnects(): number {
    const stream = this.#sender?.reconnects ?? 0;
    return this.#far?.reconnectsBeside?.(stream) ?? stream;
  }

  get #facts(): SessionFacts {
    return {
      ...this.#guest.facts,
      state: this.#state,
      setupTimeMs: this.#setupTimeMs,
      link: this.#far?.link,
      roundTripMs: this.#far?.roundTripMs,
      reconnects: this.#reconnects,
      // Later on the stream's own link is what counts.
      reconnecting: this.#sender ? undefined : (this.#opening?.reconnecting ?? this.#coming?.reconnecting),
      plannedShare: this.control.plannedShare,
      flow: this.control.flow,
      notice: this.#notice,
      loopLagP99Ms: this.#lag.p99Ms,
    };
  }

  /** Takes a step; monitors may report what no longer matters, and that is not an error. */
  #step(event: SessionEvent): void {
    const reported = event === 'round' || event === 'stopped' || event === 'resumed' || event === 'sending';
    if (reported && !takes(this.#state, event)) return;
    const next = step(this.#state, event);
    if (next === this.#state) return;
    this.#state = next;
    this.#sender?.hurry(next === 'switchover');
    this.#far?.hurry?.(next === 'switchover');
    this.#publish();
    this.#deadline.look();
  }

  #say(text: string): void {
    this.#notice = text;
    this.#publish();
  }

  /** Whoever watches must not be able to bring the migration down. */
  #publish(): void {
    try {
      this.options.onSnapshot?.(this.snapshot());
    } catch (error) {
      this.#notice = `the display failed: ${String(error)}`;
    }
  }
}
