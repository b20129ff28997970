import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Budget } from './budget';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Reads in pieces of `chunk` whenever it may, as much as there is. */
function reader(budget: Budget, chunk: number, most = Infinity): { read: number; held: boolean; close: () => void } {
  const state = { read: 0, held: false, close: () => lease.close() };
  const go = (): void => {
    while (!lease.held && state.read < most) {
      state.read += chunk;
      lease.took(chunk);
    }
    state.held = lease.held;
  };
  const lease = budget.lease(() => void (lease.held ? (state.held = true) : go()));
  go();
  return state;
}

/** Its clock begins at 0, as a process's does: times since the epoch have no room for fractions of this size. */
function budgetOf(rate: number): Budget {
  const from = Date.now();
  return new Budget(rate, () => Date.now() - from);
}

describe('a shared budget', () => {
  it.each([
    [1_000_000, [16_384]],
    [1_000_000, [65_536, 1400]],
    [100_000_000, [65_536, 16_384, 1400]],
    [20_000, [1400, 65_536]],
  ])('of %d B/s is kept in sum, and shared evenly by readers of %j', (rate, chunks) => {
    const budget = budgetOf(rate);
    const readers = chunks.map((chunk) => reader(budget, chunk));
    const seconds = 60;
    vi.advanceTimersByTime(seconds * 1000);
    const turn = 2 * Math.max(65_536, rate / 100);
    const sum = readers.reduce((total, { read }) => total + read, 0);
    expect(sum).toBeGreaterThan(rate * seconds * 0.9 - turn);
    expect(sum).toBeLessThanOrEqual(rate * seconds + chunks.length * turn);
    for (const { read } of readers) {
      expect(Math.abs(read - sum / chunks.length)).toBeLessThan((sum / chunks.length) * 0.2 + turn);
    }
    for (const { close } of readers) close();
  });

  it('goes to those who use it', () => {
    const budget = budgetOf(1_000_000);
    const busy = reader(budget, 16_384);
    const done = reader(budget, 16_384, 100_000);
    vi.advanceTimersByTime(10_000);
    expect(done.read).toBeLessThan(120_000);
    expect(busy.read).toBeGreaterThan(9_000_000);
    busy.close();
    done.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
