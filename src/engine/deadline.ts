import { WherryError, toFailure } from '../shared/failure';
import type { MigrationSettings, TimeoutAction } from '../shared/settings';
import type { SessionState } from '../shared/state';
import { formatDuration } from '../shared/units';
import type { Ending } from './endings';

/** What a timeout acts upon. */
export interface Hurried {
  readonly state: () => SessionState;
  readonly cancel: () => void;
  readonly force: () => Promise<void>;
  readonly say: (text: string) => void;
}

/** States in which an action makes sense: a switchover that has begun is left to finish. */
const acts: Readonly<Record<TimeoutAction, readonly SessionState[]>> = {
  cancel: ['preparing', 'bulk', 'iterating'],
  force: ['bulk', 'iterating'],
};

/** The time in which a migration has to come to its switchover, and what is done once it has passed. */
export class Deadline {
  #due = false;
  #did: TimeoutAction | undefined;

  constructor(
    private readonly settings: Pick<MigrationSettings, 'timeoutMs' | 'onTimeout'>,
    private readonly on: Hurried,
  ) {}

  /** Counts from now on; what it returns ends that. */
  start(): () => void {
    const { timeoutMs } = this.settings;
    if (timeoutMs === 0) return () => undefined;
    const timer = setTimeout(() => {
      this.#due = true;
      this.look();
    }, timeoutMs);
    return () => {
      clearTimeout(timer);
      this.#due = false;
    };
  }

  /** To be called when the state has changed: what is due is done as soon as it can be, once. */
  look(): void {
    const { onTimeout } = this.settings;
    if (!this.#due || this.#did !== undefined || !acts[onTimeout].includes(this.on.state())) return;
    this.#did = onTimeout;
    this.on.say(`${this.#words}: ${onTimeout === 'cancel' ? 'cancelling' : 'the switchover is forced'}`);
    if (onTimeout === 'cancel') this.on.cancel();
    else
      void this.on
        .force()
        .catch((error: unknown) => this.on.say(`it could not be forced: ${toFailure(error).message}`));
  }

  /** The ending with what the timeout had to do with it. */
  explain(ending: Ending): Ending {
    if (this.#did === 'force') return { ...ending, timedOut: 'force' };
    if (this.#did === undefined || ending.end !== 'cancelled') return ending;
    return { ...ending, timedOut: 'cancel', error: ending.error ?? new WherryError('timed-out', this.#words) };
  }

  get #words(): string {
    return `no switchover within the timeout of ${formatDuration(this.settings.timeoutMs)}`;
  }
}
