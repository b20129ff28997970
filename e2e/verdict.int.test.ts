import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMigration } from '../src/engine/migration';
import { defaultSettings, type MigrationSettings, type SettingsChange } from '../src/shared/settings';
import type { Snapshot } from '../src/shared/snapshot';
import { troubleOf } from '../src/shared/verdict';
import { type BundledWorkers, bundleWorkers } from './kit/bundled-workers';
import { samplePair } from './kit/pairs';

const mebibyte = 2 ** 20;
let workers: BundledWorkers;

beforeAll(async () => {
  process.env['NODE_PATH'] = resolve('node_modules'); // the bundles lie outside the project
  workers = await bundleWorkers(['compress', 'decompress']);
});
afterAll(() => workers.remove());

/** Settings with which such a guest gets nowhere, or not before it is helped. */
const slow: readonly (readonly [string, Partial<MigrationSettings>])[] = [
  ['a cache far too small', { method: 'none', xbzrleCacheBytes: mebibyte, maxBandwidth: 6.25e6 }],
  ['a compressor far too slow', { method: 'zlib', level: 9, compressThreads: 1, xbzrleCacheBytes: 0 }],
  ['a limit far too tight', { method: 'none', xbzrleCacheBytes: 0, maxBandwidth: 12.5e6, downtimeLimitMs: 20 }],
];

/** Moves a guest that writes all the time, doing what is advised as soon as it is. */
async function followed(some: Partial<MigrationSettings>) {
  const pair = await samplePair({ memoryBytes: 96 * mebibyte, rate: 'max', fillBytes: 32 * mebibyte });
  const verdicts: Snapshot[] = [];
  const applied: SettingsChange[] = [];
  const run = startMigration({
    ...pair,
    settings: { ...defaultSettings, compressThreads: 2, ...some },
    spawn: workers.spawn,
    onSnapshot: (snapshot) => {
      const { verdict } = snapshot;
      if (verdict?.kind !== verdicts.at(-1)?.verdict?.kind) verdicts.push(snapshot);
      const change = troubleOf(verdict)?.advice?.change;
      // Until a change is in force the advice stays what it was.
      if (change === undefined || JSON.stringify(change) === JSON.stringify(applied.at(-1))) return;
      applied.push(change);
      void run.control.change(change).catch(() => undefined);
    },
  });
  return { report: await run.finished, verdicts, applied };
}

describe('a guest that writes more than 50 Mbit/s take as it is', () => {
  it('is said not to converge, why, and is brought to its end by what is advised', async () => {
    const { report, verdicts, applied } = await followed({
      method: 'none',
      xbzrleCacheBytes: 0,
      maxBandwidth: 6.25e6,
    });
    expect(report).toMatchObject({ status: 'completed', guestRunningOn: 'destination' });
    const stalled = verdicts.find(({ verdict }) => verdict?.kind === 'not converging');
    expect(stalled?.rounds).toBeLessThanOrEqual(8);
    expect(stalled?.verdict).toMatchObject({
      reason: 'link',
      words: expect.stringMatching(
        /each round begins with \d.* MB, \d.* [kM]B would fit the downtime limit$/,
      ) as string,
      advice: { words: expect.any(String) as string, effect: expect.stringMatching(/\d times/) as string },
    });
    expect(stalled).not.toHaveProperty('switchoverInMs');
    expect(verdicts[0]?.verdict?.kind).toBe('too early');
    // What costs nobody anything comes first; seventeen times the bandwidth, which would do at once, is never asked for.
    expect([['method', 'level'], ['xbzrleCacheBytes']]).toContainEqual(Object.keys(applied[0] ?? {}));
    const { maxBandwidth = 0 } = applied.find((change) => change.maxBandwidth !== undefined) ?? {};
    expect(maxBandwidth / 6.25e6).toBeLessThanOrEqual(4);
  });
});

describe('a guest that writes all the time', () => {
  it.each(slow)('is brought to its end by what is advised, from %s', async (_, some) => {
    const { report } = await followed(some);
    expect(report).toMatchObject({ status: 'completed', guestRunningOn: 'destination' });
  });

  it('has its timeout told of long before, and a report that says what would have helped', async () => {
    const pair = await samplePair({ memoryBytes: 96 * mebibyte, rate: 'max', fillBytes: 32 * mebibyte });
    const seen: Snapshot[] = [];
    const run = startMigration({
      ...pair,
      // 49 MB at 250 kB/s: more than three minutes.
      settings: { ...defaultSettings, method: 'none', xbzrleCacheBytes: 0, maxBandwidth: 250e3, timeoutMs: 90_000 },
      spawn: workers.spawn,
      onSnapshot: (snapshot) => {
        seen.push(snapshot);
        if (snapshot.verdict?.kind === 'too slow') run.cancel();
      },
    });
    const report = await run.finished;
    const early = seen.find(({ verdict }) => verdict?.kind === 'too slow');
    expect(early).toMatchObject({ state: 'bulk', roundLeftBandMs: { high: expect.any(Number) as number } });
    expect(early?.verdict).toMatchObject({
      words: expect.stringMatching(/^the first pass alone takes .* more, .*: it is then cancelled$/) as string,
    });
    expect(report).toMatchObject({ status: 'cancelled', guestRunningOn: 'source', verdict: { kind: 'too slow' } });
    expect(report).not.toHaveProperty('timedOut');
    expect(seen.at(-1)?.expectedDowntimeMs).toEqual(report.expectedDowntimeBandMs);
  });
});
