import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WherryError } from '../shared/failure';
import { Outcome } from './outcome';

const broke = new WherryError('wire-closed', 'the link was closed');

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('Outcome', () => {
  it('keeps the first verdict and the first break, each on its own', () => {
    const outcome = new Outcome();
    expect([outcome.verdict, outcome.broken]).toEqual([undefined, undefined]);
    outcome.fail(broke);
    outcome.fail(new WherryError('worker', 'a consequence'));
    outcome.settle({ kind: 'handed-over' });
    outcome.settle({ kind: 'cancelled' });
    expect(outcome.broken).toBe(broke);
    expect(outcome.verdict).toEqual({ kind: 'handed-over' });
  });

  it('tells of the first of either, also to whoever asks later', async () => {
    for (const happen of [(o: Outcome) => o.fail(broke), (o: Outcome) => o.settle({ kind: 'source-failed' })]) {
      const outcome = new Outcome();
      const first = outcome.first();
      happen(outcome);
      await first;
      await outcome.first();
    }
  });

  it('waits for the verdict beyond a break, but not for ever', async () => {
    const outcome = new Outcome();
    let done = 0;
    const waits = [outcome.settled(1000), outcome.settled(5000)].map((wait) => wait.then(() => (done += 1)));
    outcome.fail(broke);
    await vi.advanceTimersByTimeAsync(999);
    expect(done).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(done).toBe(1);
    outcome.settle({ kind: 'source-failed' });
    await Promise.all(waits);
    await outcome.settled(1000);
  });
});
