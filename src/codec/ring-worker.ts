import { WherryError } from '../shared/failure';
import type { SpawnWorker, WorkerHandle, WorkerKind } from '../shared/worker';
import type { BufferPool } from './buffer-pool';
import type { RingShape } from './job';
import { Ring } from './ring';
import { StallWatch, defaultStallTimes, type StallTimes } from './stall-watch';

/** How long a worker may take to start; many do so at once, on few cores. */
const startMs = 30_000;

/** A job: bytes for the slot's input region and the message that tells the worker what to do with them. */
export interface RingJob {
  readonly input: readonly Uint8Array[];
  message(slot: number): object;
  /** Bytes of output to read back, where they are known beforehand; else the answer says. */
  readonly outputBytes?: number;
}

/** A job's end: the worker's answer, and the bytes it left in the slot, copied out. */
export interface RingResult<Reply> {
  readonly reply: Reply;
  readonly output: Buffer;
}

interface Outstanding<Reply> {
  readonly job: RingJob;
  readonly resolve: (result: RingResult<Reply>) => void;
  readonly reject: (error: WherryError) => void;
}

/** How a worker process is started, spoken to and replaced. */
export interface RingWorkerOptions<Reply> {
  readonly spawn: SpawnWorker;
  readonly kind: WorkerKind;
  readonly name: string;
  readonly shape: RingShape;
  /** The worker's first message, given its ring. */
  open(ring: RingShape & { readonly path: string }): object;
  /** Checks what a worker says; throws for anything it should not say. */
  parse(message: unknown): WorkerReply<Reply>;
  /** Where output buffers come from, for a caller that gives them back; else they are the garbage collector's. */
  readonly buffers?: BufferPool;
  /** Times a dead worker is started again before the run is given up; 0 for a worker whose state cannot be lost. */
  readonly restarts: number;
  onRestart?(name: string, reason: string): void;
  /** It has had a job for so many ms without an answer. */
  onStalled?(name: string, ms: number): void;
  /** 10 s until it is said and 30 s until it is killed like a dead one, if left out. */
  readonly stallTimes?: StallTimes;
}

/** What a worker has said: ready, a job done, or one that failed (without a slot: the worker itself). */
export type WorkerReply<Reply> =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly slot?: number | undefined; readonly error: WherryError }
  | { readonly type: 'done'; readonly slot: number; readonly reply: Reply; readonly outputBytes?: number };

/**
 * One worker process behind its slot ring. Jobs run in the order they were given. A worker that dies is replaced and
 * its unanswered jobs are given to the new one in the same order: a job's input is kept until it is answered. One that
 * answers nothing for long is killed, which makes it a dead one.
 */
export class RingWorker<Reply> {
  #worker: WorkerHandle | undefined;
  #ring: Ring | undefined;
  #ready = false;
  #closed = false;
  #free: number[] = [];
  #waiting: Outstanding<Reply>[] = [];
  readonly #busy = new Map<number, Outstanding<Reply>>();
  readonly #readers: { readonly resolve: () => void; readonly reject: (error: WherryError) => void }[] = [];
  #startTimer: NodeJS.Timeout | undefined;
  readonly #silence: StallWatch;
  #failure: WherryError | undefined;
  restarts = 0;

