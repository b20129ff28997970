import { Sequence } from '../codec/sequence';
import { WherryError } from '../shared/failure';
import {
  checkSettings,
  liveSettingNames,
  settingLabels,
  type MigrationSettings,
  type SettingsChange,
} from '../shared/settings';
import type { BandMs, FlowControl } from '../shared/snapshot';
import type { SessionState } from '../shared/state';
import type { Carrier } from './carrier';
import { sourceDowntimeLimit } from './estimate';
import type { MigrationControl } from './migration';
import type { QmpClient } from './qmp/client';

/** QEMU's longest; with it the source stops the guest at its next look at what is left. */
const longestDowntimeMs = 2_000_000;

/** States in which the source has not yet decided to stop the guest. */
const steered: readonly SessionState[] = ['bulk', 'iterating'];

/** What an operator acts upon. */
export interface Controlled {
  readonly state: () => SessionState;
  readonly sender: () => Pick<Carrier, 'change' | 'pause' | 'resume'> | undefined;
  readonly source: () => Pick<QmpClient, 'execute'> | undefined;
  readonly cost: () => BandMs | undefined;
  /** Settings or control have changed. */
  readonly onChange: () => void;
}

/**
 * What an operator may do to a migration under way, besides cancelling it. Every refusal is a `usage` error that says
 * why; what is refused changes nothing.
 */
export class Controls implements MigrationControl {
  readonly #changes = new Sequence();
  #flow: FlowControl | undefined;
  /** What the source may plan with, of the limit it was given last. */
  #share = 1;
  #limitMs: number;
  /** The share it has last been told; unknown when it refused. */
  #told: number | undefined = 1;
  #steering = false;
  #forcing = false;

  constructor(
    private inForce: MigrationSettings,
    private readonly on: Controlled,
  ) {
    this.#limitMs = inForce.downtimeLimitMs;
  }

  /** The settings that the way to the destination has begun with. */
  begin(settings: MigrationSettings): void {
    if (settings === this.inForce) return;
    this.inForce = settings;
    this.on.onChange();
  }

  /** The settings in force. */
  get settings(): MigrationSettings {
    return this.inForce;
  }

  /** The share of its limit that the source plans its switchover with. */
  get plannedShare(): number {
    return this.#share;
  }

  get flow(): FlowControl | undefined {
    return this.#flow;
  }

  /** One call after another, in the order they were made. */
  change(change: SettingsChange): Promise<MigrationSettings> {
    return this.#changes.run(() => this.#apply(change));
  }

  pause(): void {
    this.#expect('pause', ['bulk', 'iterating']);
    if (this.#flow === 'forced') throw refused('the switchover has been forced: sending cannot be paused any more');
    this.#set('paused');
    this.on.sender()?.pause();
  }

  resume(): void {
    if (this.#flow !== 'paused') return;
    this.on.sender()?.resume();
    this.#set(undefined);
  }

  switchoverCost(): BandMs | undefined {
    return this.on.cost();
  }

  forceSwitchover(): Promise<void> {
    return this.#changes.run(() => this.#force());
  }

  /**
   * The source is to plan its switchover with this share of the limit, see `StopShare`. Not waited for, and nothing where
   * the source does not answer: another look follows.
   */
  steer(share: number): void {
    if (share === this.#told || this.#steering || this.#forcing || !steered.includes(this.on.state())) return;
    this.#share = share;
    this.#told = share;
    this.#steering = true;
    void this.#limitDowntime(this.#planned)
      .catch(() => (this.#told = undefined))
      .finally(() => (this.#steering = false));
  }

  async #force(): Promise<void> {
    this.#expect('force the switchover', ['bulk', 'iterating']);
    if (this.#flow === 'forced') return;
    this.#forcing = true;
    try {
      await this.#limitDowntime(longestDowntimeMs);
    } catch (error) {
      this.#forcing = false;
      throw error;
    }
    // The source measures its own pace: one that is held back would never see that what is left fits.
    this.resume();
    this.#set('forced');
  }

  async #apply(change: SettingsChange): Promise<MigrationSettings> {
    const next = checked(this.inForce, change);
    const sender = this.#expect('change settings', ['bulk', 'iterating', 'switchover']);
    const { downtimeLimitMs } = this.inForce;
    const limited = next.downtimeLimitMs !== downtimeLimitMs;
    if (limited && this.#flow === 'forced') {
      throw refused(`${settingLabels.downtimeLimitMs}: the switchover has been forced, whatever the downtime`);
    }
    const granted = await sender.change(next);
    if (limited) await this.#plan(next.downtimeLimitMs);
    this.inForce = granted;
    this.on.onChange();
    return this.inForce;
  }

  /** Gives the source another limit; noted before it answers, since steering goes on meanwhile. */
  async #plan(limitMs: number): Promise<void> {
    const before = this.#limitMs;
    this.#limitMs = limitMs;
    try {
      await this.#limitDowntime(this.#planned);
    } catch (error) {
      this.#limitMs = before;
      throw error;
    }
  }

  get #planned(): number {
    return Math.max(1, Math.round(sourceDowntimeLimit(this.#limitMs) * this.#share));
  }

  async #limitDowntime(ms: number): Promise<void> {
    await this.on.source()?.execute('migrate-set-parameters', { 'downtime-limit': ms });
  }

  #set(control: FlowControl | undefined): void {
    this.#flow = control;
    this.on.onChange();
  }

  #expect(what: string, states: readonly SessionState[]): NonNullable<ReturnType<Controlled['sender']>> {
    const state = this.on.state();
    const sender = this.on.sender();
    if (sender === undefined || !states.includes(state)) {
      throw refused(`cannot ${what}: expected a migration that is ${states.join(' or ')}, it is ${state}`);
    }
    return sender;
  }
}

function checked(current: MigrationSettings, change: SettingsChange): MigrationSettings {
  const names = Object.keys(change) as (keyof MigrationSettings)[];
  const fixed = names.find((name) => !(liveSettingNames as readonly string[]).includes(name));
  if (fixed !== undefined) throw refused(`${settingLabels[fixed] ?? fixed}: cannot be changed while a migration runs`);
  return acceptedSettings({ ...current, ...change });
}

/** The settings, if they are that; throws `usage` naming everything that is out of range. */
export function acceptedSettings(given: unknown): MigrationSettings {
  const check = checkSettings(given);
  if (!check.ok) throw refused(check.problems.map(({ message }) => message).join('; '));
  return check.settings;
}

function refused(message: string): WherryError {
  return new WherryError('usage', message);
}
