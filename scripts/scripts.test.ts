import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { consoleArguments, hasDisplay, offlineFolder, resolveElectron } from './electron-runtime.mjs';
import { shipped } from './dist-licences.mjs';
import { missingDebian } from './setup-debian.mjs';
import { setUpElectron } from './setup-electron.mjs';
import { missingPackages } from './setup-packages.mjs';
import { isStale } from './stale.mjs';
import { secondTry, total, triesFail } from './tally.mjs';

/** What a script needs before its first line runs: everything it imports, and what that imports. */
function neededBy(file: string, known = new Set<string>()): ReadonlySet<string> {
  const text = readFileSync(file, 'utf8');
  for (const [, from = ''] of text.matchAll(/^(?:import|export)\s(?:[^;]*?\sfrom\s)?'([^']+)';/gm)) {
    const name = from.startsWith('.') ? resolve(dirname(file), from) : from;
    if (known.has(name)) continue;
    known.add(name);
    if (from.startsWith('.')) neededBy(name, known);
  }
  return known;
}

it.each(['setup', 'start', 'test', 'dist'])('%s.mjs begins in a clone that has no packages yet', (name) => {
  const needed = neededBy(join(__dirname, `${name}.mjs`));
  expect(needed.has(join(__dirname, 'process.mjs'))).toBe(true);
  expect([...needed].filter((each) => !/^(node:|\/)/.test(each))).toEqual([]);
});

