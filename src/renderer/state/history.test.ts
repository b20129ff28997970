import { describe, expect, it } from 'vitest';
import type { RunSummary } from '../../shared/run-record';
import { sorted } from './history.svelte';

const run = (id: string, downtimeMs?: number): RunSummary =>
  ({ id, guest: id, startedAt: id, report: { downtimeMs, wireBytes: 0, rawBytes: 5 } }) as unknown as RunSummary;

describe('sorted', () => {
  const runs = [run('b', 2), run('a'), run('c', 10)];

  it('goes by value, either way round, and puts what is not known last', () => {
    expect(sorted(runs, 'downtimeMs', false).map(({ id }) => id)).toEqual(['b', 'c', 'a']);
    expect(sorted(runs, 'downtimeMs', true).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    expect(sorted(runs, 'guest', false).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(sorted(runs, 'ratio', true).map(({ id }) => id)).toEqual(['b', 'a', 'c']);
  });
});
