import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WherryError } from '../shared/failure';
import type { SpawnWorker } from '../shared/worker';
import { FakeWorker, endAll, job, latest, made, note, start } from './ring-worker.testing';

afterEach(endAll);

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

describe('a worker that is stopped and not dead', () => {
  const stallTimes = { sayMs: 100, giveUpMs: 300 };

  beforeEach(() => vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** One more for what is done after everything that has arrived by then. */
  const pass = (ms: number): void => void vi.advanceTimersByTime(ms + 1);

  it('is talked of, then replaced, its jobs done by the next one', async () => {
    const said: string[] = [];
    const worker = start({
      stallTimes,
      onStalled: (name, ms) => said.push(`${name} silent for ${ms}`),
      onRestart: (name, reason) => said.push(`${name} again: ${reason}`),
    });
    latest().ready();
    const ends: string[] = [];
    const all = ['aaaa', 'bbbb', 'cccc', 'dddd'].map((text) => note(worker, text, ends));
    latest().work();
    pass(98);
    latest().work(); // it is slow, and each answer gives it the whole time again
    pass(98);
    expect(said).toEqual([]);
    pass(1);
    expect(said).toEqual(['compress-0 silent for 100']);
    pass(200);
    expect(said).toEqual(['compress-0 silent for 100', 'compress-0 again: no answer for 0.3 s']);
    expect(made.map(({ killed }) => killed)).toEqual([true, false]);
    latest().ready();
    for (let i = 0; i < 2; i++) latest().work();
    await Promise.all(all);
    expect(ends).toEqual(['aaaa', 'bbbb', 'cccc', 'dddd']);
  });

  it('that goes on in time is left alone', async () => {
    const said: string[] = [];
    const worker = start({ stallTimes, onStalled: (name) => said.push(name) });
    latest().ready();
    const asked = worker.run(job('abcd'));
    pass(298);
    latest().work();
    expect((await asked).reply).toBe('dcba');
    pass(10_000); // nothing is awaited from it now
    expect({ said, made: made.length }).toEqual({ said: ['compress-0'], made: 1 });
  });

  it('ends the run where its state cannot be lost', async () => {
    const worker = start({ restarts: 0, stallTimes });
    latest().ready();
    const asked = worker.run(job('abcd'));
    pass(301);
    await expect(asked).rejects.toMatchObject({ code: 'worker', message: 'compress-0 died: no answer for 0.3 s' });
    expect(latest().killed).toBe(true);
  });
});
