import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSettings, defaultSettings, limits, methods, pageBytes } from '../shared/settings';
import { bottlenecks } from '../shared/snapshot';
import { adviceFor, stallReason, stallWords, type StallFacts } from './advice';

/** As seen of a guest that sweeps 16 MiB, sent as it is over 100 Mbit/s. */
const facts: StallFacts = {
  settings: { ...defaultSettings, method: 'none', xbzrleCacheBytes: 0, maxBandwidth: 12.5e6 },
  roundBytes: 16.5e6,
  guestRate: 12.4e6,
  wireRate: 12.4e6,
  dirtyRate: 12.6e6,
  plannedShare: 1,
  bottleneck: 'link',
  limitedShare: 0.95,
  compressorShare: 0,
  threadBusyShare: 0,
  cores: 2,
  cache: { size: 0, lookups: 0, hits: 0 },
};
const packed: StallFacts = { ...facts, settings: { ...facts.settings, method: 'zstd', xbzrleCacheBytes: 2 ** 26 } };
/** Samples of pages that hardly pack, and whose content is new each time. */
const stubborn = { sample: { ratio: 0.95, pace: 5e8 }, rewrites: { deltaShare: 1, packedShare: 0.95 } } as const;
const words = (given: StallFacts): string | undefined => adviceFor(given)?.words;

