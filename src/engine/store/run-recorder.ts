import { randomBytes } from 'node:crypto';
import { withoutToken } from '../../shared/pairing-text';
import type { RunRecord } from '../../shared/run-record';
import type { MigrationSettings } from '../../shared/settings';
import type { Report, Snapshot } from '../../shared/snapshot';
import { SeriesRecorder } from './series';

/** What is known of a run when it starts. */
export interface RunStart {
  /** What to call the guest. */
  readonly guest: string;
  readonly source: string;
  readonly destination: string;
  readonly settings: MigrationSettings;
}

/** Takes notes of a run: fed with its snapshots, it makes the record once there is a report. */
export class RunRecorder {
  readonly #series = new SeriesRecorder();
  #inForce: MigrationSettings;

  constructor(
    private readonly start: RunStart,
    private readonly startedAt = new Date(),
  ) {
    this.#inForce = start.settings;
  }

  snapshot(snapshot: Snapshot): void {
    this.#series.add(snapshot);
    this.#inForce = snapshot.settings;
  }

  record(report: Report): RunRecord {
    const { guest, source, destination, settings } = this.start;
    const startedAt = this.startedAt.toISOString();
    const changed = changes(settings, this.#inForce);
    return {
      id: `${startedAt.replace(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`,
      startedAt,
      guest: withoutToken(guest),
      source: withoutToken(source),
      destination: withoutToken(destination),
      settings,
      ...(Object.keys(changed).length > 0 && { changedSettings: changed }),
      report,
      series: this.#series.series(),
    };
  }
}

function changes(before: MigrationSettings, after: MigrationSettings): Partial<MigrationSettings> {
  const names = Object.keys(after) as (keyof MigrationSettings)[];
  return Object.fromEntries(names.filter((name) => after[name] !== before[name]).map((name) => [name, after[name]]));
}
