import { onTestFinished } from 'vitest';
import type { RunningMigration } from '../../src/engine/migration';
import type { Snapshot } from '../../src/shared/snapshot';
import { until } from './until';

/** Has the run over when the test is, whatever became of it. */
export function endWithTest(run: RunningMigration): RunningMigration {
  onTestFinished(async () => {
    run.cancel();
    await run.finished;
  });
  return run;
}

/** The first snapshot that shows it. */
export function seen(run: RunningMigration, what: string, shows: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
  return until(() => {
    const snapshot = run.snapshot();
    return shows(snapshot) && snapshot;
  }, what);
}
