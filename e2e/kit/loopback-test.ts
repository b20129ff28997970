import { readdirSync, readlinkSync } from 'node:fs';
import { afterEach, expect } from 'vitest';
import type { SpawnWorker, WorkerHandle } from '../../src/shared/worker';
import { Opened } from './loopback';
import { ownWorkers } from './own-workers';

/** What the tests of a file share that have both ends of a wire in their own process. */
export interface LoopbackTest {
  readonly opened: Opened;
  readonly spawn: SpawnWorker;
  /** The workers of this test, whatever has become of them. */
  readonly started: readonly StartedWorker[];
}

interface StartedWorker {
  readonly name: string;
  readonly handle: WorkerHandle;
  readonly exited: Promise<string>;
}

/** Whatever happens in a test of the file that calls this, closing both sides leaves no process and no ring. */
export function loopbackTest(): LoopbackTest {
  const workers = ownWorkers('compress', 'decompress');
  const opened = new Opened();
  const started: StartedWorker[] = [];
  afterEach(async () => {
    opened.close();
    await Promise.all(started.splice(0).map(({ exited }) => exited));
    expect(openRings()).toEqual([]);
  });
  const spawn: SpawnWorker = (kind, name) => {
    const handle = workers.spawn(kind, name);
    started.push({ name, handle, exited: new Promise((ended) => handle.onExit(ended)) });
    return handle;
  };
  return { opened, spawn, started };
}

function openRings(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const name = readlinkSync(`/proc/self/fd/${fd}`);
      return /\/wherry-[0-9a-f]{24}/.test(name) ? [name] : [];
    } catch {
      return []; // the descriptor of this very listing
    }
  });
}
