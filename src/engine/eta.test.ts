import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roundLeft, roundLeftBand, timeToSwitchover, type EtaInputs } from './eta';

const mb = 1e6;
const inputs: EtaInputs = {
  remainingBytes: 40 * mb,
  drainRate: 20 * mb,
  roundBytes: 80 * mb,
  shrink: 0.5,
  fitBytes: 5 * mb,
};

describe('the time to the switchover', () => {
  it('is that of this round and of those that follow, each shorter by its factor', () => {
    // 2 s of this round, then 40 + 20 + 10 MB at 20 MB/s before 5 MB fit: 5.5 s, give or take.
    const { low, high } = timeToSwitchover(inputs) ?? { low: NaN, high: NaN };
    expect(low).toBeGreaterThan(2500);
    expect(low).toBeLessThan(5500);
    expect(high).toBeGreaterThan(5500);
    expect(high).toBeLessThan(12_000);
  });

  it('is within this round once that fits', () => {
    expect(timeToSwitchover({ ...inputs, roundBytes: 4 * mb, remainingBytes: 2 * mb })).toEqual({ low: 0, high: 100 });
  });

  it('is within this round or the next where that nearly fits, whether rounds get shorter or not', () => {
    const near = { ...inputs, roundBytes: 6 * mb, remainingBytes: 2 * mb, shrink: undefined };
    expect(timeToSwitchover(near)).toEqual({ low: 0, high: 400 });
    expect(timeToSwitchover({ ...near, shrink: 1 })).toEqual({ low: 0, high: 400 });
  });

  it('is absent where rounds do not get shorter, in the first one, and where nothing moves', () => {
    for (const unknown of [{ shrink: 0.99 }, { shrink: undefined }, { roundBytes: undefined }, { drainRate: 0 }]) {
      expect(timeToSwitchover({ ...inputs, ...unknown })).toBeUndefined();
    }
    expect(roundLeft({ ...inputs, roundBytes: undefined })).toBe(2000);
    expect(roundLeft({ ...inputs, drainRate: 0 })).toBeUndefined();
    expect(roundLeft({ ...inputs, remainingBytes: 2 ** 45, drainRate: 1 })).toBeUndefined();
  });

  it('is a band of whole milliseconds, and never earlier for more that remains', () => {
    const amount = fc.integer({ min: 0, max: 2 ** 42 });
    const any = fc.record({
      remainingBytes: amount,
      drainRate: fc.integer({ min: 1, max: 2 ** 34 }),
      roundBytes: amount,
      shrink: fc.double({ min: 0, max: 2, noNaN: true }),
      fitBytes: amount,
    });
    fc.assert(
      fc.property(any, (given) => {
        const band = timeToSwitchover(given);
        if (band === undefined) return;
        expect(Number.isInteger(band.low) && Number.isInteger(band.high)).toBe(true);
        expect(band.low).toBeGreaterThanOrEqual(0);
        expect(band.high).toBeGreaterThanOrEqual(band.low);
        const more = timeToSwitchover({ ...given, remainingBytes: given.remainingBytes * 2 });
        if (more !== undefined) expect(more.high).toBeGreaterThanOrEqual(band.high);
      }),
    );
  });
});

describe('what is left of a round', () => {
  it('is between the pace of late and that of the whole round, and a tenth beyond', () => {
    expect(roundLeftBand(inputs)).toEqual({ low: 1800, high: 2200 });
    expect(roundLeftBand({ ...inputs, roundDrainRate: 10 * mb })).toEqual({ low: 1800, high: 4400 });
    expect(roundLeftBand({ ...inputs, roundDrainRate: 40 * mb })).toEqual({ low: 900, high: 2200 });
  });

  it('is absent where nothing moves, and where it says nothing', () => {
    for (const unknown of [{ remainingBytes: undefined }, { drainRate: 0 }, { roundDrainRate: 0 }]) {
      expect(roundLeftBand({ ...inputs, ...unknown })).toBeUndefined();
    }
    expect(roundLeftBand({ ...inputs, remainingBytes: 2 ** 45, roundDrainRate: 1 })).toBeUndefined();
  });
});
