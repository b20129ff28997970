import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importLaw } from './import-law.mjs';

/** A folder for every room, two for the engine's rooms: `wire` and `receive` are alike but may not meet. */
const folders = {
  shared: 'src/shared',
  host: 'src/host',
  codec: 'src/codec',
  qmp: 'src/engine/qmp',
  stream: 'src/engine/stream',
  dispatch: 'src/engine/dispatch',
  wire: 'src/engine/wire',
  receive: 'src/engine/receive',
  store: 'src/engine/store',
  engine: 'src/engine',
  guest: 'src/guest',
  workers: 'src/workers',
  cli: 'src/cli',
  main: 'src/main',
  preload: 'src/preload',
  renderer: 'src/renderer',
  scripts: 'scripts',
} as const;
type Folder = keyof typeof folders;

/** The law a second time, on purpose in other words than the table under test. */
const legal: Readonly<Record<Folder, readonly Folder[]>> = {
  shared: [],
  host: ['shared'],
  codec: ['shared', 'host'],
  qmp: ['shared', 'codec'],
  stream: ['shared', 'codec'],
  dispatch: ['shared', 'codec'],
  wire: ['shared', 'codec'],
  receive: ['shared', 'codec'],
  store: ['shared'],
  engine: ['shared', 'host', 'codec', 'qmp', 'stream', 'dispatch', 'wire', 'receive'],
  guest: ['shared', 'host', 'qmp', 'stream'],
  workers: ['shared', 'codec', 'guest'],
  cli: ['shared', 'host', 'engine', 'qmp', 'stream', 'dispatch', 'wire', 'receive', 'store', 'guest', 'scripts'],
  main: ['shared', 'host', 'engine', 'qmp', 'stream', 'dispatch', 'wire', 'receive', 'store', 'guest'],
  preload: ['shared'],
  renderer: ['shared'],
  scripts: [],
};
const names = Object.keys(folders) as Folder[];

let root = '';
let eslint: ESLint;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'wherry-import-law-'));
  for (const folder of Object.values(folders)) {
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, folder, 'target.ts'), 'export const target = 1;\n');
  }
  eslint = new ESLint({
    cwd: root,
    overrideConfigFile: true,
    overrideConfig: [{ files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } }, importLaw(root)],
  });
});
afterAll(() => rmSync(root, { recursive: true }));

/** The law's complaints about one file in `from` that holds `code`. */
async function complaints(from: Folder, code: string): Promise<readonly (string | null)[]> {
  const [result] = await eslint.lintText(code, { filePath: join(root, folders[from], 'source.ts') });
  return (result?.messages ?? []).map((message) => message.ruleId ?? message.message);
}

/** How a file in `from` would name the target in `to`. */
function pathBetween(from: Folder, to: Folder): string {
  const path = relative(join(root, folders[from]), join(root, folders[to], 'target'));
  return path.startsWith('.') ? path : `./${path}`;
}

describe.each(names)('a file in %s', (from) => {
  it.each(names)('and its imports from %s', async (to) => {
    const code = `import { target } from '${pathBetween(from, to)}';\nimport type { target as t } from '${pathBetween(from, to)}';\n`;
    const allowed = from === to || legal[from].includes(to);
    expect(await complaints(from, code)).toEqual(allowed ? [] : Array(2).fill('boundaries/dependencies'));
  });

  it('imports electron only in the shell', async () => {
    const allowed = from === 'main' || from === 'preload';
    expect(await complaints(from, "import { app } from 'electron';\n")).toEqual(
      allowed ? [] : ['boundaries/dependencies'],
    );
  });

  it('imports packages and Node freely', async () => {
    expect(await complaints(from, "import 'node:fs';\nimport 'commander';\n")).toEqual([]);
  });
});

describe('the law', () => {
  it('also sees re-exports and dynamic imports', async () => {
    const path = pathBetween('codec', 'engine');
    expect(await complaints('codec', `export * from '${path}';\nvoid import('${path}');\n`)).toEqual([
      'boundaries/dependencies',
      'boundaries/dependencies',
    ]);
  });

  it('refuses a file that belongs to no room', async () => {
    const [result] = await eslint.lintText('export {};\n', {
      filePath: join(dirname(join(root, 'src/x')), 'stray.ts'),
    });
    expect(result?.messages.map((message) => message.ruleId)).toEqual(['boundaries/no-unknown-files']);
  });
});
