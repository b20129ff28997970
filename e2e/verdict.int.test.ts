import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMigration } from '../src/engine/migration';
import { defaultSettings, type SettingsChange } from '../src/shared/settings';
import type { Snapshot } from '../src/shared/snapshot';
import { type BundledWorkers, bundleWorkers } from './kit/bundled-workers';
import { samplePair } from './kit/pairs';

const mebibyte = 2 ** 20;
let workers: BundledWorkers;

beforeAll(async () => {
  process.env['NODE_PATH'] = resolve('node_modules'); // the bundles lie outside the project
  workers = await bundleWorkers(['compress', 'decompress']);
});
afterAll(() => workers.remove());

describe('a guest that writes more than 100 Mbit/s take as it is', () => {
  it('is said not to converge, why, and is brought to its end by what is advised', async () => {
    const pair = await samplePair({ memoryBytes: 96 * mebibyte, rate: 'max', fillBytes: 32 * mebibyte });
    const verdicts: Snapshot[] = [];
    const applied: SettingsChange[] = [];
    const run = startMigration({
      ...pair,
      settings: { ...defaultSettings, method: 'none', xbzrleCacheBytes: 0, maxBandwidth: 12.5e6, compressThreads: 2 },
      spawn: workers.spawn,
      onSnapshot: (snapshot) => {
        const { verdict } = snapshot;
        if (verdict?.kind !== verdicts.at(-1)?.verdict?.kind) verdicts.push(snapshot);
        const change = verdict?.kind === 'not converging' ? verdict.advice?.change : undefined;
        // Until a change is in force the advice stays what it was.
        if (change === undefined || JSON.stringify(change) === JSON.stringify(applied.at(-1))) return;
        applied.push(change);
        void run.control.change(change).catch(() => undefined);
      },
    });
    expect(await run.finished).toMatchObject({ status: 'completed', guestRunningOn: 'destination' });

    const stalled = verdicts.find(({ verdict }) => verdict?.kind === 'not converging');
    expect(stalled?.rounds).toBeLessThanOrEqual(8);
    expect(stalled?.verdict).toMatchObject({
      reason: 'link',
      words: expect.stringMatching(/each round begins with \d.* MB, \d.* MB would fit the downtime limit$/) as string,
      advice: { words: expect.any(String) as string, effect: expect.stringMatching(/\d/) as string },
    });
    expect(stalled).not.toHaveProperty('switchoverInMs');
    expect(verdicts[0]?.verdict).toEqual({ kind: 'too early' });
    expect(applied.length).toBeGreaterThan(0);
  });
});
