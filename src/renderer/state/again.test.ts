import { describe, expect, it } from 'vitest';
import type { KnownGuest } from '../../shared/contract';
import { defaultSettings } from '../../shared/settings';
import { againOf, asAdvised } from './again';

const run = { source: '/run/a.qmp', destination: '/run/b.qmp' };
const sample: KnownGuest = {
  id: 'guest-1',
  name: 'Sample 1',
  origin: 'builtin',
  address: '/run/b.qmp',
  memoryBytes: 2 ** 26,
  workload: 'erp',
};
const own: KnownGuest = { id: 'guest-2', name: 'web', origin: 'found', address: '/run/a.qmp' };
const receiver = 'wherry://far:4711?fingerprint=aa&token=…';

describe('a run is done again', () => {
  it('with the change that would have helped, where it did not get there', () => {
    const advice = { words: 'so', effect: 'so', change: { method: 'none', maxBandwidth: 5e6 } } as const;
    const verdict = { kind: 'not converging', reason: 'link', words: 'so', advice } as const;
    expect(asAdvised(defaultSettings, verdict)).toEqual({ ...defaultSettings, method: 'none', maxBandwidth: 5e6 });
    expect(asAdvised(defaultSettings, { kind: 'converging' })).toEqual(defaultSettings);
    expect(asAdvised(defaultSettings, undefined)).toEqual(defaultSettings);
  });

  it.each(['destination', 'none', 'unknown'] as const)('with another sample, where it left one on the %s', (place) => {
    expect(againOf({ ...sample, destination: '/run/b.qmp' }, { ...run, guestRunningOn: place })).toEqual({
      sample: { kind: 'builtin', memoryBytes: 2 ** 26, workload: 'erp' },
    });
  });

  it('with the same sample, where it stayed and its destination still waits', () => {
    const ended = { ...run, guestRunningOn: 'source' } as const;
    expect(againOf({ ...sample, destination: '/run/b.qmp' }, ended)).toEqual({ guestId: 'guest-1' });
    expect(againOf(sample, ended)).toHaveProperty('sample');
    expect(againOf(sample, { ...ended, destination: receiver })).toEqual({ guestId: 'guest-1' });
  });

  it('with a pair of QEMUs for a pair of QEMUs', () => {
    const { workload: _, ...pair } = { ...sample, origin: 'qemu' } as const;
    expect(againOf(pair, { ...run, guestRunningOn: 'destination' })).toEqual({
      sample: { kind: 'qemu', memoryBytes: 2 ** 26, workload: 'idle' },
    });
  });

  it('between the same addresses, where the QEMUs are somebody else’s', () => {
    const stayed = againOf(own, { ...run, guestRunningOn: 'source' });
    expect(stayed).toEqual({ guestId: 'guest-2', destination: '/run/b.qmp' });
    const moved = againOf({ ...own, address: '/run/b.qmp' }, { ...run, guestRunningOn: 'destination' });
    expect(moved).toEqual({ guestId: 'guest-2', destination: '/run/a.qmp' });
  });

  it('to the receiver whose text was typed, which no run keeps', () => {
    expect(againOf(own, { ...run, destination: receiver, guestRunningOn: 'source' })).toEqual({ guestId: 'guest-2' });
  });
});