describe('advice', () => {
  it('is compression where samples say that it is enough', () => {
    expect(adviceFor({ ...facts, sample: { ratio: 0.02, pace: 5e8 } })).toEqual({
      words: 'Compress with zstd, level 1',
      // 16.5 MB where 2.23 MB fit; the threads would compress forty times what is carried now.
      effect:
        'pages pack to 2 % of their size in samples: up to 50 times as much memory carried, ' +
        'where 7.4 times would fit the downtime limit',
      change: { method: 'zstd', level: 1 },
    });
  });

  it('promises no more of compression than the threads can do', () => {
    const slow = { ratio: 0.02, pace: 12.4e6 };
    expect(adviceFor({ ...facts, ...stubborn, sample: slow })?.effect).toContain('up to 2 times as much');
  });

  it('is a cache where what changes in rewritten pages is little, by samples', () => {
    const rewrites = { deltaShare: 0.01, packedShare: 0.008 };
    expect(adviceFor({ ...facts, rewrites, sample: stubborn.sample })).toEqual({
      words: 'An XBZRLE cache of 20 MiB',
      effect:
        'it would hold the 16.5 MB that are rewritten each round; now none is found, XBZRLE being off. ' +
        'Sampled, 1 % of a page is left to send where it is known: up to 83 times as much memory carried, ' +
        'where 7.4 times would fit the downtime limit',
      change: { xbzrleCacheBytes: 20 * 2 ** 20 },
    });
  });

  it('is no cache where nobody looks into it', () => {
    const rewrites = { deltaShare: 0.01, packedShare: 0.008 };
    expect(words({ ...facts, rewrites, sample: stubborn.sample, cacheIdle: true })).not.toMatch(/cache/);
  });

  it('is a cache before bandwidth or a long pause where nobody knows yet what changes', () => {
    const advice = adviceFor(facts);
    expect(advice?.change).toEqual({ xbzrleCacheBytes: 20 * 2 ** 20 });
    expect(advice?.effect).toContain('is not known: likely not all of it');
  });

  it('is no larger a cache than there can be, nor one that is hardly larger', () => {
    const rewrites = { deltaShare: 0.01, packedShare: 0.008 };
    const some = { ...facts, rewrites, sample: stubborn.sample };
    expect(adviceFor({ ...some, mostCacheBytes: 8 * 2 ** 20 })).toMatchObject({
      words: 'An XBZRLE cache of 8 MiB',
      effect: expect.stringContaining('it would hold 8 MiB of the 16.5 MB') as string,
    });
    const held = { ...some.settings, xbzrleCacheBytes: 8 * 2 ** 20 };
    expect(words({ ...some, settings: held, mostCacheBytes: 8 * 2 ** 20 })).not.toContain('cache');
  });

  it('is what costs the guest nothing and gets nearer, before any bandwidth', () => {
    expect(words({ ...facts, ...stubborn, sample: { ratio: 0.5, pace: 5e8 } })).toBe('Compress with zstd, level 1');
  });

  it('is more bandwidth where the limit is what is waited for and what is needed is likely to be there', () => {
    // 6 MB where 2.23 MB fit: 2.7 times the pace, and a fifth more.
    const advice = adviceFor({ ...facts, ...stubborn, roundBytes: 6e6 });
    expect(advice).toEqual({
      words: 'A bandwidth limit of 320 Mbit/s',
      effect: 'if the link has it: 40 MB/s of memory would be carried, which would fit the downtime limit',
      change: { maxBandwidth: 40e6 },
    });
  });

  it('is bandwidth out of reach only beside a long pause, unless the link was seen to have it', () => {
    const far = adviceFor({ ...facts, ...stubborn, dirtyRate: 1e6 });
    expect(far).toMatchObject({ change: { downtimeLimitMs: 1900 } });
    expect(far?.effect).toContain('; or a bandwidth limit of 880 Mbit/s, if the link has it');
    const tested = { ...facts, ...stubborn, linkRate: 125e6 };
    expect(adviceFor(tested)).toMatchObject({ change: { maxBandwidth: 110e6 } });
    expect(adviceFor(tested)?.effect).toContain('the link test saw 1 Gbit/s');
    expect(adviceFor({ ...tested, linkRate: 20e6 })?.effect).not.toContain('bandwidth');
  });

  it('is a longer pause where that is not much, or nothing else helps', () => {
    const near = adviceFor({ ...packed, roundBytes: 4e6 });
    // 4 MB and a third more at 12.4 MB/s are 419 ms, and what we keep back.
    expect(near).toMatchObject({ words: 'A downtime limit of 550 ms', change: { downtimeLimitMs: 550 } });
    const far = adviceFor({ ...packed, limitedShare: 0, cache: { size: 2 ** 26, lookups: 100, hits: 99 } });
    expect(far?.change).toEqual({ downtimeLimitMs: 1900 });
    expect(far?.effect).toContain('it would switch over now');
  });

  it('reckons with the share of its limit that the source plans with', () => {
    const half = { ...packed, roundBytes: 4e6, plannedShare: 0.5 };
    expect(words(half)).not.toBe('A downtime limit of 550 ms');
    expect(stallWords(half, 'link')).toContain('1.12 MB would fit the downtime limit');
  });

  it('promises ten times at most where nothing but the compressor is waited for', () => {
    const rewrites = { deltaShare: 0, packedShare: 0 };
    const stall = { ...facts, rewrites, bottleneck: 'compressor', compressorShare: 1 } as const;
    expect(adviceFor(stall)?.effect).toContain('up to 10 times as much');
  });

  it('is a lighter method where the compressor is what is waited for', () => {
    const settings = { ...packed.settings, level: 12 };
    const slow = { ...packed, settings, roundBytes: 9e6, bottleneck: 'compressor', compressorShare: 0.8 } as const;
    const advice = adviceFor({ ...slow, wireRate: 2e6 });
    expect(advice).toMatchObject({ change: { method: 'zstd', level: 1 } });
    expect(advice?.effect).toContain('waited for 80 % of the time; without that up to 5 times');
    // The link is as good as full beside it: nothing would be gained.
    expect(words({ ...slow, wireRate: 11e6 })).not.toContain('zstd');
    expect(adviceFor({ ...slow, wireRate: 2e6, linkRate: 6e6 })?.effect).toContain('without that up to 3 times');
  });

  it('is as many compress threads as there are processors, where those there are have no time left', () => {
    const settings = { ...packed.settings, compressThreads: 1 };
    const busy = { bottleneck: 'compressor', compressorShare: 0.9, threadBusyShare: 0.97, wireRate: 2e6 } as const;
    const stall: StallFacts = { ...packed, ...busy, settings, cores: 4, roundBytes: 5e6 };
    expect(adviceFor(stall)).toEqual({
      words: '4 compress threads',
      effect:
        'the 1 there is 97 % busy and waited for 90 % of the time, on 4 processors: ' +
        // With a quarter of the 90 % left.
        'up to 3.1 times as much memory carried, where 2.2 times would fit the downtime limit',
      change: { compressThreads: 4 },
    });
    expect(words({ ...stall, cores: 1 })).not.toContain('threads');
    expect(words({ ...stall, threadBusyShare: 0.5 })).not.toContain('threads');
    expect(words({ ...stall, bottleneck: 'link' })).not.toContain('threads');
  });

  it('names auto-converge beside a long pause, where less writing would do', () => {
    const stall: StallFacts = { ...packed, limitedShare: 0, cache: { size: 2 ** 26, lookups: 100, hits: 99 } };
    const offer = 'with auto-converge from the start';
    // 12.6 MB/s less 30 % is under four fifths of 12.4 MB/s; less 20 % is not.
    expect(adviceFor(stall)?.effect).toContain(
      `; or ${offer}: 30 % off the guest's processors, or more, leave 8.82 MB/s dirtied where 12.4 MB/s are carried`,
    );
    expect(adviceFor({ ...stall, settings: { ...stall.settings, autoConverge: true } })?.effect).not.toContain(offer);
    expect(adviceFor({ ...stall, dirtyRate: 5e6 })?.effect).not.toContain(offer);
    expect(adviceFor({ ...stall, dirtyRate: 2e9 })?.effect).not.toContain(offer);
    expect(adviceFor({ ...stall, dirtyRate: undefined })?.effect).not.toContain(offer);
    const endless = adviceFor({ ...stall, roundBytes: 2 ** 50, cache: { size: 2 ** 26, lookups: 0, hits: 0 } });
    expect(endless?.words).not.toContain('downtime limit');
    const settings = { ...stall.settings, xbzrleCacheBytes: limits.xbzrleCacheBytes.max };
    expect(adviceFor({ ...stall, settings, roundBytes: 2 ** 50 })).toEqual({
      words: 'Auto-converge, when it is started again',
      effect: expect.stringContaining(offer) as string,
    });
  });

  it('is always a change that may be made, with figures', () => {
    const amount = fc.integer({ min: 1, max: 2 ** 40 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const any = fc.record({
      settings: fc.record({
        method: fc.constantFrom(...methods),
        compressThreads: fc.integer({ min: 1, max: 255 }),
        autoConverge: fc.boolean(),
        level: fc.constant(1),
        maxBandwidth: fc.integer(limits.maxBandwidth),
        downtimeLimitMs: fc.integer({ min: 1, max: 2_000_000 }),
        xbzrleCacheBytes: fc.oneof(fc.constant(0), fc.integer({ min: pageBytes, max: 2 ** 36 })),
      }),
      roundBytes: amount,
      guestRate: amount,
      wireRate: amount,
      dirtyRate: fc.option(amount, { nil: undefined }),
      bottleneck: fc.option(fc.constantFrom(...bottlenecks), { nil: undefined }),
      limitedShare: share,
      compressorShare: share,
      threadBusyShare: share,
      cores: fc.integer({ min: 1, max: 512 }),
      plannedShare: fc.double({ min: 0.01, max: 1, noNaN: true }),
      sample: fc.option(fc.record({ ratio: share, pace: amount }), { nil: undefined }),
      rewrites: fc.option(fc.record({ deltaShare: share, packedShare: share }), { nil: undefined }),
      linkRate: fc.option(amount, { nil: undefined }),
      mostCacheBytes: fc.option(amount, { nil: undefined }),
    });
    fc.assert(
      fc.property(any, ({ settings: some, ...given }) => {
        const settings = { ...defaultSettings, ...some };
        const stall = { ...given, settings, cache: { size: settings.xbzrleCacheBytes, lookups: 10, hits: 1 } };
        const advice = adviceFor(stall);
        expect(`${advice?.words} ${advice?.effect} ${stallWords(stall, stallReason(stall))}`).not.toMatch(
          /NaN|Infinity/,
        );
        if (advice?.change !== undefined) expect(checkSettings({ ...settings, ...advice.change }).ok).toBe(true);
      }),
    );
  });
});

describe('the reason', () => {
  it.each(bottlenecks)('is the %s where that is what is waited for', (bottleneck) => {
    expect(stallReason({ ...facts, bottleneck })).toBe(bottleneck);
  });

  it('is the cache where the link is full of what it does not hold, and the writing where nothing is in the way', () => {
    const cache = { size: 2 ** 20, lookups: 100, hits: 10 };
    expect(stallReason({ ...facts, cache })).toBe('cache');
    expect(stallReason({ ...facts, cache, bottleneck: undefined })).toBe('dirty rate');
    expect(stallReason({ ...facts, cache, cacheIdle: true })).toBe('link');
  });

  it('is said with the figures', () => {
    expect(stallWords(facts, 'link')).toBe(
      'the guest dirties 12.6 MB/s, 12.4 MB/s of memory is carried and the link gives no more: ' +
        'each round begins with 16.5 MB, 2.23 MB would fit the downtime limit',
    );
  });
});
