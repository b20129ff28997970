import { startMigration } from '../engine/migration';
import type { History } from '../engine/store/history';
import { RunRecorder } from '../engine/store/run-recorder';
import { toFailure } from '../shared/failure';
import type { RunRecord } from '../shared/run-record';
import type { MigrationSettings } from '../shared/settings';
import type { SpawnWorker } from '../shared/worker';
import { displayFor } from './display';
import { exitCodeOf } from './exit-codes';
import { warnInsecure } from './insecure';
import { onStopSignal } from './signals';
import { stopAnswer } from './stop-answer';
import { writeLine, type Streams } from './streams';

/** One migration as the command runs it. */
export interface MigrationRun {
  readonly source: string;
  readonly destination: string;
  readonly direct?: boolean;
  readonly insecure?: boolean;
  /** What the history calls the guest; the source's address when absent. */
  readonly guest?: string;
  readonly settings: MigrationSettings;
  readonly json: boolean;
}

/** What a command is given by the process it runs in. */
export interface Surroundings {
  readonly streams: Streams;
  readonly spawn: SpawnWorker;
  readonly history: Pick<History, 'add'>;
}

/**
 * Runs a migration to its end, showing it; a stop signal cancels it, and only its own end ends it.
 * @returns the exit status
 */
export async function migrate(run: MigrationRun, { streams, spawn, history }: Surroundings): Promise<number> {
  const { source, destination, settings, json, direct = false, insecure = false } = run;
  // Where it does not go with the pairing text it is refused, and means nothing.
  if (insecure && !destination.includes('fingerprint=')) warnInsecure(streams);
  const display = displayFor(json, streams);
  const recorder = new RunRecorder({ guest: source, ...run });
  const migration = startMigration({
    source,
    destination,
    direct,
    insecure,
    settings,
    spawn,
    onSnapshot: (snapshot) => {
      recorder.snapshot(snapshot);
      display.snapshot(snapshot);
    },
  });
  const release = onStopSignal((times) => {
    const answer = stopAnswer(migration.snapshot().state, times);
    if (answer === undefined) return;
    if (answer.cancel) migration.cancel();
    display.say(answer.words);
  });
  try {
    const report = await migration.finished;
    display.finish(report, migration.snapshot());
    await keep(history, recorder.record(report), streams);
    return exitCodeOf(report);
  } finally {
    release();
  }
}

/** Puts a run into the history. The guest is where it is: what could not be kept changes nothing about the run. */
export async function keep(history: Surroundings['history'], run: RunRecord, { err }: Streams): Promise<void> {
  await history.add(run).catch((error: unknown) => {
    writeLine(err, `This run is not in the history: ${toFailure(error).message}`);
  });
}
