import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { startBuiltinPair } from '../../src/guest/builtin-pair';
import type { SamplePair } from '../../src/shared/guest';
import type { SpawnWorker, WorkerKind } from '../../src/shared/worker';
import { type BundledWorkers, bundleWorkers } from './bundled-workers';

/** What the tests of a file share that have the engine in their own process. */
export interface OwnWorkers {
  readonly spawn: SpawnWorker;
  /** A folder that is gone after the last test. */
  readonly directory: string;
  /** A built-in guest and its destination, gone after the test. */
  builtinPair(options: Omit<Parameters<typeof startBuiltinPair>[0], 'spawn'>): Promise<SamplePair>;
}

/** Has the named workers bundled before the first test of the file that calls this. */
export function ownWorkers(...kinds: readonly WorkerKind[]): OwnWorkers {
  let workers: BundledWorkers;
  let directory = '';
  beforeAll(async () => {
    process.env['NODE_PATH'] = resolve('node_modules'); // the bundles lie outside the project
    workers = await bundleWorkers(kinds);
    directory = mkdtempSync(join(tmpdir(), 'wherry-test-'));
  });
  afterAll(() => {
    workers.remove();
    rmSync(directory, { recursive: true });
  });
  const spawn: SpawnWorker = (kind, name) => workers.spawn(kind, name);
  return {
    spawn,
    get directory() {
      return directory;
    },
    builtinPair: async (options) => {
      const pair = await startBuiltinPair({ ...options, spawn });
      onTestFinished(() => pair.stop());
      return pair;
    },
  };
}
