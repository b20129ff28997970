import { performance } from 'node:perf_hooks';
import { asWherryError } from '../shared/failure';
import type { LinkFigures } from '../shared/link';
import type { MigrationSettings } from '../shared/settings';
import type { Report, Snapshot } from '../shared/snapshot';
import { isEnd, type GuestPlace, type SessionState } from '../shared/state';
import type { SpawnWorker } from '../shared/worker';
import type { Ending } from './endings';
import { tryLink } from './link-test';
import { LoopLag } from './loop-lag';
import { Outcome } from './outcome';
import type { QmpAddress } from '../shared/qmp-address';
import { relayEnding } from './relay-ending';
import { sessionReport } from './report';
import type { SessionFacts } from './run-facts';
import { RunStats } from './run-stats';
import { Sender } from './sender';
import { SourceDoor, type StreamPlace } from './source-door';
import { AnswerReader } from './stream/answers';
import type { Pairing } from '../shared/pairing';

const snapshotMs = 100;

/** What a relay listens on, where it brings the stream, and who is told. */
export interface RelayOptions {
  /** Where the source's stream is taken: what its `migrate` is given as URI. */
  readonly listen: QmpAddress;
  readonly to: Pairing;
  /** Those that concern the wire; the source's own are for whoever drives it. */
  readonly settings: MigrationSettings;
  readonly spawn: SpawnWorker;
  readonly onSnapshot?: (snapshot: Snapshot) => void;
  /** The source may be sent on its way. */
  readonly onListening?: () => void;
}

/**
 * Carries the stream of a migration that another tool drives: no monitor of ours, nothing started or stopped, and at
 * the end only what the stream itself tells.
 */
export class Relay {
  /** The end, whatever it is; never rejects. */
  readonly finished: Promise<Report>;
  readonly #stats: RunStats;
  /** A break is ours; the verdict is that there is no more to carry. */
  readonly #outcome = new Outcome();
  readonly #lag = new LoopLag();
  readonly #answers = new AnswerReader();
  #state: SessionState = 'preparing';
  #place: GuestPlace = 'unknown';
  #sender: Sender | undefined;
  #notice: string | undefined;
  #link: LinkFigures | undefined;
  #asked = false;
  readonly #stop = new AbortController();

  constructor(private readonly options: RelayOptions) {
    this.#stats = new RunStats(options.settings, () => performance.now());
    this.finished = this.#run().then((ending) => this.#report(ending));
  }

  snapshot(): Snapshot {
    return this.#stats.snapshot(this.#sender, this.#facts);
  }

  /** Cuts the stream off: a source in mid-migration keeps its guest. */
  cancel(): void {
    this.#asked = true;
    this.#stop.abort();
    this.#outcome.settle({ kind: 'cancelled' });
  }

  async #run(): Promise<Ending> {
    const ticker = setInterval(() => this.#publish(), snapshotMs);
    let door: SourceDoor | undefined;
    try {
      const sender = await this.#connect();
      if (!this.#asked) {
        door = await SourceDoor.listen(placeOf(this.options.listen), (source) => {
          this.#state = 'bulk';
          sender.attach(source);
        });
        this.options.onListening?.();
        await this.#outcome.first();
      }
      const { talked, shut } = this.#answers;
      const { pagesDone } = sender;
      return relayEnding({ broken: this.#outcome.broken, asked: this.#asked, pagesDone, talked, shut });
    } catch (error) {
      if (this.#asked) return { end: 'cancelled', place: 'source' };
      return { end: 'failed', place: 'source', error: asWherryError(error) };
    } finally {
      clearInterval(ticker);
      this.#lag.stop();
      door?.close();
      if (this.#outcome.verdict?.kind === 'handed-over') this.#sender?.finish();
      else this.#sender?.close();
    }
  }

  async #connect(): Promise<Sender> {
    const { settings, spawn, to } = this.options;
    const { signal } = this.#stop;
    const test = await tryLink(to, settings, (text) => (this.#notice = text), { strict: true, signal });
    this.#link = test?.figures;
    const sender = (this.#sender = await Sender.create({
      settings,
      spawn,
      onNotice: (text) => (this.#notice = text),
      onFailure: (error) => this.#outcome.fail(error),
      onAnswer: (bytes) => this.#answers.push(bytes),
      onOver: () => this.#outcome.settle({ kind: 'handed-over' }),
    }));
    signal.addEventListener('abort', () => this.#asked && this.#state === 'preparing' && sender.close());
    if (signal.aborted) sender.close();
    await sender.connect(to);
    this.#stats.use(sender.settings);
    return sender;
  }

  #report(ending: Ending): Report {
    this.#state = ending.end;
    this.#place = ending.place;
    const report = sessionReport(ending, this.#stats, this.#sender, this.#facts);
    this.#publish();
    return report;
  }

  get #facts(): SessionFacts {
    if (!isEnd(this.#state) && this.#sender?.pagesDone === true) this.#state = 'switchover';
    const loopLagP99Ms = this.#lag.p99Ms;
    const unknown = { setupTimeMs: undefined, downtimeMs: undefined, rounds: 0, flow: undefined, info: {} };
    const plannedShare = 1; // nobody but its own driver tells the source what to plan with
    const link = this.#link;
    return {
      ...unknown,
      plannedShare,
      link,
      roundTripMs: link?.roundTripMs,
      reconnects: this.#sender?.reconnects ?? 0,
      state: this.#state,
      guestRunningOn: this.#place,
      notice: this.#notice,
      loopLagP99Ms,
    };
  }

  #publish(): void {
    this.options.onSnapshot?.(this.snapshot());
  }
}

function placeOf(where: QmpAddress): StreamPlace {
  return where.kind === 'unix' ? { path: where.path } : { host: where.host, port: where.port };
}
