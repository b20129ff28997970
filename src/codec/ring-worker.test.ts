import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { WherryError } from '../shared/failure';
import { endAll, job, latest, made, note, shape, start, type Work } from './ring-worker.testing';

afterEach(endAll);

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
