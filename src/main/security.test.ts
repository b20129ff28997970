import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** The sources under a folder of `src`, tests left out. */
function sources(folder: string): readonly (readonly [file: string, text: string])[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    if (!/\.(ts|svelte|html)$/.test(entry.name) || /\.test\.ts$/.test(entry.name)) return [];
    return [[path, readFileSync(path, 'utf8')] as const];
  });
}

const shell = join(__dirname, '..');
const window = ['main', 'preload', 'renderer'].flatMap((room) => sources(join(shell, room)));

/** What the window's code must not hold anywhere; each would open a way that the rest keeps shut. */
const forbidden: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['another program opened by an address', /\bshell\b.*from 'electron'|openExternal|openPath/],
  ['a process started beside the fixed list', /from 'node:child_process'|require\('child_process'\)/],
  ['the sandbox of the whole program, which the offline runtime does not start with', /enableSandbox\(/],
  ['a page loaded by its path', /\.loadFile\(|file:\/\/\//],
  ['code run in the page from outside', /executeJavaScript|insertCSS/],
  ['markup from a text', /\{@html|innerHTML|insertAdjacentHTML/],
  ['code from a text', /\beval\(|new Function\(/],
  ['Node in the page', /nodeIntegration\w*: true|contextIsolation: false|sandbox: false|webSecurity: false/],
  ['an experiment of Chromium’s', /experimentalFeatures: true|enableBlinkFeatures/],
  ['a message without a check', /ipcMain\.(on|once|handleOnce)\(/],
];

it.each(forbidden)('the window’s code holds no %s', (_, pattern) => {
  expect(window.length).toBeGreaterThan(50);
  expect(window.filter(([, text]) => pattern.test(text)).map(([file]) => file)).toEqual([]);
});

/** The processes of the whole program are started by their path, with words, and never by a line for a shell. */
it('starts processes without a shell, the fixed list alone', () => {
  const all = sources(shell);
  const starting = all.filter(([, text]) => text.includes("from 'node:child_process'"));
  const imported = starting.flatMap(([, text]) =>
    (/import \{([^}]*)\} from 'node:child_process'/.exec(text)?.[1] ?? '').split(','),
  );
  const functions = imported.map((name) => name.trim()).filter((name) => !name.startsWith('type '));
  expect(new Set(functions)).toEqual(new Set(['fork', 'spawn', 'spawnSync']));
  expect(all.filter(([, text]) => /\bshell: true/.test(text)).map(([file]) => file)).toEqual([]);
});

it('answers messages in one place, behind the guard', () => {
  const answering = window.filter(([, text]) => text.includes('ipcMain.handle(')).map(([file]) => file);
  expect(answering).toEqual([join(shell, 'main', 'ipc.ts')]);
});

it('lets the preload reach nothing but the contract', () => {
  const [, preload = ''] = window.find(([file]) => file.endsWith(join('preload', 'index.ts'))) ?? [];
  const imported = [...preload.matchAll(/from '([^']+)'/g)].map(([, from]) => from);
  expect(imported).toEqual(['electron', '../shared/contract']);
});
