import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../shared/settings';
import { firstPassWords, Haste, type HasteFacts } from './haste';

/** A first pass over 50 Mbit/s, sent as it is, with a minute given to it. */
const facts: HasteFacts = {
  settings: { ...defaultSettings, method: 'none', maxBandwidth: 6.25e6, timeoutMs: 60_000 },
  nowMs: 0,
  elapsedMs: 20_000,
  aheadMs: { low: 90_000, high: 120_000 },
  firstPass: true,
  roundBytes: undefined,
  drainRate: 6.2e6,
  guestRate: 3e6,
  wireRate: 6.2e6,
  dirtyRate: undefined,
  bottleneck: 'link',
  limitedShare: 0.95,
  compressorShare: 0,
  cores: 2,
  cache: { size: 0, lookups: 0, hits: 0 },
};

/** What is said from `facts` on, a look every 100 ms, as each of them has it. */
function said(...looks: readonly Partial<HasteFacts>[]): readonly (string | undefined)[] {
  const haste = new Haste();
  return looks.map((look, at) => haste.judge({ ...facts, nowMs: at * 100, ...look })?.kind);
}
const times = (count: number, look: Partial<HasteFacts> = {}): readonly Partial<HasteFacts>[] =>
  Array.from({ length: count }, () => look);

describe('haste', () => {
  it('says that a timeout comes too soon, with the figures and the change that would do', () => {
    const haste = new Haste();
    const sample = { ratio: 0.1, pace: 1e9 };
    haste.judge({ ...facts, sample });
    expect(haste.judge({ ...facts, sample, nowMs: 1000 })).toEqual({
      kind: 'too slow',
      words:
        'the first pass alone takes ~ 2 min more, at 6.2 MB/s of memory (less where that is empty), and the timeout of 1 min 0 s comes in 40 s: ' +
        'it is then cancelled',
      advice: {
        words: 'Compress with zstd, level 1',
        effect:
          'pages pack to 10 % of their size in samples: up to 10 times as much memory carried, ' +
          'where 3 times would do in time',
        change: { method: 'zstd', level: 1 },
      },
    });
  });

  it('advises bandwidth within reach, else a longer timeout', () => {
    const advised = (more: Partial<HasteFacts>): unknown => {
      const haste = new Haste();
      haste.judge({ ...facts, ...more });
      const verdict = haste.judge({ ...facts, ...more, nowMs: 1000 });
      return verdict?.kind === 'too slow' ? verdict.advice : undefined;
    };
    expect(advised({})).toMatchObject({ change: { maxBandwidth: 22.375e6 } });
    expect(advised({ limitedShare: 0 })).toEqual({
      words: 'A timeout of 4 min 0 s, when it is started again',
      effect: 'a timeout cannot be changed while it runs; so much would do at this pace',
    });
  });

  it('says nothing where there is time, no timeout, or nobody knows', () => {
    for (const fine of [
      { aheadMs: { low: 39_000, high: 200_000 } },
      { elapsedMs: 14_000 },
      { aheadMs: { low: 39_000, high: 200_000 }, firstPass: false },
      { settings: { ...facts.settings, timeoutMs: 0 } },
      { aheadMs: undefined },
    ]) {
      expect(new Set(said(...times(20, fine)))).toEqual(new Set([undefined]));
    }
  });

  it('is neither said nor taken back before it has looked so for a second', () => {
    const fine = { aheadMs: { low: 1000, high: 2000 } };
    expect(said(...times(10), fine, ...times(10)).filter((kind) => kind !== undefined)).toEqual([]);
    const kinds = said(...times(11), ...times(9, fine), {}, ...times(11, fine));
    expect(kinds.slice(10, -1)).toEqual(Array(21).fill('too slow'));
    expect(kinds.at(-1)).toBeUndefined();
  });

  it('advises nothing that would come too late', () => {
    const over = { ...facts, elapsedMs: 59_500, sample: { ratio: 0.1, pace: 1e9 } };
    const haste = new Haste();
    haste.judge(over);
    expect(haste.judge({ ...over, nowMs: 1000 })).toMatchObject({
      advice: { words: 'A timeout of 5 min 0 s, when it is started again' },
    });
  });

  it('says what is done at the timeout, and speaks of the switchover once the first pass is over', () => {
    const haste = new Haste();
    const later = {
      ...facts,
      firstPass: false,
      settings: { ...facts.settings, onTimeout: 'force' as const },
      roundBytes: 5e6,
    };
    haste.judge(later);
    expect(haste.judge({ ...later, nowMs: 1000 })).toMatchObject({
      words: expect.stringMatching(
        /^the switchover is still ~ 2 min away, .*: the switchover is then forced/,
      ) as string,
    });
  });
});

describe('the first pass in words', () => {
  it('has its time as a band, and says from when on more is known', () => {
    expect(firstPassWords({ low: 35_000, high: 55_000 }, 6.2e6)).toBe(
      'the first pass takes 35–55 s more, at 6.2 MB/s of memory (less where that is empty); whether it converges is known after it',
    );
    expect(firstPassWords({ low: 900, high: 1000 }, undefined)).toBe(
      'the first pass takes ~ 1 s more; whether it converges is known after it',
    );
  });
});
