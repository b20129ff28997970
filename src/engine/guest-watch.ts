import type { GuestPlace, SessionState } from '../shared/state';
import type { Far } from './far';
import type { Outcome } from './outcome';
import type { QmpClient, QmpEvent } from './qmp/client';
import { queryMigrate, queryStatus, type MigrateInfo } from './qmp/migrate';
import type { SessionFacts } from './run-facts';
import type { SessionEvent } from './session-state';

const pollMs = 200;

/** Who acts upon what is seen. */
export interface GuestWatchOptions {
  readonly state: () => SessionState;
  readonly step: (event: SessionEvent) => void;
  readonly say: (text: string) => void;
  readonly outcome: Outcome;
  /** The guest stands still on the source. */
  readonly onStopped: () => void;
  /** Another round begins, not the first. */
  readonly onNextRound: () => void;
}

/** What the monitors of both sides tell of the guest: where it runs, since when it stands still, how far its memory is. */
export class GuestWatch {
  #place: GuestPlace = 'unknown';
  #wasRunning = false;
  #info: MigrateInfo = {};
  #polling = false;
  #rounds = 0;
  #stoppedAt: number | undefined;
  #resumedAt: number | undefined;
  /** How wrong that can be by the clock here, either way. */
  #resumedErrorMs: number | undefined;

  constructor(private readonly options: GuestWatchOptions) {}

  /** Looks where the guest is before anything is done. */
  async look(source: QmpClient): Promise<void> {
    const { status, running } = await queryStatus(source);
    this.#place = running ? 'source' : status === 'paused' ? 'none' : 'unknown';
    this.#wasRunning = running;
  }

  /** Whether it ran when it was looked at last. */
  found(running: boolean): void {
    this.#wasRunning = running;
  }

  /** Takes note of where the ending has found it. */
  ended(place: GuestPlace): void {
    this.#place = place;
  }

  get place(): GuestPlace {
    return this.#place;
  }

  /** It runs, but for the migration. */
  get wasRunning(): boolean {
    return this.#wasRunning;
  }

  /** The destination has started it. */
  get resumedThere(): boolean {
    return this.#resumedAt !== undefined;
  }

  get rounds(): number {
    return this.#rounds;
  }

  get facts(): Pick<SessionFacts, 'guestRunningOn' | 'downtimeMs' | 'downtimeErrorMs' | 'rounds' | 'info'> {
    const [stopped, resumed] = [this.#stoppedAt, this.#resumedAt];
    return {
      guestRunningOn: this.#place,
      downtimeMs: stopped === undefined || resumed === undefined ? undefined : Math.round(resumed - stopped),
      downtimeErrorMs: stopped === undefined ? undefined : this.#resumedErrorMs,
      rounds: this.#rounds,
      info: this.#info,
    };
  }

  /** Follows both sides' events and polls the source's figures; returns what ends the polling. */
  follow(source: QmpClient, far: Far): () => void {
    const { outcome } = this.options;
    source.on((event) => this.#onSourceEvent(source, event));
    source.onClose((error) => outcome.settle({ kind: 'source-lost', error }));
    far.onResume((atMs, errorMs) => this.#onResumedThere(atMs, errorMs));
    far.onLost((error) => outcome.fail(error));
    const poll = setInterval(() => void this.poll(source), pollMs);
    return () => clearInterval(poll);
  }

  /** Asks the source for its figures once more; never rejects. */
  async poll(source: QmpClient): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      const info = await queryMigrate(source);
      if (info.ram !== undefined) this.#info = info;
    } catch {
      // A lost monitor is the close listener's business, a refused query comes again.
    } finally {
      this.#polling = false;
    }
  }

  #onSourceEvent(source: QmpClient, { name, data, timestampMs }: QmpEvent): void {
    const { step, onStopped, onNextRound, outcome } = this.options;
    if (name === 'STOP') {
      this.#stoppedAt = timestampMs;
      this.#place = 'none';
      step('stopped');
      onStopped();
      void this.#seeWhoStopped(source);
    } else if (name === 'RESUME') {
      this.#stoppedAt = undefined;
      this.#place = 'source';
      this.#wasRunning = true;
      step('resumed');
    } else if (name === 'MIGRATION_PASS') {
      this.#rounds = Number(data['pass']);
      if (this.#rounds > 1) {
        step('round');
        onNextRound();
      }
      // What a round begins with is seen only at its beginning.
      void this.poll(source);
    } else if (name === 'MIGRATION') {
      const status = data['status'];
      if (status === 'completed') outcome.settle({ kind: 'handed-over' });
      else if (status === 'cancelled') outcome.settle({ kind: 'cancelled' });
      else if (status === 'failed') outcome.settle({ kind: 'source-failed' });
    }
  }

  /**
   * An operator's own `stop` looks like the switchover until QEMU names the state. It is acted upon at once all the
   * same: a source that is switching over may not answer before it has done so.
   */
  async #seeWhoStopped(source: QmpClient): Promise<void> {
    const seen = await queryStatus(source).catch(() => undefined);
    if (seen?.status !== 'paused' || this.#stoppedAt === undefined || this.options.state() !== 'switchover') return;
    this.#stoppedAt = undefined;
    this.#wasRunning = false;
    this.options.step('resumed');
    this.options.say('somebody stopped the guest on the source: it goes on being migrated, and stays paused');
  }

  #onResumedThere(atMs: number, errorMs: number | undefined): void {
    if (this.#resumedAt === undefined) [this.#resumedAt, this.#resumedErrorMs] = [atMs, errorMs];
    if (this.options.state() !== 'confirming') {
      this.options.say('the destination started the guest by itself: it was not started with -S');
    }
  }
}
