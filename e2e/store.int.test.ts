import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { exitCodes } from '../src/cli/exit-codes';
import { Profiles } from '../src/engine/store/profiles';
import type { ProfileList } from '../src/shared/profile';
import type { RunList, RunRecord } from '../src/shared/run-record';
import { defaultSettings } from '../src/shared/settings';
import { runWherry, type WherryRun } from './kit/wherry';

let folder: string;
let data: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wherry-store-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  data = mkdtempSync(join(folder, 'data-'));
});

const wherry = (...words: readonly string[]): Promise<WherryRun> => runWherry(words, undefined, data);

async function done(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await wherry(...words);
  expect({ code, stderr }).toEqual({ code: exitCodes.completed, stderr: expect.any(String) as string });
  return stdout;
}

const listed = async (): Promise<ProfileList> => JSON.parse(await done('profiles', 'list', '--json')) as ProfileList;
const history = async (): Promise<RunList> => JSON.parse(await done('history', 'list', '--json')) as RunList;

describe('a save that is killed half way', () => {
  /** Kills the program once it has written this many dots, wherever in a save it then is. */
  async function killAfter(child: ChildProcess, dots: number): Promise<void> {
    let written = 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      written += chunk.length;
      if (written >= dots) child.kill('SIGKILL');
    });
    await new Promise((ended) => child.once('close', ended));
    expect(written).toBeGreaterThanOrEqual(dots);
  }

  it('leaves the profile as it was or as it was to be, and every other one alone', async () => {
    const program = await saveLoop();
    const profiles = new Profiles(data);
    await profiles.save({ name: 'other', settings: defaultSettings }, { replace: false });
    const temporary = (): readonly string[] => readdirSync(data).filter((name) => name.endsWith('.tmp'));
    for (let round = 1; round <= 10; round += 1) {
      // In the last round the save is held where it is written and not yet in its place; before, it is anywhere.
      const halted = round === 10 ? [String(round - 1)] : [];
      const before = temporary().length;
      const child = spawn(process.execPath, [program, data, ...halted], { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => void child.kill('SIGKILL'));
      await killAfter(child, round);
      if (round === 10) expect(temporary().length).toBe(before + 1);
      const { profiles: all, refused } = await profiles.list();
      expect(refused).toEqual([]);
      expect(all.filter(({ shipped }) => !shipped).map(({ name }) => name)).toEqual(['busy', 'other']);
      expect((await profiles.get('other')).settings).toEqual(defaultSettings);
    }
    await profiles.save({ name: 'busy', settings: defaultSettings }, { replace: true });
    expect((await profiles.get('busy')).settings).toEqual(defaultSettings);
  });

  async function saveLoop(): Promise<string> {
    await build({
      configFile: false,
      logLevel: 'error',
      ssr: { noExternal: true },
      build: {
        ssr: true,
        target: 'node18',
        outDir: join(folder, 'save-loop'),
        rolldownOptions: {
          input: { loop: resolve('e2e/kit/save-loop.ts') },
          output: { format: 'cjs', entryFileNames: '[name].cjs' },
        },
      },
    });
    return join(folder, 'save-loop', 'loop.cjs');
  }
});

