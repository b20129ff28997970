import { describe, expect, it } from 'vitest';
import type { RunView } from '../shared/contract';
import { defaultSettings } from '../shared/settings';
import type { Report, Snapshot } from '../shared/snapshot';
import { endNote, outsideView } from './outside';

const run: RunView = { guestId: 'g', guestName: 'web-1', source: '/s', destination: '/d', settings: defaultSettings };
const gib = 2 ** 30;

function at(facts: Partial<Snapshot>): Snapshot {
  return { state: 'bulk', elapsedMs: 3000, totalBytes: 4 * gib, ...facts } as Snapshot;
}

function ended(facts: Partial<Report>): RunView {
  return { ...run, report: { status: 'completed', guestRunningOn: 'destination', ...facts } as Report };
}

describe('a run from outside', () => {
  it('shows nothing when there was none', () => {
    expect(outsideView(undefined, undefined)).toEqual({ progress: { kind: 'none' } });
  });

  it.each<[string, Snapshot | undefined, string, object]>([
    ['before anything is known', undefined, 'preparing', { kind: 'unknown' }],
    ['by memory in the first pass', at({ remainingBytes: 3 * gib }), 'bulk 25 %', { share: 0.25, mode: 'normal' }],
    [
      'by time once that is known',
      at({ state: 'iterating', completeInMs: { low: 800, high: 1200 } }),
      'iterating 75 %, ~ 1 s left',
      { share: 0.75 },
    ],
    ['when nobody can say', at({ state: 'iterating', remainingBytes: gib }), 'iterating', { kind: 'unknown' }],
    ['paused', at({ flow: 'paused', remainingBytes: 2 * gib }), 'bulk 50 %, paused', { share: 0.5, mode: 'paused' }],
    ['never done before its end', at({ state: 'switchover' }), 'switchover', { share: 0.99 }],
    ['with more left than there is', at({ remainingBytes: 9 * gib }), 'bulk 0 %', { share: 0 }],
    ['cancelling', at({ state: 'cancelling' }), 'cancelling', { kind: 'unknown' }],
  ])('%s', (_, snapshot, title, progress) => {
    expect(outsideView(run, snapshot)).toMatchObject({ title, progress });
  });

  it('is gone from the taskbar at a good end and red at a bad one', () => {
    expect(outsideView(ended({}), undefined)).toEqual({ title: 'completed', progress: { kind: 'none' } });
    expect(outsideView(ended({ status: 'cancelled' }), undefined).progress).toEqual({ kind: 'none' });
    for (const status of ['failed', 'uncertain'] as const) {
      expect(outsideView(ended({ status }), undefined).progress).toMatchObject({ share: 1, mode: 'error' });
    }
  });
});

describe('the notification at the end', () => {
  it('says where the guest runs, for how long it paused, and why', () => {
    expect(endNote(run)).toBeUndefined();
    expect(endNote(ended({ downtimeMs: 82 }))).toEqual({
      title: 'web-1: completed',
      body: 'The guest runs on the destination. It paused for 82 ms.',
    });
    const error = { code: 'wire-closed', message: 'the link was lost' } as const;
    expect(endNote(ended({ status: 'failed', guestRunningOn: 'source', error }))).toEqual({
      title: 'web-1: failed',
      body: 'The guest runs on the source. The link was lost.',
    });
  });
});
