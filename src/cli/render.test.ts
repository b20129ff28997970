import { describe, expect, it } from 'vitest';
import type { Report } from '../shared/snapshot';
import { noPaint } from './paint';
import { renderLine, renderLive } from './render-live';
import { renderOutcome, renderReport } from './render-report';
import { sampleLink, sampleReport, sampleSnapshot, sparseReport } from './sample-run';

function live(changed: object, width = 100, height = 999): string {
  return renderLive({ ...sampleSnapshot, ...changed }, { width, height }, noPaint).join('\n');
}

describe('renderLive', () => {
  it('draws every figure there is', () => {
    expect(live({ notice: 'compress-2 died, restarted' }).split('\n')).toEqual([
      'state     iterating, dirty sync 4, 12.3 s',
      'left      ███░░░░░░░░░░░░░░░░░░░░░  64 MiB of 512 MiB',
      'guest     81.2 MB/s read, 3.1 MB/s dirtied, 123 MB so far',
      'wire      99.2 Mbit/s of 100 Mbit/s (held back 93 %), 24.6 MB (5.0 : 1)',
      'pages     zero 90000, normal 30000, xbzrle 8000, unchanged 120, repeated 60, overflow 7',
      'cache     64 MiB, 25 % of 40000 lookups hit',
      'workers   2 compress 35 % busy, 1 decompress 10 % busy',
      'downtime  expected 120 ms to 180 ms, limit 300 ms: within it',
      'notice    compress-2 died, restarted',
    ]);
  });

  it('shows what the link test has found', () => {
    const { throughput: _, ...slow } = sampleLink;
    expect(live({ link: sampleLink }, 150)).toContain(
      'link      throughput 99.2 Mbit/s over 4 channels, held by the limit, round trip 0.42 ms, median 0.51 ms, ' +
        'clock there 12 ms behind (±0.21 ms)',
    );
    expect(live({ link: slow }, 150)).toContain('link      throughput not known, round trip');
  });

  it('says whether it will finish, and if not what would help', () => {
    const words = 'the link gives no more';
    const advice = { words: 'Compress with zstd, level 1', effect: 'pages pack to 8 %' };
    const stuck = live({ verdict: { kind: 'not converging', reason: 'link', words, advice } });
    expect(stuck).toContain(
      'verdict   not converging: the link gives no more\nadvice    Compress with zstd, level 1: pages',
    );
    const switchoverInMs = { low: 4000, high: 9000 };
    expect(live({ verdict: { kind: 'converging' }, switchoverInMs })).toContain(
      'converging, switchover in 4.0 s to 9.0 s',
    );
    expect(live({ verdict: { kind: 'too early' } })).not.toContain('verdict');
  });

  it('leaves out what is unknown', () => {
    const { state, elapsedMs, pages, cache, compression, wireClasses, settings } = sampleSnapshot;
    const early = renderLive(
      {
        ...{ state, elapsedMs, pages, compression, wireClasses, settings },
        cache: { ...cache, lookups: 0 },
        rounds: 0,
        rawBytes: 0,
        wireBytes: 0,
        inFlightBytes: 0,
        limiterBusyShare: 0,
        workers: [],
        reconnects: 0,
        guestRunningOn: 'source',
      },
      { width: 100, height: 24 },
      noPaint,
    );
    expect(early.map((line) => line.split(' ')[0])).toEqual(['state', 'pages', 'cache']);
    expect(early.join()).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('shows the bulk round as a share of RAM and never as more than was sent', () => {
    expect(live({ state: 'bulk', remainingBytes: 266 * 2 ** 20 })).toContain('48 %, 246 MiB of 512 MiB');
    expect(live({ state: 'bulk', remainingBytes: 1 })).toContain('99 %');
    expect(live({ state: 'bulk', remainingBytes: 600 * 2 ** 20 })).toContain('  0 %, 0 B of 512 MiB');
  });

  it('shows later rounds as what is left, which may grow', () => {
    expect(live({ remainingBytes: 600 * 2 ** 20 })).toContain(`left      ${'█'.repeat(24)}  600 MiB of 512 MiB`);
    expect(live({ remainingBytes: 0 })).toContain(`left      ${'░'.repeat(24)}  0 B`);
  });

  it('says on which side of the limit the expected downtime is, if it is on one', () => {
    expect(live({ expectedDowntimeMs: { low: 301, high: 400 } })).toContain('limit 300 ms: over it');
    expect(live({ expectedDowntimeMs: { low: 200, high: 400 } })).toMatch(/limit 300 ms$/m);
    expect(live({ expectedDowntimeMs: { low: 301, high: 400 }, state: 'bulk' })).toMatch(/limit 300 ms$/m);
    expect(live({ downtimeMs: 81.6 })).toContain('downtime  82 ms, limit 300 ms');
  });

  it('says that the link is lost, and for how long it is waited for', () => {
    expect(live({ reconnecting: { leftMs: 41_800 } })).toContain('12.3 s, reconnecting (41.8 s left)');
  });

  it.each([3, 10, 20, 41, 60, 80])('keeps to %d columns, and to every word', (width) => {
    const words = `${'long '.repeat(50)}${'x'.repeat(100)}`;
    const lines = live({ notice: words }, width).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(lines.join('').replace(/\s/g, '')).toContain(words.replace(/\s/g, ''));
  });

  const stuck = {
    verdict: {
      kind: 'not converging',
      reason: 'link',
      words: 'the guest dirties 31 MB/s and the link carries 12 MB/s of it',
      advice: { words: 'Raise the bandwidth limit to 300 Mbit/s', effect: 'switchover in about 8 s, pause 60–110 ms' },
    },
  } as const;

  it('breaks verdict and advice between words, under their own beginning', () => {
    expect(live(stuck, 60)).toContain(
      [
        'verdict   not converging: the guest dirties 31 MB/s and the',
        '          link carries 12 MB/s of it',
        'advice    Raise the bandwidth limit to 300 Mbit/s:',
        '          switchover in about 8 s, pause 60–110 ms',
      ].join('\n'),
    );
    expect(live(stuck, 30)).toContain('verdict: not converging: the\n  guest dirties 31 MB/s and\n  the link');
  });

  it('breaks by columns, of which some letters take two', () => {
    expect(live({ notice: '移'.repeat(60) }, 60)).toContain(
      `notice    ${'移'.repeat(25)}\n          ${'移'.repeat(25)}`,
    );
  });

  it('gives up figures where there are few lines, and never what is to be done', () => {
    const labels = (height: number): readonly string[] => live(stuck, 100, height).match(/^\w+/gm) ?? [];
    expect(labels(10)).toEqual([
      ...['state', 'left', 'guest', 'wire', 'pages', 'cache', 'workers', 'downtime', 'verdict', 'advice'],
    ]);
    expect(labels(8)).toEqual(['state', 'left', 'guest', 'wire', 'cache', 'downtime', 'verdict', 'advice']);
    expect(labels(5)).toEqual(['state', 'left', 'downtime', 'verdict', 'advice']);
    expect(labels(2)).toEqual(['state', 'left']);
  });

  it('lets no control character of a notice reach the terminal', () => {
    expect(live({ notice: 'a\u001b[2Jb\nc' })).toContain('notice    a [2Jb c');
  });
});

describe('renderLine', () => {
  it('says the essentials in one line', () => {
    expect(renderLine(sampleSnapshot)).toBe(
      'iterating, dirty sync 4, 12.3 s, 64 MiB left, guest 81.2 MB/s read, 3.1 MB/s dirtied, 123 MB so far, ' +
        'wire 99.2 Mbit/s of 100 Mbit/s (held back 93 %), 24.6 MB (5.0 : 1), expected downtime 120 ms to 180 ms',
    );
  });
});

describe('renderReport', () => {
  it('uses the names of info migrate', () => {
    expect(renderReport(sampleReport, { ...sampleSnapshot, state: 'completed', remainingBytes: 0 })).toEqual([
      'Migration status:       completed',
      'total time:                15002 ms',
      'downtime:                     82 ms',
      'give or take:               0.21 ms',
      'expected downtime:           120 to 180 ms; it was shorter',
      'setup:                        12 ms',
      'link round trip:            0.42 ms, median 0.51 ms',
      'link throughput:            99.2 Mbit/s over 4 channels, held by the limit',
      'clock there:                  12 ms behind (±0.21 ms)',
      'transferred ram:           25600 kbytes',
      'guest stream:             131072 kbytes',
      'throughput:                13.98 mbps',
      'remaining ram:                 0 kbytes',
      'total ram:                524288 kbytes',
      'duplicate:                 90000 pages',
      'normal:                    30000 pages',
      'unchanged:                   120 pages',
      'repeated:                     60 pages',
      'dirty sync count:              5',
      'xbzrle cache size:      67108864 bytes',
      'xbzrle transferred:         1000 kbytes',
      'xbzrle pages:               8000 pages',
      'xbzrle cache hit:          10000 pages',
      'xbzrle cache miss:         30000 pages',
      'xbzrle cache miss rate:     0.75',
      'xbzrle overflow:               7 pages',
      'xbzrle evictions:            900 pages',
      'xbzrle shard hit rate:      0.20 to 0.30',
      'compression method:        zstd, level 1',
      'compression input:        122070 kbytes',
      'compressed size:           24414 kbytes',
      'compression rate:           5.00',
      'workers busy:               31.0 %',
      'limiter busy:               87.5 %',
      'link wait:                  90.0 %',
      'compressor wait:             1.0 %',
      'source wait:                 5.0 %',
      'destination wait:            0.0 %',
      'main loop lag p99:             7 ms',
    ]);
  });

  it('says what went as it came', () => {
    const reason = 'the workers would not fill 1 Gbit/s';
    const sent = { method: 'none', level: 0, rawBytes: 3e6, compressedBytes: 3e6, asItComes: true } as const;
    const ways = [sent, { method: 'zstd', level: 1, rawBytes: 1e6, compressedBytes: 4e5 }] as const;
    const compression = { ...sent, rawBytes: 4e6, compressedBytes: 34e5, reason, ways };
    const rows = renderReport({ ...sampleReport, compression }).map((row) => row.replace(/ +/g, ' '));
    expect(rows).toContain(`compression method: as it comes, chosen: ${reason}`);
    expect(rows).toContain('compressed by: as it comes 75 %, zstd 1 25 %');
    expect(live({ compression }, 150)).toContain(`as it comes, ${reason}`);
  });

  it('has no dirty sync count where nobody counted', () => {
    expect(renderReport({ ...sampleReport, rounds: 0 }).join()).not.toContain('dirty sync');
  });

  it('says when the pause was longer than its limit', () => {
    const over = renderReport({ ...sampleReport, downtimeLimitMs: 81 }).join('\n');
    expect(over).toMatch(/^over the downtime limit of: +81 ms$/m);
    expect(renderReport({ ...sampleReport, downtimeLimitMs: 82 }).join()).not.toContain('over the');
    expect(renderReport(sampleReport).join()).not.toContain('over the');
  });

  it.each([
    [{ downtimeMs: 119 }, '120 to 180 ms; it was shorter'],
    [{ downtimeMs: 120 }, '120 to 180 ms; so it was'],
    [{ downtimeMs: 180 }, '120 to 180 ms; so it was'],
    [{ downtimeMs: 181 }, '120 to 180 ms; it was longer'],
    [{ downtimeMs: undefined }, '120 to 180 ms'],
    [{ expectedDowntimeBandMs: { low: 90, high: 90.2 } }, '90 ms; it was shorter'],
    [{ expectedDowntimeBandMs: undefined }, '180 ms'],
  ])('shows the predicted band beside what was measured: %j', (changed, text) => {
    const rows = renderReport({ ...sampleReport, ...changed } as Report);
    expect(rows.find((row) => row.startsWith('expected downtime:'))).toMatch(new RegExp(`: +${text}$`));
  });

  it('has no row for what is off or unknown', () => {
    const rows = renderReport({
      ...sparseReport,
      cache: { ...sparseReport.cache, size: 0, lookups: 0, hits: 0, misses: 0 },
      compression: { method: 'none', level: 1, rawBytes: 0, compressedBytes: 0 },
    }).join('\n');
    expect(rows).not.toMatch(/^(downtime|remaining|xbzrle|compress)/m);
  });
});

describe('renderOutcome', () => {
  it.each([
    [{}, 'Migration completed. The guest runs on the destination.'],
    [{ guestRunningOn: 'none' }, 'Migration completed. The guest is paused and runs on neither side'],
    [
      { status: 'failed', guestRunningOn: 'source', error: { code: 'wire-closed', message: 'the link was lost.' } },
      'Migration failed: the link was lost. The guest runs on the source.',
    ],
    [{ timedOut: 'force' }, 'Migration completed (the timeout forced the switchover). The guest runs on'],
    [{ status: 'uncertain', guestRunningOn: 'unknown' }, 'query-status before starting either'],
  ] as const)('of %j', (changed, sentence) => {
    expect(renderOutcome({ ...sampleReport, ...changed })).toContain(sentence);
  });
});
