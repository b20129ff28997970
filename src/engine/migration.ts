import type { MigrationSettings, SettingsChange } from '../shared/settings';
import type { BandMs, Report, Snapshot } from '../shared/snapshot';
import type { SpawnWorker } from '../shared/worker';
import type { RamMap } from './dispatch/ram-map';
import { Session } from './session';

/** Everything one migration needs from outside. */
export interface MigrationOptions {
  /** QMP address of the running guest: `/path`, `unix:/path` or `tcp:host:port`. */
  readonly source: string;
  /** QMP address of the QEMU waiting with `-incoming defer -S`, or what a receiver before it printed (`wherry://…`). */
  readonly destination: string;
  /** `destination` is the `-incoming` address of an unmodified QEMU: no receiver, native XBZRLE only. */
  readonly direct?: boolean;
  /** Links to a receiver that are not encrypted are taken (and no others). */
  readonly insecure?: boolean;
  readonly settings: MigrationSettings;
  readonly spawn: SpawnWorker;
  /** Called about ten times a second and at every change of state. */
  readonly onSnapshot?: (snapshot: Snapshot) => void;
}

/** What may be done to a migration under way, besides cancelling it. */
export interface MigrationControl {
  /**
   * Changes settings from now on; resolves to all that are in force then. Rejects with `usage`, naming the range, for
   * a value out of it, and for a migration that is not under way; nothing has changed then.
   */
  change(change: SettingsChange): Promise<MigrationSettings>;
  /** Stops sending until `resume`, the guest running on; throws `usage` unless it is bulk or iterating. */
  pause(): void;
  /** Sends again; does nothing unless paused. A guest that is stopped for the switchover resumes sending by itself. */
  resume(): void;
  /** How long the guest would stand still if the switchover were forced now, ms; absent as long as nobody can say. */
  switchoverCost(): BandMs | undefined;
  /** Has the source stop the guest as soon as it can, whatever the downtime; rejects with `usage` when it cannot be. */
  forceSwitchover(): Promise<void>;
}

/** A migration under way. */
export interface RunningMigration {
  /** The end, whatever it is; never rejects. */
  readonly finished: Promise<Report>;
  snapshot(): Snapshot;
  /** What became of the guest's memory so far; the same numbers of changes and layout are the same picture. */
  readonly map: Pick<RamMap, 'changes' | 'layout' | 'cells'> | undefined;
  readonly control: MigrationControl;
  /** Asks for the guest to stay on the source; too late once the source has handed it over. */
  cancel(): void;
}

/** Starts a migration between two monitors; see `Session` for the story. */
export function startMigration(options: MigrationOptions): RunningMigration {
  return new Session(options);
}
