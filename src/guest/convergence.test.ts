import { describe, expect, it } from 'vitest';
import { AutoConverge, BandwidthMeter, converged } from './convergence';

describe('converged', () => {
  it.each([
    ['nothing-dirty', 0, undefined],
    ['nothing-dirty', 0, 1000],
    ['iterate', 1, undefined], // nobody knows the link yet
    ['iterate', 4096, 0], // it stands still
    ['downtime-met', 299_999, 1000],
    ['iterate', 300_000, 1000], // the limit itself is not under it
  ] as const)('says %s with %i bytes left at %s bytes/ms', (verdict, pending, bandwidth) => {
    expect(converged(pending, bandwidth, 300)).toBe(verdict);
  });
});

describe('BandwidthMeter', () => {
  it('answers once its window has lasted, and then begins a new one', () => {
    const meter = new BandwidthMeter(1000, 50);
    expect(meter.sample(1099, 9050)).toBeUndefined();
    expect(meter.sample(1150, 15_050)).toEqual({ bytesPerMs: 100, bytes: 15_000 });
    expect(meter.sample(1249, 99_999)).toBeUndefined();
    expect(meter.sample(1250, 15_050)).toEqual({ bytesPerMs: 0, bytes: 0 });
  });
});

describe('AutoConverge', () => {
  const settings = { triggerThreshold: 50, initial: 5, increment: 50, max: 95, tailslow: false };

  it('slows the guest at every second period that dirties too much, up to the limit', () => {
    const auto = new AutoConverge();
    const throttles = Array.from({ length: 8 }, () => auto.period(100, 100, settings));
    expect(throttles).toEqual([0, 5, 5, 55, 55, 95, 95, 95]);
  });

  it('counts such periods also when quiet ones lie between', () => {
    const auto = new AutoConverge();
    expect(auto.period(51, 100, settings)).toBe(0);
    expect(auto.period(50, 100, settings)).toBe(0);
    expect(auto.period(51, 100, settings)).toBe(5);
  });

  it('with tailslow goes no further than the dirty rate asks for', () => {
    const auto = new AutoConverge();
    const slow = { ...settings, tailslow: true, initial: 20 };
    auto.period(100, 100, slow);
    auto.period(100, 100, slow);
    auto.period(100, 160, slow);
    expect(auto.period(100, 160, slow)).toBeCloseTo(20 + 80 * 0.2);
  });
});
