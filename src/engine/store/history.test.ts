import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../shared/run-record';
import { defaultSettings } from '../../shared/settings';
import { History, maxRuns } from './history';
import { historyJson, summaryOf } from './run-file';
import { testFolder, testReport, testRun } from './testing';

async function filled(
  count: number,
  capacity?: number,
): Promise<{ readonly history: History; readonly folder: string }> {
  const folder = join(testFolder(), 'history');
  const history = new History(folder, capacity);
  for (let n = 1; n <= count; n += 1) await history.add(testRun(n));
  return { history, folder };
}

describe('History', () => {
  it('is empty where there is no folder', async () => {
    const history = new History(join(testFolder(), 'none'));
    expect(await history.list()).toEqual({ runs: [], refused: [] });
    expect(await history.all()).toEqual([]);
    await expect(history.get('last')).rejects.toThrow('the history is empty');
  });

  it('lists runs newest first, and has each of them whole', async () => {
    const { history } = await filled(3);
    const runs = [3, 2, 1].map((n) => testRun(n));
    expect(await history.list()).toEqual({ runs: runs.map(summaryOf), refused: [] });
    expect(await history.all()).toEqual(runs);
    expect(await history.get('last')).toEqual(testRun(3));
    expect(await history.get(testRun(2).id)).toEqual(testRun(2));
    expect(await history.get(testRun(2).id.slice(0, 15))).toEqual(testRun(2));
  });

  it('keeps every field it was given, known here or not', async () => {
    const history = new History(testFolder());
    const run = testRun(1, {
      changedSettings: { maxBandwidth: 5e6, level: 4 },
      report: {
        ...testReport,
        status: 'failed',
        downtimeMs: -3,
        downtimeErrorMs: 4.5,
        link: {
          ...{ roundTripMs: 9, roundTripMedianMs: 9.5, throughput: 7e6, maxBandwidth: 0, channels: 4 },
          ...{ clockOffsetMs: -12.3, clockErrorMs: 4.5, bytes: 9e6 },
        },
        error: { code: 'wire-closed', message: 'gone' },
        verdict: {
          ...{ kind: 'not converging', reason: 'link', words: 'the link gives no more' },
          advice: { words: 'a cache', effect: 'it would hold', change: { xbzrleCacheBytes: 2 ** 24 } },
        },
        ...{ later: { added: 1 } },
      },
    });
    await history.add(run);
    expect(await history.get('last')).toEqual(run);
  });

  it('does not guess which run is meant', async () => {
    const { history } = await filled(2);
    await expect(history.get('2026')).rejects.toThrow('the beginning of more than one');
    await expect(history.get('')).rejects.toThrow('expected an id');
    await expect(history.get('../profiles/x')).rejects.toThrow('expected an id from the history or last');
  });

  it('keeps the newest runs only', async () => {
    const { history, folder } = await filled(5, 3);
    expect((await history.list()).runs.map(({ id }) => id)).toEqual([5, 4, 3].map((n) => testRun(n).id));
    expect(readdirSync(folder)).toHaveLength(3);
    expect(maxRuns).toBe(200);
  });

  it('deletes runs, all that were named or none', async () => {
    const { history } = await filled(3);
    await expect(history.delete(['last', 'nonsense'])).rejects.toMatchObject({ code: 'usage' });
    expect((await history.list()).runs).toHaveLength(3);
    expect(await history.delete(['last', testRun(1).id, 'last'])).toEqual([testRun(3).id, testRun(1).id]);
    expect((await history.list()).runs.map(({ id }) => id)).toEqual([testRun(2).id]);
  });

  it.each([
    ['an id that is a path', { id: '../../20260131T120000000Z-00000001' }],
    ['a figure that is no number', { report: { ...testReport, wireBytes: Number.NaN } }],
    ['columns of different lengths', { series: { ...testRun(1).series, rounds: [1] } }],
    ['settings that will not do', { settings: { ...defaultSettings, level: 99 } }],
    ['an endless message', { report: { ...testReport, error: { code: 'internal', message: 'x'.repeat(2 ** 20) } } }],
  ] satisfies [string, Partial<RunRecord>][])('refuses to keep %s', async (_, changed) => {
    const folder = testFolder();
    await expect(new History(folder).add(testRun(1, changed))).rejects.toMatchObject({ code: 'store' });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a stored run', () => {
  const file = (folder: string): string => join(folder, `${testRun(9).id}.json`);
  const content = (changed: object): string =>
    JSON.stringify({ format: 'wherry-run', version: 1, ...testRun(9), ...changed });

  it.each([
    ['half a file', content({}).slice(0, 500), 'expected JSON'],
    ['another format', content({ format: 'wherry-profile' }), '"format": "wherry-run"'],
    ['a newer version', content({ version: 2 }), 'newer Wherry'],
    ['another id', content({ id: testRun(8).id }), 'does not belong in this file'],
    ['no report', content({ report: undefined }), 'report'],
    ['a status of its own', content({ report: { ...testReport, status: 'splendid' } }), 'report.status'],
    ['a verdict of its own', content({ report: { ...testReport, verdict: { kind: 'doomed' } } }), 'report.verdict'],
    ['too many points', content({ series: { elapsedMs: Array(601).fill(1) } }), 'series'],
  ])('with %s is refused with the reason, stays, and the rest is there', async (_, text, reason) => {
    const { history, folder } = await filled(2);
    writeFileSync(file(folder), text);
    const { runs, refused } = await history.list();
    expect(runs.map(({ id }) => id)).toEqual([testRun(2).id, testRun(1).id]);
    expect(refused.map((each) => each.file)).toEqual([file(folder)]);
    expect(refused[0]?.reason).toContain(reason);
    await expect(history.get('last')).rejects.toThrow(reason);
    expect(readFileSync(file(folder), 'utf8')).toBe(text);
    expect(await history.delete(['last'])).toEqual([testRun(9).id]);
  });

  it('had no link test where it is older than that', async () => {
    const { history, folder } = await filled(1);
    const { linkTest: _, ...settings } = testRun(9).settings;
    writeFileSync(file(folder), content({ settings }));
    expect((await history.get('last')).settings).toEqual({ ...settings, linkTest: false });
  });

  it('that is refused is removed by its file’s name, and no other is', async () => {
    const { history, folder } = await filled(2);
    writeFileSync(file(folder), content({ version: 2 }));
    const [refused] = (await history.list()).refused;
    expect(refused?.name).toBe(`${testRun(9).id}.json`);
    for (const name of [`${testRun(1).id}.json`, `../history/${testRun(9).id}.json`, testRun(9).id, 'last']) {
      await expect(history.removeRefused(name), name).rejects.toMatchObject({ code: 'usage' });
    }
    await history.removeRefused(refused?.name ?? '');
    const { runs, refused: left } = await history.list();
    expect([runs.length, left]).toEqual([2, []]);
  });

  it('may be anything at all', async () => {
    const { history, folder } = await filled(1);
    const part = fc.constantFrom('settings', 'changedSettings', 'report', 'series', 'startedAt', 'guest');
    const hostile = fc.oneof(
      fc.string(),
      fc.json(),
      fc.tuple(part, fc.jsonValue()).map(([name, value]) => content({ [name]: value })),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        writeFileSync(file(folder), text);
        const { runs, refused } = await history.list();
        expect(runs.length + refused.length).toBe(2);
        expect(runs.at(-1)?.id).toBe(testRun(1).id);
      }),
      { numRuns: 200 },
    );
  });

  it('is not what has another name, or is a folder', async () => {
    const { history, folder } = await filled(1);
    writeFileSync(join(folder, 'notes.json'), '{}');
    mkdirSync(file(folder));
    const { runs, refused } = await history.list();
    expect(runs).toHaveLength(1);
    expect(refused[0]?.reason).toContain('expected a plain file');
  });

  it('that cannot be read now is told of and stays, whatever it holds', async () => {
    const { history, folder } = await filled(1);
    symlinkSync(file(folder), file(folder)); // the system refuses to open what leads to itself
    const [refused] = (await history.list()).refused;
    expect(refused).toMatchObject({ unread: true, reason: expect.stringMatching(/could not read .*ELOOP/) as string });
    await expect(history.removeRefused(refused?.name ?? '')).rejects.toThrow('what it holds is not known, so it stays');
    expect((await history.list()).refused).toHaveLength(1);
  });
});

describe('historyJson', () => {
  it('has runs whole, under a version', () => {
    expect(JSON.parse(historyJson([testRun(1)]))).toEqual({ format: 'wherry-history', version: 1, runs: [testRun(1)] });
  });
});
