import { startMigration } from '../engine/migration';
import type { MigrationSettings } from '../shared/settings';
import type { SpawnWorker } from '../shared/worker';
import { displayFor } from './display';
import { exitCodeOf } from './exit-codes';
import { onStopSignal } from './signals';
import type { Streams } from './streams';

/** One migration as the command runs it. */
export interface MigrationRun {
  readonly source: string;
  readonly destination: string;
  readonly direct?: boolean;
  readonly settings: MigrationSettings;
  readonly json: boolean;
}

/** What a command is given by the process it runs in. */
export interface Surroundings {
  readonly streams: Streams;
  readonly spawn: SpawnWorker;
}

/**
 * Runs a migration to its end, showing it; a stop signal cancels it, and only its own end ends it.
 * @returns the exit status
 */
export async function migrate(run: MigrationRun, { streams, spawn }: Surroundings): Promise<number> {
  const { source, destination, settings, json, direct = false } = run;
  const display = displayFor(json, streams);
  const migration = startMigration({
    source,
    destination,
    direct,
    settings,
    spawn,
    onSnapshot: (snapshot) => display.snapshot(snapshot),
  });
  const release = onStopSignal((times) => {
    migration.cancel();
    display.say(times === 1 ? 'Cancelling: the guest is to stay on the source.' : stillCancelling);
  });
  try {
    const report = await migration.finished;
    display.finish(report, migration.snapshot());
    return exitCodeOf(report);
  } finally {
    release();
  }
}

const stillCancelling = 'Still cancelling: leaving now could lose track of where the guest runs.';