  /** Never throws: where the worker or its ring cannot be had, every `run` rejects with the reason. */
  constructor(private readonly options: RingWorkerOptions<Reply>) {
    this.#silence = new StallWatch(options.stallTimes ?? defaultStallTimes, {
      stalled: (ms) => options.onStalled?.(this.name, ms),
      givenUp: (ms) => this.#giveUp(ms),
    });
    this.#start([]);
  }

  get pid(): number | undefined {
    return this.#worker?.pid;
  }

  /** Whether it has had a job for long without an answer. */
  get stalled(): boolean {
    return this.#silence.overdue;
  }

  get name(): string {
    return this.options.name;
  }

  /** Resolves when the process has opened its ring and takes jobs; rejects with `worker` where it never will. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      if (this.#ready) return resolve();
      this.#readers.push({ resolve, reject });
    });
  }

  /** Runs a job; rejects with `worker` when the process cannot be kept alive, or with the worker's own failure. */
  run(job: RingJob): Promise<RingResult<Reply>> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#waiting.push({ job, resolve, reject });
      this.#feed();
    });
  }

  /** Ends the process; jobs not answered by now are rejected. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fail(new WherryError('worker', `${this.name} was closed`));
  }

  #start(redo: readonly Outstanding<Reply>[]): void {
    this.#ready = false;
    this.#free = Array.from({ length: this.options.shape.slots }, (_, slot) => slot);
    this.#waiting.unshift(...redo);
    try {
      this.#open();
    } catch (error) {
      this.#fail(asWorkerError(error));
    }
  }

  #open(): void {
    const ring = Ring.create(this.options.shape);
    this.#ring = ring;
    const worker = this.options.spawn(this.options.kind, this.name);
    this.#worker = worker;
    worker.onMessage((message) => {
      if (worker === this.#worker) this.#hear(message);
    });
    worker.onExit((reason) => {
      if (worker === this.#worker) this.#died(reason);
    });
    clearTimeout(this.#startTimer);
    this.#startTimer = setTimeout(() => {
      this.#fail(new WherryError('worker', `${this.name} has not started within ${startMs} ms`));
    }, startMs);
    worker.post(this.options.open({ path: ring.path, ...ring.shape }));
  }

  #hear(message: unknown): void {
    let said: WorkerReply<Reply>;
    try {
      said = this.options.parse(message);
    } catch (error) {
      this.#fail(new WherryError('worker', `${this.name} said what no worker says: ${String(error)}`));
      return;
    }
    if (said.type === 'ready') {
      this.#ready = true;
      clearTimeout(this.#startTimer);
      this.#ring?.unlink();
      for (const { resolve } of this.#readers.splice(0)) resolve();
    } else if (said.type === 'failed' && said.slot === undefined) this.#fail(said.error);
    else this.#answer(said.slot as number, said);
    this.#feed();
  }

  #answer(slot: number, said: Exclude<WorkerReply<Reply>, { type: 'ready' }>): void {
    const done = this.#busy.get(slot);
    const ring = this.#ring;
    if (done === undefined || ring === undefined) return;
    this.#busy.delete(slot);
    this.#free.push(slot);
    if (this.#busy.size > 0) this.#silence.expect();
    else this.#silence.rest();
    if (said.type === 'failed') return done.reject(said.error);
    try {
      const bytes = said.outputBytes ?? done.job.outputBytes ?? 0;
      const output = this.options.buffers?.take(bytes) ?? Buffer.allocUnsafe(bytes);
      ring.readOut(slot, 0, output);
      done.resolve({ reply: said.reply, output });
    } catch (error) {
      done.reject(asWorkerError(error));
    }
  }

  #feed(): void {
    const ring = this.#ring;
    while (this.#ready && ring !== undefined && this.#free.length > 0 && this.#failure === undefined) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const slot = this.#free.shift() as number;
      try {
        fill(ring, slot, next.job.input);
      } catch (error) {
        this.#free.push(slot);
        next.reject(asWorkerError(error));
        continue;
      }
      if (this.#busy.size === 0) this.#silence.expect();
      this.#busy.set(slot, next);
      this.#worker?.post(next.job.message(slot));
    }
  }

  #giveUp(ms: number): void {
    const silent = this.#worker;
    this.#died(`no answer for ${ms / 1000} s`);
    silent?.kill();
  }

  #died(reason: string): void {
    this.#silence.rest();
    if (this.#failure !== undefined) return this.#release();
    if (this.restarts >= this.options.restarts) {
      return this.#fail(new WherryError('worker', `${this.name} died: ${reason}`));
    }
    this.restarts += 1;
    const redo = [...this.#busy.values()];
    this.#busy.clear();
    this.#release();
    this.options.onRestart?.(this.name, reason);
    this.#start(redo);
  }

  #fail(error: WherryError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#silence.rest();
    const left = [...this.#busy.values(), ...this.#waiting];
    this.#busy.clear();
    this.#waiting = [];
    clearTimeout(this.#startTimer);
    for (const { reject } of [...left, ...this.#readers.splice(0)]) reject(error);
    this.#release();
    this.#worker?.kill();
  }

  #release(): void {
    this.#ring?.unlink();
    this.#ring?.close();
    this.#ring = undefined;
  }
}

function fill(ring: Ring, slot: number, input: readonly Uint8Array[]): void {
  let at = 0;
  for (const bytes of input) {
    ring.writeIn(slot, at, bytes);
    at += bytes.length;
  }
}

function asWorkerError(error: unknown): WherryError {
  return error instanceof WherryError ? error : new WherryError('worker', String(error), { cause: error });
}
