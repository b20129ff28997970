import { describe, expect, it } from 'vitest';
import { Pulse } from './pulse';

describe('the pulse of a link', () => {
  it('is gone after more than so many beats without a word', () => {
    const pulse = new Pulse(3);
    expect([1, 2, 3, 4].map(() => pulse.beat(false))).toEqual([false, false, false, true]);
  });

  it('is there as long as something is heard', () => {
    const pulse = new Pulse(1);
    for (let i = 0; i < 10; i++) {
      expect(pulse.beat(false)).toBe(false);
      pulse.heard();
    }
  });

  it('is gone when the peer speaks and takes nothing of what is on its way', () => {
    const pulse = new Pulse(2);
    const beats = [1, 2, 3].map(() => {
      pulse.heard();
      return pulse.beat(true);
    });
    expect(beats).toEqual([false, false, true]);
  });

  it('is there while the peer takes a little, and while there is nothing to take', () => {
    const pulse = new Pulse(2);
    for (let i = 0; i < 20; i++) {
      pulse.heard();
      if (i % 2 === 0) pulse.took();
      expect(pulse.beat(i % 8 < 6)).toBe(false);
    }
  });
});