describe('wherry profiles', () => {
  it('saves, lists, shows and deletes', async () => {
    await done('profiles', 'save', 'Night', '--profile', 'slow link', '--max-bandwidth', '50Mbit');
    const { profiles } = await listed();
    expect(profiles.at(-1)).toMatchObject({
      name: 'Night',
      shipped: false,
      settings: { level: 6, maxBandwidth: 6.25e6, xbzrleCacheBytes: 256 * 2 ** 20 },
    });
    expect(await done('profiles', 'list')).toMatch(
      /^Night +own +--level 6 --xbzrle-cache 256MiB --max-bandwidth 50Mbit$/m,
    );
    expect(await done('profiles', 'show', 'night')).toMatch(/^Bandwidth limit +50Mbit$/m);
    await done('profiles', 'delete', 'Night');
    expect((await listed()).profiles.every(({ shipped }) => shipped)).toBe(true);
  });

  it('takes profiles to another folder', async () => {
    await done('profiles', 'save', 'one', '--level', '3');
    await done('profiles', 'save', 'two', '--method', 'none');
    const file = join(folder, 'exported.json');
    await done('profiles', 'export', '--output', file);
    expect(readFileSync(file, 'utf8')).toBe(await done('profiles', 'export', 'one', 'two'));
    const here = await listed();
    data = mkdtempSync(join(folder, 'data-'));
    await done('profiles', 'import', file);
    expect(await listed()).toEqual(here);
  });

  it('changes nothing for an import that is bad', async () => {
    await done('profiles', 'save', 'kept', '--level', '3');
    const before = await listed();
    const file = join(folder, 'bad.json');
    const good = { name: 'good', settings: {} };
    const bad = { name: 'kept', settings: { level: 'high' } };
    writeFileSync(file, JSON.stringify({ format: 'wherry-profiles', version: 1, profiles: [good, bad] }));
    const { code, stderr } = await wherry('profiles', 'import', file, '--replace');
    expect(code).toBe(exitCodes.failed);
    expect(stderr).toBe(
      `error: ${file}: nothing was imported: profile 2: Compression level: expected a whole number from 0 to 19, got "high"\n`,
    );
    expect(await listed()).toEqual(before);
  });

  it('names a file it could not read, and lists the rest', async () => {
    await done('profiles', 'save', 'fine', '--level', '3');
    const broken = join(data, 'profiles', `${'0'.repeat(32)}.json`);
    writeFileSync(broken, '{"format":');
    const { code, stdout, stderr } = await wherry('profiles', 'list');
    expect(code).toBe(exitCodes.completed);
    expect(stdout).toMatch(/^fine +own/m);
    expect(stderr).toContain(`not read: ${broken}: expected JSON`);
    expect(readFileSync(broken, 'utf8')).toBe('{"format":');
  });

  it.each([
    [['profiles', 'save', 'Fast link'], 'comes with Wherry'],
    [['profiles', 'save', 'x', '--level', '20'], 'zstd takes 1 to 19, got 20'],
    [['profiles', 'show', 'none'], 'expected one of Slow link'],
    [['profiles', 'import', '/nowhere.json'], 'there is no such file'],
    [['profiles', 'rename', 'a'], "unknown command 'rename'"],
    [['demo', '--profile', 'none'], 'expected one of Slow link'],
    [['history', 'show', 'last'], 'the history is empty'],
    [['history', 'compare', 'last'], 'expected 2 to 4 runs, got 1'],
    [['history', 'export', '--format', 'xml'], 'Allowed choices are json, csv'],
    [['history', 'export', '--series'], '--series is for --format csv'],
  ])('%j ends with 2 and says why', async (words, message) => {
    const { code, stdout, stderr } = await wherry(...words);
    expect({ code, stdout }).toEqual({ code: exitCodes.usage, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('wherry history', () => {
  const demo = ['demo', '--memory', '64MiB', '--compress-threads', '2'] as const;

  it('has every run, to list, show, compare, export and delete', async () => {
    await done('profiles', 'save', 'mine', '--level', '4', '--max-bandwidth', '400Mbit');
    const first = await wherry(...demo, '--profile', 'mine', '--json');
    const second = await wherry(...demo, '--profile', 'mine', '--level', '2', '--json');
    const { runs, refused } = await history();
    expect(refused).toEqual([]);
    expect(runs.map(({ settings }) => settings.level)).toEqual([2, 4]);
    for (const [index, run] of [second, first].entries()) {
      expect(runs[index]).toMatchObject({
        guest: 'built-in guest (seed, 64 MiB)',
        settings: { maxBandwidth: 50e6, compressThreads: 2 },
        report: { status: 'completed', wireBytes: run.result?.wireBytes, downtimeMs: run.result?.downtimeMs },
      });
      expect(runs[index]?.report.expectedDowntimeMs).toBe(run.result?.expectedDowntimeMs);
    }

    const [newest = '', oldest = ''] = runs.map(({ id }) => id);
    const whole = JSON.parse(await done('history', 'show', 'last', '--json')) as RunRecord;
    expect(whole.id).toBe(newest);
    expect(whole.series.elapsedMs.length).toBeGreaterThan(2);
    expect(whole.series.wireRate.some((rate) => (rate ?? 0) > 0)).toBe(true);

    expect(await done('history', 'compare', oldest, newest)).toMatch(/^≠ +Compression level +4 +2$/m);
    expect(await done('history', 'list')).toMatch(new RegExp(`^${newest} +built-in guest`, 'm'));
    expect(await done('history', 'show', oldest)).toMatch(/^Outcome +completed$/m);

    expect((await done('history', 'export', '--format', 'csv')).split('\r\n')).toHaveLength(4);
    const points = await done('history', 'export', 'last', '--format', 'csv', '--series');
    expect(points.split('\r\n')).toHaveLength(whole.series.elapsedMs.length + 2);
    const exported = JSON.parse(await done('history', 'export')) as { readonly runs: readonly RunRecord[] };
    expect(exported.runs[0]).toEqual(whole);

    await done('history', 'delete', 'last');
    expect((await history()).runs.map(({ id }) => id)).toEqual([oldest]);
  });

  it('has a migration that never began, and why', async () => {
    const nobody = join(folder, 'nobody.qmp');
    const { code } = await wherry('migrate', '--source', nobody, '--destination', nobody);
    expect(code).toBe(exitCodes.failed);
    const [run] = (await history()).runs;
    expect(run).toMatchObject({ guest: nobody, report: { status: 'failed', error: { code: 'qmp-unreachable' } } });
  });

  it('that cannot be written is a warning, and the migration counts', async () => {
    writeFileSync(join(data, 'history'), 'in the way');
    const { code, result, stderr } = await wherry(...demo, '--json');
    expect(code).toBe(exitCodes.completed);
    expect(result?.status).toBe('completed');
    expect(stderr).toContain('This run is not in the history: could not write');
  });
});
