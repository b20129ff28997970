import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { WherryError } from '../shared/failure';
import type { SpawnWorker, WorkerHandle } from '../shared/worker';
import type { RingShape } from './job';
import { Ring } from './ring';
import { RingWorker, type RingJob, type RingWorkerOptions, type WorkerReply } from './ring-worker';

const shape: RingShape = { slots: 3, inBytes: 16, outBytes: 16 };

interface Open {
  readonly type: 'open';
  readonly ring: RingShape & { readonly path: string };
}
interface Work {
  readonly type: 'work';
  readonly slot: number;
}

/** A worker in this process: it answers when the test says so, with the slot's input backwards. */
class FakeWorker implements WorkerHandle {
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

const made: FakeWorker[] = [];
const running: RingWorker<string>[] = [];

afterEach(() => {
  for (const worker of running.splice(0)) worker.close();
  for (const { path, killed } of made.splice(0))
    expect({ left: existsSync(path), killed }).toEqual({ left: false, killed: true });
});

function parse(message: unknown): WorkerReply<string> {
  if (typeof message !== 'object') throw new Error('no message');
  return message as WorkerReply<string>;
}

function start(options: Partial<RingWorkerOptions<string>> = {}): RingWorker<string> {
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
function latest(): FakeWorker {
  const fake = made.at(-1);
  if (fake === undefined) throw new Error('expected a worker to have been started');
  return fake;
}

function job(text: string): RingJob {
  const bytes = Buffer.from(text);
  return { input: [bytes.subarray(0, 1), bytes.subarray(1)], message: (slot) => ({ type: 'work', slot }) };
}

/** Runs a job and notes its end. */
function note(worker: RingWorker<string>, text: string, ends: string[]): Promise<unknown> {
  return worker.run(job(text)).then(
    ({ output }) => ends.push(output.toString()),
    (error: WherryError) => ends.push(`${error.code}: ${error.message}`),
  );
}

describe('RingWorker', () => {
  it('runs jobs in their order, no more at once than there are slots', async () => {
    const worker = start();
    const ends: string[] = [];
    const texts = Array.from({ length: 20 }, (_, i) => String(1000 + i));
    const all = texts.map((text) => note(worker, text, ends));
    expect(latest().jobs).toEqual([]);
    latest().ready();
    for (let i = 0; i < texts.length; i++) latest().work();
    await Promise.all(all);
    expect(ends).toEqual(texts.map((text) => [...text].reverse().join('')));
    expect(latest().most).toBe(shape.slots);
  });

  it('takes the name of its ring away once the worker has it open', () => {
    start();
    expect(existsSync(latest().path)).toBe(true);
    latest().ready();
    expect(existsSync(latest().path)).toBe(false);
  });

  it('gives a job its own failure and goes on', async () => {
    const worker = start();
    latest().ready();
    const bad = worker.run(job('bad!'));
    const { slot } = latest().jobs.shift() as Work;
    latest().says({ type: 'failed', slot, error: new WherryError('codec', 'no part') });
    await expect(bad).rejects.toMatchObject({ code: 'codec', message: 'no part' });
    const good = worker.run(job('good'));
    latest().work();
    expect((await good).reply).toBe('doog');
  });

  it('refuses a job that does not fit a slot, also from the queue, and loses no slot by it', async () => {
    const worker = start();
    const early = expect(worker.run(job('far too long for sixteen'))).rejects.toMatchObject({ code: 'worker' });
    latest().ready();
    await early;
    const ends: string[] = [];
    const all = ['aaaa', 'bbbb', 'cccc'].map((text) => note(worker, text, ends));
    expect(latest().jobs).toHaveLength(shape.slots);
    while (latest().jobs.length > 0) latest().work();
    await Promise.all(all);
    expect(ends).toEqual(['aaaa', 'bbbb', 'cccc']);
  });

  it('rejects the job of an answer that no slot can hold', async () => {
    const worker = start();
    latest().ready();
    const asked = worker.run(job('abcd'));
    latest().says({ type: 'done', slot: 0, reply: 'x', outputBytes: shape.outBytes + 1 });
    await expect(asked).rejects.toMatchObject({ code: 'worker' });
  });

  it('ignores answers to what nobody asked', () => {
    start();
    latest().ready();
    for (const slot of [0, 99]) latest().says({ type: 'done', slot, reply: 'x' });
  });
});

describe('a worker that dies', () => {
  it('is replaced, and its unanswered jobs are done again before those that waited', async () => {
    const restarts: string[] = [];
    const worker = start({ onRestart: (name, reason) => restarts.push(`${name} ${reason}`) });
    const ends: string[] = [];
    const texts = Array.from({ length: 8 }, (_, i) => `job${i}`);
    const all = texts.map((text) => note(worker, text, ends));
    latest().ready();
    latest().work();
    latest().die('SIGKILL');
    expect(made).toHaveLength(2);
    expect(latest().jobs).toEqual([]);
    latest().ready();
    latest().work();
    latest().die('SIGSEGV');
    latest().ready();
    for (let i = 2; i < texts.length; i++) latest().work();
    await Promise.all(all);
    expect(ends).toEqual(texts.map((text) => [...text].reverse().join('')));
    expect(restarts).toEqual(['compress-0 SIGKILL', 'compress-0 SIGSEGV']);
    expect(worker.restarts).toBe(2);
  });

  it('has nothing to say any more', async () => {
    const worker = start();
    latest().ready();
    const asked = worker.run(job('abcd'));
    const [old] = made;
    old?.die('SIGKILL');
    latest().ready();
    old?.says({ type: 'done', slot: 0, reply: 'from the grave', outputBytes: 4 });
    latest().work();
    expect((await asked).reply).toBe('dcba');
  });

  it('again and again is given up, and every job with it', async () => {
    const worker = start();
    const ends: string[] = [];
    const all = ['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee'].map((text) => note(worker, text, ends));
    for (let i = 0; i < 3; i++) latest().die('cannot live');
    await Promise.all(all);
    expect(ends).toEqual(all.map(() => 'worker: compress-0 died: cannot live'));
    await expect(worker.run(job('late'))).rejects.toMatchObject({ code: 'worker' });
    expect(made).toHaveLength(3);
  });

  it('is not replaced where its state cannot be lost', async () => {
    const worker = start({ restarts: 0 });
    latest().ready();
    const asked = worker.run(job('abcd'));
    latest().die('SIGKILL');
    await expect(asked).rejects.toMatchObject({ code: 'worker', message: 'compress-0 died: SIGKILL' });
    expect(made).toHaveLength(1);
  });
});

describe('a worker that cannot be trusted or had', () => {
  it('is given up and ended for a message no worker sends', async () => {
    const worker = start();
    latest().ready();
    const asked = worker.run(job('abcd'));
    latest().says('nonsense');
    await expect(asked).rejects.toMatchObject({
      code: 'worker',
      message: expect.stringContaining('no worker says') as string,
    });
    expect(latest().killed).toBe(true);
    expect(made).toHaveLength(1);
  });

  it('is given up when it cannot open its ring', async () => {
    const worker = start();
    const asked = worker.run(job('abcd'));
    latest().says({ type: 'failed', error: new WherryError('worker', 'no ring') });
    await expect(asked).rejects.toMatchObject({ code: 'worker', message: 'no ring' });
  });

  it('rejects its jobs when it cannot be started, now or again', async () => {
    const none: SpawnWorker = () => {
      throw new Error('no more processes');
    };
    await expect(start({ spawn: none }).run(job('abcd'))).rejects.toMatchObject({ code: 'worker' });
    let spawned = 0;
    const once: SpawnWorker = () => {
      if (++spawned > 1) throw new Error('no more processes');
      made.push(new FakeWorker());
      return latest();
    };
    const worker = start({ spawn: once });
    latest().ready();
    const asked = worker.run(job('abcd'));
    latest().die('SIGKILL');
    await expect(asked).rejects.toThrow('no more processes');
  });
});

describe('close', () => {
  it('ends the process and rejects what was not answered, at work or waiting', async () => {
    const worker = start();
    latest().ready();
    const ends: string[] = [];
    const all = ['aaaa', 'bbbb', 'cccc', 'dddd'].map((text) => note(worker, text, ends));
    worker.close();
    worker.close();
    await Promise.all(all);
    expect(ends).toEqual(all.map(() => 'worker: compress-0 was closed'));
    await expect(worker.run(job('late'))).rejects.toMatchObject({ message: 'compress-0 was closed' });
    expect(made).toHaveLength(1);
  });

  it('before the worker was ready leaves no ring behind', () => {
    const worker = start();
    expect(existsSync(latest().path)).toBe(true);
    worker.close();
    expect(existsSync(latest().path)).toBe(false);
  });
});
