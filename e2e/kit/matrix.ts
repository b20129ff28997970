import { expect } from 'vitest';
import { defaultSettings, methods, type CachePolicyName, type Method } from '../../src/shared/settings';
import type { Report } from '../../src/shared/snapshot';
import type { WherryRun } from './wherry';

/** One way to send pages. */
export interface Way {
  readonly method: Method;
  readonly xbzrle: 'on' | 'off';
  readonly policy: CachePolicyName;
}

const { cachePolicy } = defaultSettings;

/** Every method, with and without deltas, and the other policy. */
export const ways: readonly Way[] = [
  ...methods.flatMap((method) => [
    { method, xbzrle: 'off' as const, policy: cachePolicy },
    { method, xbzrle: 'on' as const, policy: cachePolicy },
  ]),
  { method: 'zstd', xbzrle: 'on', policy: 'lru' },
];

/**
 * The command's words for a migration that goes this way. What a guest that writes all the time has left after the first
 * pass may take two seconds: on a machine with other things to do the usual 300 ms might never be met.
 */
export function migrateWords(pair: { source: string; destination: string }, { method, xbzrle, policy }: Way): string[] {
  const addresses = ['--source', pair.source, '--destination', pair.destination];
  const cache = xbzrle === 'on' ? '64MiB' : '0';
  const threads = ['--compress-threads', '2', '--decompress-threads', '2'];
  const deltas = ['--xbzrle-cache', cache, '--cache-policy', policy];
  return ['migrate', ...addresses, '--method', method, ...deltas, ...threads, '--downtime-limit', '2s', '--json'];
}

/** Checks what holds for every completed run, and gives its report. */
export function expectCompleted(run: WherryRun, { method, xbzrle }: Way): Report {
  expect(run.result, run.stderr).toMatchObject({ status: 'completed', compression: { method } });
  expect(run.code).toBe(0);
  expect(run.events.filter(({ event }) => event === 'result')).toHaveLength(1);
  expect(run.stdout.split('\n')).toHaveLength(run.events.length + 1); // nothing but JSON lines
  const report = run.result;
  if (report === undefined) throw new Error('no result');

  const { pages, cache, compression } = report;
  expect(report.totalTimeMs).toBeGreaterThan(0);
  expect(report.rounds).toBeGreaterThan(0);
  expect(pages.duplicate).toBeGreaterThan(0);
  expect(pages.normal).toBeGreaterThan(0);
  if (xbzrle === 'on') {
    expect(pages.xbzrle).toBeGreaterThan(0);
    expect(cache.hits).toBeGreaterThanOrEqual(pages.xbzrle);
    expect(cache.hits + cache.misses).toBe(cache.lookups);
    expect(cache.overflow).toBe(pages.overflow);
    expect(cache.shards).toHaveLength(2);
    expect(cache.shards.reduce((sum, { lookups }) => sum + lookups, 0)).toBe(cache.lookups);
  } else expect({ pages, cache }).toMatchObject({ pages: { xbzrle: 0, overflow: 0 }, cache: { size: 0, hits: 0 } });
  if (method === 'none') expect(compression.compressedBytes).toBeGreaterThanOrEqual(compression.rawBytes);
  else expect(compression.compressedBytes).toBeLessThan(compression.rawBytes * 0.8);
  return report;
}
