import { describe, expect, it } from 'vitest';
import { faults, faultStates, guestKinds, planRuns } from './plan';

const every = faults.length * faultStates.length * guestKinds.length;

describe('planRuns', () => {
  it('makes the same runs from the same seed, however many follow', () => {
    expect(planRuns(7, 30)).toEqual(planRuns(7, 200).slice(0, 30));
    expect(planRuns(7, 30)).not.toEqual(planRuns(8, 30));
  });

  it('has every fault in every state on every guest before any again', () => {
    const kind = ({ guest, fault, state }: (typeof runs)[number]): string => `${guest} ${fault} ${state}`;
    const runs = planRuns(1, 2 * every);
    expect(new Set(runs.slice(0, every).map(kind)).size).toBe(every);
    expect(new Set(runs.slice(every).map(kind)).size).toBe(every);
    expect(runs.map(({ number }) => number)).toEqual(runs.map((_, i) => i + 1));
  });
});
