import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import type { WherryError } from '../shared/failure';
import type { SpawnWorker, WorkerHandle } from '../shared/worker';
import type { RingShape } from './job';
import { Ring } from './ring';
import { RingWorker, type RingJob, type RingWorkerOptions, type WorkerReply } from './ring-worker';

/*
 * What the tests of `RingWorker` share: workers that answer when a test says so.
 */

export const shape: RingShape = { slots: 3, inBytes: 16, outBytes: 16 };

interface Open {
  readonly type: 'open';
  readonly ring: RingShape & { readonly path: string };
}
export interface Work {
  readonly type: 'work';
  readonly slot: number;
}

/** A worker in this process: it answers when the test says so, with the slot's input backwards. */
export class FakeWorker implements WorkerHandle {
  readonly pid = 1;
  readonly jobs: Work[] = [];
  killed = false;
  /** Most jobs it had at once. */
  most = 0;
  private ring: Ring | undefined;
  path = '';
  private say: (message: unknown) => void = () => undefined;
  private exit: (reason: string) => void = () => undefined;

  post(message: unknown): void {
    const said = message as Open | Work;
    if (said.type === 'open') {
      const { path, ...ringShape } = said.ring;
      this.path = path;
      this.ring = Ring.open(path, ringShape);
    } else {
      this.jobs.push(said);
      this.most = Math.max(this.most, this.jobs.length);
    }
  }

  onMessage(listener: (message: unknown) => void): void {
    this.say = listener;
  }

  onExit(listener: (reason: string) => void): void {
    this.exit = listener;
  }

  kill(): void {
    if (!this.killed) this.die('killed');
  }

  ready(): void {
    this.says({ type: 'ready' });
  }

  says(message: unknown): void {
    this.say(message);
  }

  /** Does the oldest job. */
  work(): void {
    const job = this.jobs.shift();
    if (job === undefined || this.ring === undefined) throw new Error('expected a job to work on');
    const input = Buffer.alloc(4);
    this.ring.readIn(job.slot, 0, input);
    this.ring.writeOut(job.slot, 0, input.reverse());
    this.says({ type: 'done', slot: job.slot, reply: input.toString(), outputBytes: 4 });
  }

  die(reason: string): void {
    this.killed = true;
    this.ring?.close();
    this.exit(reason);
  }
}

export const made: FakeWorker[] = [];
const running: RingWorker<string>[] = [];

/** Closes the workers of a test; nothing of them may be left, whatever it came to. */
export function endAll(): void {
  for (const worker of running.splice(0)) worker.close();
  for (const { path, killed } of made.splice(0))
    expect({ left: existsSync(path), killed }).toEqual({ left: false, killed: true });
}

function parse(message: unknown): WorkerReply<string> {
  if (typeof message !== 'object') throw new Error('no message');
  return message as WorkerReply<string>;
}

export function start(options: Partial<RingWorkerOptions<string>> = {}): RingWorker<string> {
  const spawn: SpawnWorker = () => {
    const fake = new FakeWorker();
    made.push(fake);
    return fake;
  };
  const worker = new RingWorker<string>({
    spawn,
    kind: 'compress',
    name: 'compress-0',
    shape,
    open: (ring) => ({ type: 'open', ring }),
    parse,
    restarts: 2,
    ...options,
  });
  running.push(worker);
  return worker;
}

/** The fake started last. */
export function latest(): FakeWorker {
  const fake = made.at(-1);
  if (fake === undefined) throw new Error('expected a worker to have been started');
  return fake;
}

export function job(text: string): RingJob {
  const bytes = Buffer.from(text);
  return { input: [bytes.subarray(0, 1), bytes.subarray(1)], message: (slot) => ({ type: 'work', slot }) };
}

/** Runs a job and notes its end. */
export function note(worker: RingWorker<string>, text: string, ends: string[]): Promise<unknown> {
  return worker.run(job(text)).then(
    ({ output }) => ends.push(output.toString()),
    (error: WherryError) => ends.push(`${error.code}: ${error.message}`),
  );
}
