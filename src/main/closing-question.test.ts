import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../shared/snapshot';
import { closingQuestion } from './closing-question';

const snapshot = {
  state: 'bulk',
  elapsedMs: 4000,
  rounds: 1,
  wireBytes: 3_000_000,
  rawBytes: 9_000_000,
  guestRunningOn: 'source',
} as Snapshot;

describe('the question at closing', () => {
  it('says what is thrown away and what happens to the guest', () => {
    expect(closingQuestion({ leaving: { name: 'erp', snapshot, sample: false }, arriving: false })).toEqual({
      title: 'A migration is running',
      message: 'erp is being migrated.',
      detail:
        'Closing the console cancels the migration. What has been moved in 4.0 s is thrown away: 3 MB on the wire for ' +
        '9 MB of the guest’s stream. The guest keeps running on the source; the destination has to be started afresh. ' +
        'It is in its first pass.',
      buttons: ['Keep migrating', 'Cancel migration and close'],
    });
  });

  it('does not promise a sample guest a life after the console', () => {
    const { detail } = closingQuestion({ leaving: { name: 'Sample 1', snapshot, sample: true }, arriving: false });
    expect(detail).toMatch(/It is a sample guest: it ends with the console\.$/);
  });

  it('waits for the end where nothing can be cancelled any more', () => {
    const confirming = { ...snapshot, state: 'confirming' } as const;
    expect(
      closingQuestion({ leaving: { name: 'erp', snapshot: confirming, sample: false }, arriving: false }),
    ).toMatchObject({
      detail: expect.stringMatching(/^The console closes once it is known where the guest runs\. Too late/) as string,
      buttons: ['Keep migrating', 'Close when it is done'],
    });
  });

  it('speaks of guests on their way in, too', () => {
    expect(closingQuestion({ arriving: true })).toMatchObject({
      message: 'A guest is arriving here.',
      buttons: ['Keep migrating', 'Stop receiving and close'],
    });
    const both = closingQuestion({ leaving: { name: 'erp', sample: false }, arriving: true });
    expect(both.detail).toMatch(/Nothing has been sent yet\. .* ends the receiver: a guest that is not here yet/);
  });
});
