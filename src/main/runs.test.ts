import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunRecord } from '../shared/run-record';
import { defaultSettings } from '../shared/settings';
import type { WorkerHandle } from '../shared/worker';
import { Guests } from './guests';
import { createRuns, type Runs } from './runs';

let folder: string;

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'wherry-runs-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function spawn(): WorkerHandle {
  throw new Error('a run that finds nobody starts no worker');
}

/** A console with one guest at an address where nobody is any more; a run of it fails at once. */
async function setup(
  publish: (name: string) => void,
  add: (run: RunRecord) => Promise<void> = () => Promise.resolve(),
): Promise<{ runs: Runs; guests: Guests; order: () => void }> {
  const sources = {
    probe: () => Promise.resolve({ status: 'running' }),
    startSample: () => Promise.reject(new Error('none')),
    find: () => Promise.resolve([]),
  };
  const guests = new Guests(sources, () => undefined);
  const { id: guestId } = await guests.add(join(folder, 'nobody.qmp'));
  const runs = createRuns(guests, spawn, { add }, publish);
  const order = (): void =>
    runs.start({ guestId, destination: join(folder, 'nor-there.qmp'), settings: defaultSettings });
  return { runs, guests, order };
}

describe('createRuns', () => {
  it('takes no destination that cannot be one, and leaves the guest alone', async () => {
    const { runs, guests } = await setup(() => undefined);
    const [{ id: guestId, address } = { id: '', address: '' }] = guests.list();
    const start = (destination: string) => () => runs.start({ guestId, destination, settings: defaultSettings });
    expect(start('foo')).toThrow('expected a QMP address');
    expect(start(`unix:${address}`)).toThrow("got the guest's own");
    expect([runs.active(), runs.current()]).toEqual([false, undefined]);
  });

  it('is free for the next run after one that has failed', async () => {
    const { runs, order } = await setup(() => undefined);
    for (let i = 0; i < 2; i++) {
      order();
      expect(runs.active()).toBe(true);
      expect(order).toThrow('one migration at a time');
      await runs.wind();
      expect(runs.active()).toBe(false);
      expect(runs.current()?.report).toMatchObject({ status: expect.stringMatching(/failed|cancelled/) as string });
    }
  });

  it('keeps each run in the history, and says so where it cannot', async () => {
    const kept: RunRecord[] = [];
    const { runs, order } = await setup(
      () => undefined,
      async (run) => {
        if (kept.push(run) === 2) throw new Error('the disk is full');
        return Promise.resolve();
      },
    );
    order();
    await runs.wind();
    expect(runs.current()).not.toHaveProperty('notKept');
    order();
    await runs.wind();
    expect(runs.current()?.notKept?.message).toContain('the disk is full');
    expect(kept.map(({ settings }) => settings)).toEqual([defaultSettings, defaultSettings]);
  });

  it('is free for the next run although nobody could be told of this one', async () => {
    let broken = false;
    const { runs, guests, order } = await setup(() => {
      if (broken) throw new Error('the window is gone');
    });
    order();
    broken = true;
    await runs.wind();
    expect(runs.active()).toBe(false);
    expect(runs.current()?.report).toBeDefined();
    await guests.refresh(); // asked again, so it is nobody's any more
    broken = false;
    expect(order).not.toThrow();
    await runs.wind();
  });
});
