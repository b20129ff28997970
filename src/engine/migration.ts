import type { MigrationSettings } from '../shared/settings';
import type { Report, Snapshot } from '../shared/snapshot';
import type { SpawnWorker } from '../shared/worker';
import { Session } from './session';

/** Everything one migration needs from outside. */
export interface MigrationOptions {
  /** QMP address of the running guest: `/path`, `unix:/path` or `tcp:host:port`. */
  readonly source: string;
  /** QMP address of the QEMU waiting with `-incoming defer -S`, or what a receiver before it printed (`wherry://…`). */
  readonly destination: string;
  readonly settings: MigrationSettings;
  readonly spawn: SpawnWorker;
  /** Called about ten times a second and at every change of state. */
  readonly onSnapshot?: (snapshot: Snapshot) => void;
}

/** A migration under way. */
export interface RunningMigration {
  /** The end, whatever it is; never rejects. */
  readonly finished: Promise<Report>;
  snapshot(): Snapshot;
  /** Asks for the guest to stay on the source; too late once the source has handed it over. */
  cancel(): void;
}

/** Starts a migration between two monitors; see `Session` for the story. */
export function startMigration(options: MigrationOptions): RunningMigration {
  return new Session(options);
}