describe('resolveElectron', () => {
  let root = '';
  let env: NodeJS.ProcessEnv = {};
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'wherry-runtime-'));
    env = { XDG_CACHE_HOME: join(root, 'cache') };
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function put(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  it('finds nothing where nothing is', () => {
    expect(resolveElectron(root, env)).toBeUndefined();
  });

  it('prefers the environment to the download, and the download to the offline runtime', () => {
    const offline = offlineFolder(env);
    put(join(offline, 'electron'), '');
    put(join(offline, 'version'), '25.1.1');
    expect(resolveElectron(root, env)).toEqual({
      path: join(offline, 'electron'),
      version: '25.1.1',
      from: 'offline runtime',
    });

    const installed = join(root, 'node_modules/electron');
    put(join(installed, 'path.txt'), 'electron');
    expect(resolveElectron(root, env)?.from).toBe('offline runtime'); // the download was cut short
    put(join(installed, 'dist/electron'), '');
    put(join(installed, 'dist/version'), 'v45.4.1\n');
    expect(resolveElectron(root, env)).toMatchObject({ version: '45.4.1', from: 'downloaded' });

    const mine = { ...env, ELECTRON_OVERRIDE_DIST_PATH: join(root, 'mine') };
    expect(resolveElectron(root, mine)).toBeUndefined(); // never silently another than the one asked for
    put(join(root, 'mine/electron'), '');
    expect(resolveElectron(root, mine)).toEqual({
      path: join(root, 'mine/electron'),
      version: undefined,
      from: 'override',
    });
  });

  it('says of the offline runtime that it is for development and tests', async () => {
    put(join(offlineFolder(env), 'electron'), '');
    put(join(offlineFolder(env), 'version'), '25.1.1');
    const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    onTestFinished(() => said.mockRestore());
    await setUpElectron(root, env, { retryDownload: false });
    expect(said.mock.calls.flat().join()).toContain(
      'Using the offline Electron 25.1.1: for development and tests only.',
    );
  });

  it('takes the runtime it is packed with before all others', () => {
    const mine = { ...env, ELECTRON_OVERRIDE_DIST_PATH: join(root, 'mine') };
    put(join(root, 'mine/electron'), '');
    expect(resolveElectron(join(root, 'resources/app'), mine)?.from).toBe('override');
    put(join(root, 'wherry-console'), '');
    expect(resolveElectron(join(root, 'resources/app'), mine)?.from).toBe('package');
    expect(consoleArguments('/w', 1000, 'package')).toEqual([]); // it knows its application
  });

  it('gives up the sandbox for root alone', () => {
    expect(consoleArguments('/w', 0)).toEqual(['--no-sandbox', '/w']);
    expect(consoleArguments('/w', 1000)).toEqual(['/w']);
    expect(consoleArguments('/w', undefined)).toEqual(['/w']);
  });

  it('asks for a display on Linux only', () => {
    expect(hasDisplay({}, 'linux')).toBe(false);
    expect(hasDisplay({ DISPLAY: '' }, 'linux')).toBe(false);
    expect(hasDisplay({ DISPLAY: ':0' }, 'linux')).toBe(true);
    expect(hasDisplay({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux')).toBe(true);
    expect(hasDisplay({}, 'darwin')).toBe(true);
  });
});

describe('shipped', () => {
  it('is what runs, and what the page is made of', () => {
    const packages = {
      '': {},
      'node_modules/a': {},
      'node_modules/b': { dev: true },
      'node_modules/c': { devOptional: true },
      'node_modules/svelte': { dev: true },
    };
    expect(shipped(packages).map(([folder]) => folder)).toEqual(['node_modules/a', 'node_modules/svelte']);
  });
});

describe('missingPackages', () => {
  const wanted = { packages: { '': {}, a: { version: '1.0.0' }, b: { version: '2.0.0', optional: true } } };

  it('wants all but the project itself and what is optional', () => {
    expect(missingPackages(wanted, {}, () => true)).toEqual(['a']);
    expect(missingPackages(wanted, { packages: { a: { version: '1.0.0' } } }, () => true)).toEqual([]);
  });

  it('sees another version, and a folder that was removed', () => {
    const installed = { packages: { a: { version: '1.0.1' }, b: { version: '2.0.0' } } };
    expect(missingPackages(wanted, installed, () => true)).toEqual(['a']);
    expect(missingPackages(wanted, installed, (folder) => folder !== 'b')).toEqual(['a', 'b']);
  });
});

describe('missingDebian', () => {
  it('counts installed packages and what they provide, not remains of removed ones', () => {
    const listing = [
      'installed\tlibnss3\t',
      'installed\tlibgtk-3-0t64\tlibgtk-3-0 (= 3.24.41), other',
      'config-files\txvfb\t',
    ].join('\n');
    expect(missingDebian(['libnss3', 'libgtk-3-0', 'other', 'xvfb', 'xauth'], listing)).toEqual(['xvfb', 'xauth']);
  });
});

describe('isStale', () => {
  it('compares the newest source with the oldest product', () => {
    expect(isStale([1, 2], [3, 4])).toBe(false);
    expect(isStale([1, 5], [3, 6])).toBe(true);
    expect(isStale([undefined, 2], [3])).toBe(false);
    expect(isStale([1], [3, undefined])).toBe(true);
  });
});

describe('total', () => {
  it('adds up what the runners reported', () => {
    const lines = [
      '{"passed":3,"failed":1,"skipped":0,"again":["a: b"]}',
      '{"passed":4,"failed":0,"skipped":2,"again":["c: d"]}',
      '',
    ];
    expect(total(lines.join('\n'))).toEqual({ passed: 7, failed: 1, skipped: 2, again: ['a: b', 'c: d'] });
  });
});

describe('tests that passed at the second try', () => {
  it('are named with what had failed, and fail the whole from the third on', () => {
    const log = vi.spyOn(console, 'log').mockReturnValue(undefined);
    const error = vi.spyOn(console, 'error').mockReturnValue(undefined);
    onTestFinished(() => void vi.restoreAllMocks());
    const [first, second, third] = [
      secondTry('one', 'it \u001b[31mbroke\u001b[39m\nat x'),
      secondTry('two', undefined),
      secondTry('3', ''),
    ];
    expect(triesFail([])).toBe(false);
    expect(log).not.toHaveBeenCalled();
    expect(triesFail([first, second])).toBe(false);
    expect(log).toHaveBeenCalledWith(
      'Passed only at the second try:\n  one: it broke\n  two: its failure was not reported',
    );
    expect(error).not.toHaveBeenCalled();
    expect(triesFail([first, second, third])).toBe(true);
    expect(error).toHaveBeenCalledWith('At most 2 may need one: this is a failure.');
  });
});
