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

  it('stops with what it was started for, also when that fails', async () => {
    const { watch, at } = timed();
    let fail = (_: Error): void => undefined;
    const promise = new Promise<never>((_, reject) => (fail = reject));
    const timedOut = watch.during(promise);
    at(30);
    expect(watch.ms).toBe(30);
    fail(new Error('no'));
    await expect(timedOut).rejects.toThrow('no');
    at(60);
    expect(watch.ms).toBe(30);
    expect(await watch.during(Promise.resolve(7))).toBe(7);
  });
});
