import { describe, expect, it } from 'vitest';
import { cancelCost } from './cancel-cost';
import type { Snapshot } from './snapshot';

const running = {
  state: 'iterating',
  elapsedMs: 13_200,
  rounds: 3,
  wireBytes: 49_700_000,
  rawBytes: 192_000_000,
  remainingBytes: 17.5 * 2 ** 20,
  totalBytes: 256 * 2 ** 20,
  guestRunningOn: 'source',
  switchoverInMs: { low: 4000, high: 10_000 },
  expectedDowntimeMs: { low: 45, high: 300 },
} as Snapshot;

const lost = 'What has been moved in 13.2 s is thrown away: 49.7 MB on the wire for 192 MB of the guest’s stream.';
const stays = 'The guest keeps running on the source; the destination has to be started afresh.';

describe('cancelCost', () => {
  it('has nothing to throw away before anything was sent', () => {
    const nothing = {
      possible: true,
      sentences: ['Nothing has been sent yet.', 'The guest keeps running on the source.'],
    };
    expect(cancelCost(undefined)).toEqual(nothing);
    expect(cancelCost({ ...running, state: 'preparing' })).toEqual(nothing);
  });

  it.each<[string, Partial<Snapshot>, string]>([
    ['in the first pass', { state: 'bulk' }, 'It is in its first pass, with 17.5 MiB left to send of 256 MiB.'],
    ['converging', {}, 'It is in round 3, with 17.5 MiB left to send: the switchover is expected in 4–10 s.'],
    [
      'not converging',
      { verdict: { kind: 'not converging', reason: 'link', words: 'so' } },
      'No switchover was in sight in round 3, with 17.5 MiB left to send.',
    ],
  ])('says what is lost, where the guest is and how near it was, %s', (_name, change, near) => {
    expect(cancelCost({ ...running, ...change })).toEqual({ possible: true, sentences: [lost, stays, near] });
  });

  it('leaves out what is not known', () => {
    const {
      remainingBytes: _remaining,
      totalBytes: _total,
      switchoverInMs: _switchover,
      ...unknown
    } = running as Required<Snapshot>;
    expect(cancelCost({ ...unknown, state: 'bulk' }).sentences.at(-1)).toBe('It is in its first pass.');
    expect(cancelCost(unknown).sentences.at(-1)).toBe('It is in round 3.');
  });

  it('knows a guest that was paused before', () => {
    expect(cancelCost({ ...running, guestRunningOn: 'none' }).sentences[1]).toBe(
      'The guest stays paused on the source; the destination has to be started afresh.',
    );
  });

  it('promises nothing during the switchover', () => {
    expect(cancelCost({ ...running, state: 'switchover', guestRunningOn: 'none' })).toEqual({
      possible: true,
      sentences: [
        lost,
        'The guest stands still for the switchover, for 45–300 ms in all. If the source hears of the cancel in time, ' +
          'the guest goes on there; else it runs on the destination.',
      ],
    });
  });

  it.each([
    ['confirming', /^Too late to cancel: the source has handed the guest over/],
    ['cancelling', /^It is being cancelled already/],
    ['completed', /^The migration is over/],
    ['failed', /^The migration is over/],
  ] as const)('has no point when %s, and says so', (state, why) => {
    const { possible, sentences } = cancelCost({ ...running, state });
    expect(possible).toBe(false);
    expect(sentences).toEqual([expect.stringMatching(why)]);
  });
});
