import { describe, expect, it } from 'vitest';
import { Stopwatch } from './stopwatch';

function timed(): { watch: Stopwatch; at: (ms: number) => void } {
  let now = 0;
  return { watch: new Stopwatch(() => now), at: (ms) => void (now = ms) };
}

describe('a stopwatch', () => {
  it('adds up stretches, the one under way too, and is told the same twice without harm', () => {
    const { watch, at } = timed();
    expect(watch.ms).toBe(0);
    watch.run(true);
    at(5);
    watch.run(true);
    at(8);
    expect(watch.ms).toBe(8);
    watch.run(false);
    at(20);
    watch.run(false);
    expect(watch.ms).toBe(8);
    watch.run(true);
    at(21);
    expect(watch.ms).toBe(9);
  });
});
