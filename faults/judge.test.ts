import { describe, expect, it } from 'vitest';
import { judge, type Facts } from './judge';
import { planRuns } from './plan';

const [plan] = planRuns(1, 1);
if (plan === undefined) throw new Error('no plan');
const base = { stderr: '', byHand: false, differing: undefined, leftovers: [], hit: 'bulk' } as const;

/** A run whose link is gone, as it should end. */
const failed: Facts = {
  ...base,
  plan: { ...plan, fault: 'link gone', paused: false },
  result: { status: 'failed', guestRunningOn: 'source' },
  code: 1,
  source: 'running',
  destination: 'gone',
};
const completed: Facts = {
  ...failed,
  result: { status: 'completed', guestRunningOn: 'destination' },
  code: 0,
  source: 'postmigrate',
  destination: 'running',
};

describe('judge', () => {
  it('finds nothing wrong with a run that kept every promise', () => {
    expect(judge(failed)).toEqual([]);
    expect(judge(completed)).toEqual([]);
    const paused = { ...plan, fault: 'link cut', paused: true } as const;
    const result = { status: 'completed', guestRunningOn: 'none' } as const;
    expect(judge({ ...completed, plan: paused, result, destination: 'paused', differing: [] })).toEqual([]);
  });

  it.each<[string, Facts, readonly string[]]>([
    ['two copies', { ...failed, destination: 'running' }, ['two copies run', 'failed, but the destination runs']],
    ['no copy', { ...failed, source: 'paused' }, ['failed, but the source is paused']],
    [
      'a guest that did not arrive',
      { ...completed, destination: 'paused' },
      ['completed, but the destination is paused'],
    ],
    ['other memory', { ...completed, differing: [4096, 65536] }, ['2 pages differ: 0x1000 0x10000']],
    ['what is left', { ...failed, leftovers: ['process 7'] }, ['left behind: process 7']],
    ['another exit status', { ...failed, code: 3 }, ['failed, but exit status 3']],
    [
      'a false report',
      { ...failed, result: { status: 'failed', guestRunningOn: 'unknown' } },
      ['said to run on: unknown'],
    ],
    ['a failure of its own', { ...failed, hit: undefined }, ['failed, although nothing had struck']],
    ['no result', { ...failed, result: undefined, code: null }, ['no result, exit status null']],
  ])('finds %s', (_, facts, wrong) => {
    expect(judge(facts)).toEqual(wrong);
  });

  it('expects a link that comes back to cost nothing but time', () => {
    for (const fault of ['link cut', 'link half-open', 'one channel stalled'] as const) {
      const early = { ...failed, plan: { ...failed.plan, fault }, hit: 'preparing' } as const;
      expect(judge(early)).toEqual(['failed, expected completed']);
    }
  });

  it('allows uncertainty only where contact was lost when the guest might have gone', () => {
    const uncertain: Facts = { ...failed, result: { status: 'uncertain', guestRunningOn: 'unknown' }, code: 3 };
    expect(judge({ ...uncertain, hit: 'iterating' })).toEqual(['uncertain after link gone in iterating']);
    expect(judge({ ...uncertain, hit: 'confirming', source: 'postmigrate', destination: 'paused' })).toEqual([]);
    const worker = { ...plan, fault: 'decompress worker killed' } as const;
    expect(judge({ ...uncertain, plan: worker, hit: 'confirming' })).toHaveLength(1);
  });

  it('lets a killed sender leave the guest on the source, or handed over, and nowhere between', () => {
    const killed: Facts = { ...failed, plan: { ...plan, fault: 'sender killed' }, result: undefined, code: null };
    expect(judge(killed)).toEqual([]);
    expect(judge({ ...killed, source: 'paused' })).toHaveLength(1);
    const over = { ...killed, source: 'postmigrate', destination: 'paused' };
    expect(judge({ ...over, hit: 'confirming' })).toEqual([]);
    expect(judge({ ...over, hit: 'bulk' })).toHaveLength(1);
  });
});
