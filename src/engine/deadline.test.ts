import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TimeoutAction } from '../shared/settings';
import type { SessionState } from '../shared/state';
import { Deadline } from './deadline';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A deadline of a second over a session whose state the test sets. */
function deadline(onTimeout: TimeoutAction, timeoutMs = 1000) {
  const done: string[] = [];
  const session = { state: 'preparing' as SessionState };
  const it = new Deadline(
    { timeoutMs, onTimeout },
    {
      state: () => session.state,
      cancel: () => done.push('cancel'),
      force: () => {
        done.push('force');
        return Promise.resolve();
      },
      say: (text) => done.push(text),
    },
  );
  return { it, done, session, stop: it.start() };
}

describe('a deadline', () => {
  it('cancels once it has passed, and says so in the ending', () => {
    const { it, done } = deadline('cancel');
    vi.advanceTimersByTime(999);
    expect(done).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(done).toEqual(['no switchover within the timeout of 1.0 s: cancelling', 'cancel']);
    expect(it.explain({ end: 'cancelled', place: 'source' })).toMatchObject({
      timedOut: 'cancel',
      error: { code: 'timed-out', message: 'no switchover within the timeout of 1.0 s' },
    });
    it.look();
    expect(done).toHaveLength(2);
  });

  it('does not claim an end that it has not brought about', () => {
    const { it } = deadline('cancel');
    const completed = { end: 'completed', place: 'destination' } as const;
    vi.advanceTimersByTime(1000);
    expect(it.explain(completed)).toBe(completed);
    const cancelled = { end: 'cancelled', place: 'source' } as const;
    expect(deadline('cancel').it.explain(cancelled)).toBe(cancelled);
  });

  it('forces as soon as there is something to force, once', () => {
    const { it, done, session } = deadline('force');
    vi.advanceTimersByTime(5000);
    expect(done).toEqual([]);
    session.state = 'bulk';
    it.look();
    session.state = 'iterating';
    it.look();
    expect(done).toEqual(['no switchover within the timeout of 1.0 s: the switchover is forced', 'force']);
    expect(it.explain({ end: 'completed', place: 'destination' })).toMatchObject({ timedOut: 'force' });
  });

  it.each(['cancel', 'force'] as const)('leaves a switchover that has begun alone (%s), until it falls back', (how) => {
    const { it, done, session } = deadline(how);
    session.state = 'switchover';
    vi.advanceTimersByTime(1000);
    expect(done).toEqual([]);
    session.state = 'iterating';
    it.look();
    expect(done.at(-1)).toBe(how);
  });

  it('of 0 never passes, nor does one of a run that is over', () => {
    const never = deadline('cancel', 0);
    const over = deadline('cancel');
    over.stop();
    vi.advanceTimersByTime(10_000_000);
    over.it.look();
    expect([...never.done, ...over.done]).toEqual([]);
  });
});
