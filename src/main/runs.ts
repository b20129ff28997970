import { startMigration } from '../engine/migration';
import type { MigrationControl, RunningMigration } from '../engine/migration';
import type { History } from '../engine/store/history';
import { RunRecorder } from '../engine/store/run-recorder';
import type { RunView } from '../shared/contract';
import { destinationProblem } from '../shared/destination';
import { WherryError, toFailure } from '../shared/failure';
import { withoutToken } from '../shared/pairing-text';
import type { MigrationSettings } from '../shared/settings';
import type { Snapshot } from '../shared/snapshot';
import type { SpawnWorker } from '../shared/worker';
import type { Guests } from './guests';
import { mapTeller } from './map-teller';
import type { Publish } from './publish';
import { throttle } from './throttle';

/** The window is told at most ten times a second; a change of state or control does not wait. */
const snapshotIntervalMs = 100;

/** The one migration this console runs at a time, and the last one's report. */
export interface Runs {
  /** The run under way or the last one. */
  current(): RunView | undefined;
  /** Whether one is under way. */
  active(): boolean;
  start(order: RunOrder): void;
  cancel(): void;
  /** What may be done to the run under way; throws `usage`, naming what was to be done, when there is none. */
  control(what: string): MigrationControl;
  /** Cancels what runs, if anything does, and waits for its end. */
  wind(): Promise<void>;
}

/** A migration as the window asks for it. */
export interface RunOrder {
  readonly guestId: string;
  /** QMP address of the waiting destination, or what a receiver gave out (`wherry://…`). */
  readonly destination: string;
  readonly settings: MigrationSettings;
}

/** Runs migrations of known guests, telling the window of every snapshot and of the end. */
export function createRuns(guests: Guests, spawn: SpawnWorker, history: Pick<History, 'add'>, publish: Publish): Runs {
  let view: RunView | undefined;
  let running: RunningMigration | undefined;
  let ended: Promise<void> = Promise.resolve();

  function start({ guestId, destination, settings }: RunOrder): void {
    if (running !== undefined) {
      throw new WherryError('usage', `one migration at a time: ${view?.guestName ?? 'a guest'} is being moved now`);
    }
    const guest = guests.get(guestId);
    const problem = destinationProblem(destination, guest.address);
    if (problem !== undefined) throw new WherryError('usage', problem);
    const shown = withoutToken(destination);
    const started: RunView = { guestId, guestName: guest.name, source: guest.address, destination: shown, settings };
    view = started;
    publish('run', started);
    const recorder = new RunRecorder({ ...started, guest: guest.name });
    let told: Snapshot | undefined;
    const tellMap = mapTeller(publish);
    const gate = throttle<Snapshot>(
      snapshotIntervalMs,
      (snapshot) => {
        told = snapshot;
        publish('snapshot', snapshot);
        tellMap(running?.map);
      },
      (snapshot) => told === undefined || answers(snapshot, told),
    );
    const run = startMigration({
      source: guest.address,
      destination,
      settings,
      spawn,
      onSnapshot: (snapshot) => {
        recorder.snapshot(snapshot);
        gate.offer(snapshot);
      },
    });
    running = run;
    guests.setBusy([guest.address, destination]);
    ended = end(started, run, recorder, () => gate.flush()).catch((error: unknown) => {
      process.stderr.write(`wherry: after a migration: ${toFailure(error).message}\n`);
    });
  }

  /** Whatever else fails, the run is over and its guests are free again. */
  async function end(started: RunView, run: RunningMigration, recorder: RunRecorder, flush: () => void): Promise<void> {
    const report = await run.finished;
    const record = recorder.record(report);
    const notKept = await history.add(record).then(() => undefined, toFailure);
    try {
      flush();
    } finally {
      running = undefined;
      view = { ...asItIs(started, run), report, ...(notKept === undefined ? { kept: record.id } : { notKept }) };
      guests.setBusy([]);
    }
    publish('run', view);
    await guests.afterRun(started, report.guestRunningOn, run.snapshot().dirtyRate);
  }

  function underWay(what: string): RunningMigration {
    if (running === undefined) throw new WherryError('usage', `cannot ${what}: no migration is running`);
    return running;
  }

  return {
    current: () => (view === undefined || running === undefined ? view : asItIs(view, running)),
    active: () => running !== undefined,
    start,
    cancel: () => underWay('cancel').cancel(),
    control: (what) => underWay(what).control,
    wind: async () => {
      running?.cancel();
      await ended;
    },
  };
}

/** Whether something has come of a command, or the state is another: that does not wait. */
function answers({ state, flow, settings }: Snapshot, told: Snapshot): boolean {
  return state !== told.state || flow !== told.flow || settings !== told.settings;
}

/** What is seen of a run now. */
function asItIs(view: RunView, run: RunningMigration): RunView {
  const { map } = run;
  const ramMap = map && { layout: map.layout, cells: map.cells() };
  return { ...view, snapshot: run.snapshot(), ...(ramMap && { ramMap }) };
}
