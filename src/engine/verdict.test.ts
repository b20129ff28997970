import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../shared/settings';
import type { RunVerdict } from '../shared/verdict';
import { looks, quickRun, slowRun, stalledRun, type RecordedLook } from './recorded-runs';
import { RoundTrend } from './trend';
import { Judge, type JudgeInputs } from './verdict';

const settings = { ...defaultSettings, method: 'none', xbzrleCacheBytes: 0, maxBandwidth: 12.5e6 } as const;
const rest: Omit<JudgeInputs, 'nowMs' | 'round' | 'roundBytes' | 'shrink' | 'guestRate' | 'wireRate' | 'dirtyRate'> = {
  settings,
  bottleneck: 'link',
  limitedShare: 0.9,
  compressorShare: 0,
  cores: 2,
  plannedShare: 1,
  cache: { size: 0, lookups: 0, hits: 0 },
};

/** A recorded run's verdicts, each with when it was first given. */
function verdicts(run: readonly RecordedLook[]): readonly (readonly [atMs: number, verdict: RunVerdict])[] {
  const [trend, judge] = [new RoundTrend(), new Judge()];
  const given: (readonly [number, RunVerdict])[] = [];
  for (const look of run) {
    trend.take(look);
    const { round, roundBytes, shrink, firstShrink } = trend;
    const { atMs: nowMs, guestRate, wireRate, dirtyRate } = look;
    const verdict = judge.judge({
      ...rest,
      nowMs,
      round,
      roundBytes,
      shrink,
      firstShrink,
      guestRate,
      wireRate,
      dirtyRate,
    });
    if (verdict.kind !== given.at(-1)?.[1].kind) given.push([nowMs, verdict]);
  }
  return given;
}

const kinds = (run: string): readonly string[] => verdicts(looks(run)).map(([, { kind }]) => kind);

describe('the verdict on a recorded run', () => {
  it('that got nowhere is given within three rounds, and stays', () => {
    const given = verdicts(looks(stalledRun));
    expect(given.map(([, { kind }]) => kind)).toEqual(['too early', 'not converging']);
    const [atMs, verdict] = given[1] ?? [Infinity, { kind: 'too early' }];
    expect(looks(stalledRun).find((look) => look.atMs === atMs)?.round).toBeLessThanOrEqual(4);
    expect(verdict).toMatchObject({
      reason: 'link',
      words: expect.stringMatching(/^the guest dirties \d.* MB\/s, .*each round begins with 16\.\d MB/) as string,
      advice: { change: { xbzrleCacheBytes: expect.any(Number) as number } },
    });
  });

  it('that ended is good before it did', () => {
    expect(kinds(slowRun).slice(0, 2)).toEqual(['too early', 'converging']);
  });

  it('that was over at once is none', () => {
    expect(kinds(quickRun)).not.toContain('not converging');
  });
});

describe('a judge', () => {
  const inputs: JudgeInputs = {
    ...rest,
    nowMs: 0,
    round: 2,
    roundBytes: 16e6,
    shrink: 1,
    guestRate: 12e6,
    wireRate: 12e6,
    dirtyRate: 13e6,
  };

  /** The kinds given round by round, a second each. */
  function judged(judge: Judge, ...changes: readonly Partial<JudgeInputs>[]): readonly string[] {
    return changes.map(
      (change, index) => judge.judge({ ...inputs, round: index + 2, nowMs: index * 3000, ...change }).kind,
    );
  }

  it('does not turn on one odd round', () => {
    const [good, bad] = [{ shrink: 0.5 }, { shrink: 1 }];
    expect(judged(new Judge(), good, good, bad, good, bad, bad, good, bad, good, good)).toEqual([
      ...Array<string>(5).fill('converging'),
      ...Array<string>(4).fill('not converging'),
      'converging',
    ]);
  });

  /** The kinds given in rounds of 50 ms, by what each shrinks to. */
  function quickly(...shrinks: readonly number[]): readonly string[] {
    const judge = new Judge();
    return shrinks.map((shrink, at) => judge.judge({ ...inputs, round: at + 2, nowMs: at * 50, shrink }).kind);
  }
  const rounds = (count: number, ...shrinks: readonly number[]): readonly number[] =>
    Array.from({ length: count }, (_, at) => shrinks[at % shrinks.length] ?? 1);
  /** How often a verdict turned, the first one left out. */
  const turns = (kinds: readonly string[]): number =>
    kinds.filter((kind, at) => at > 0 && kind !== kinds[at - 1]).length;

  it('does not turn while rounds vote to and fro, twenty a second', () => {
    for (const votes of [
      [1, 0.5],
      [1, 1, 0.5],
      [0.5, 0.5, 1],
      [1, 1, 0.5, 0.5],
    ]) {
      expect(turns(quickly(...rounds(200, 0.5), ...rounds(400, ...votes)))).toBe(0);
    }
  });

  it.each([0.5, 1])('tells of a change that stays within a second of it, both ways (%j)', (before) => {
    const kinds = quickly(...rounds(100, before), ...rounds(40, 1.5 - before));
    const after = kinds.slice(100);
    expect(new Set(kinds.slice(60, 100)).size).toBe(1);
    expect(turns(after)).toBe(1);
    const late = after.findIndex((kind) => kind !== after[0]);
    expect(late).toBeGreaterThan(5);
    expect(late).toBeLessThanOrEqual(20);
  });

  it('stands for a second, however soon rounds agree on another', () => {
    const kinds = quickly(0.5, 0.5, ...rounds(40, 1));
    expect(turns(kinds)).toBe(1);
    expect(kinds.indexOf('not converging')).toBe(20);
  });

  it('gives its reason and its advice anew once a second, and at once when it has turned', () => {
    const judge = new Judge();
    const judged = (at: number, more: Partial<JudgeInputs> = {}): RunVerdict =>
      judge.judge({ ...inputs, round: Math.floor(at / 2) + 2, nowMs: at * 100, ...more });
    const said = Array.from({ length: 40 }, (_, at) =>
      judged(at, { bottleneck: at % 2 === 0 ? 'link' : 'compressor' }),
    );
    const stalls = said.filter(({ kind }) => kind === 'not converging');
    expect(stalls.length).toBeGreaterThan(30);
    expect(new Set(stalls).size).toBe(Math.ceil(stalls.length / 10));
    judge.restart();
    expect(judged(41, { round: 100 }).kind).toBe('too early');
    const fresh = judged(42, { round: 101, bottleneck: 'source' });
    expect(fresh).toMatchObject({ kind: 'not converging', reason: 'source' });
  });

  it('finds a round good that nearly fits the downtime limit', () => {
    expect(judged(new Judge(), { roundBytes: 2.6e6, shrink: undefined })).toEqual(['converging']);
  });

  it('takes the third round for a sign only where it is no shorter than the second', () => {
    const first = (firstShrink: number): Partial<JudgeInputs> => ({ shrink: undefined, firstShrink });
    expect(judged(new Judge(), first(1), first(1))).toEqual(['too early', 'not converging']);
    expect(judged(new Judge(), first(0.3), first(0.3))).toEqual(['too early', 'too early']);
  });

  it('does not count on more of the limit than the source plans with', () => {
    const odd = { roundBytes: 2.6e6, plannedShare: 0.4 };
    expect(judged(new Judge(), odd, odd, odd).at(-1)).toBe('not converging');
  });

  it('begins anew when told to', () => {
    const judge = new Judge();
    expect(judged(judge, {}, {}, {}).at(-1)).toBe('not converging');
    judge.restart();
    expect(judge.judge({ ...inputs, round: 4, nowMs: 9000 }).kind).toBe('too early');
  });
});
