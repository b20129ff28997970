import { describe, expect, it } from 'vitest';
import { throttle } from './throttle';
import type { Timing } from './throttle';

function setup(urgent?: (value: number) => boolean) {
  const seen: number[] = [];
  const clock = { time: 0, due: [] as { at: number; run: () => void }[] };
  const timing: Timing = {
    now: () => clock.time,
    after: (delayMs, run) => {
      const entry = { at: clock.time + delayMs, run };
      clock.due.push(entry);
      return () => void (clock.due = clock.due.filter((other) => other !== entry));
    },
  };
  const advance = (ms: number): void => {
    clock.time += ms;
    for (const entry of clock.due.filter(({ at }) => at <= clock.time)) entry.run();
  };
  return { seen, advance, gate: throttle<number>(100, (value) => void seen.push(value), urgent, timing) };
}

describe('throttle', () => {
  it('passes the first value at once and then the newest, once an interval', () => {
    const { seen, advance, gate } = setup();
    gate.offer(1);
    gate.offer(2);
    gate.offer(3);
    expect(seen).toEqual([1]);
    advance(100);
    expect(seen).toEqual([1, 3]);
    advance(1000);
    expect(seen).toEqual([1, 3]);
  });

  it('lets an urgent value through at once, and nothing stale after it', () => {
    const { seen, advance, gate } = setup((value) => value === 9);
    gate.offer(1);
    gate.offer(2);
    gate.offer(9);
    advance(1000);
    expect(seen).toEqual([1, 9]);
  });

  it('delivers what is waiting when flushed', () => {
    const { seen, gate } = setup();
    gate.offer(1);
    gate.offer(2);
    gate.flush();
    gate.flush();
    expect(seen).toEqual([1, 2]);
  });
});
