import { describe, expect, it } from 'vitest';
import { Bars } from './bars';

describe('bars', () => {
  it('keep a rung that was left out for a second, unless it promises much more', () => {
    const bars = new Bars();
    expect(bars.isOpen(1, 0, 0)).toBe(true);
    bars.leave(1, 0.1, 100);
    expect(bars.isOpen(1, 0.35, 1099)).toBe(false);
    expect(bars.isOpen(1, 0.36, 1099)).toBe(true);
    expect(bars.isOpen(2, 0, 100)).toBe(true);
    expect(bars.isOpen(1, 0, 1100)).toBe(true);
  });

  it('stand twice as long each time, up to half a minute, and are forgotten after four times their own', () => {
    const bars = new Bars();
    let now = 0;
    for (const ms of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      bars.leave(3, 0, now);
      expect(bars.isOpen(3, 0, now + ms - 1)).toBe(false);
      now += ms;
      expect(bars.isOpen(3, 0, now)).toBe(true);
    }
    now += 4 * 30_000;
    bars.leave(3, 0, now);
    expect(bars.isOpen(3, 0, now + 1000)).toBe(true);
  });

  it('may be set for any time, and are all lifted at once', () => {
    const bars = new Bars();
    bars.bar(2, 3000, 0);
    expect(bars.isOpen(2, 0.01, 2999)).toBe(false);
    bars.clear();
    expect(bars.isOpen(2, 0.01, 0)).toBe(true);
  });
});
