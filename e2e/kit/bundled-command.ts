import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { build } from 'vite';

/** The command as it ships, bundled into a folder of its own with the workers it starts. */
export interface BundledCommand {
  /** Starts `wherry` with these words. */
  start(...words: readonly string[]): RunningCommand;
  /** The same with a data folder of its own. */
  startIn(data: string, ...words: readonly string[]): RunningCommand;
  /** Ends what still runs and removes the folder. */
  remove(): void;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<Ended>;
  /** Resolves with standard output once it matches; rejects if the command ends before. */
  printed(pattern: RegExp): Promise<string>;
  /** The same of standard error. */
  said(pattern: RegExp): Promise<string>;
}

export interface Ended {
  /** Exit status, null when a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Bundles the command; a test then does not depend on an earlier build being there and up to date. */
export async function bundleCommand(): Promise<BundledCommand> {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-command-'));
  const programs = { wherry: 'src/cli/index.ts', ...workerPrograms('compress', 'decompress', 'builtin-guest') };
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true, external: ['@mongodb-js/zstd', 'pino'] },
    build: {
      ssr: true,
      target: 'node18',
      outDir: join(folder, 'out', 'main'),
      rolldownOptions: {
        input: Object.fromEntries(Object.entries(programs).map(([name, path]) => [name, resolve(path)])),
        output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'chunks/[name]-[hash].cjs' },
      },
    },
  });
  copyFileSync('package.json', join(folder, 'package.json'));
  const running = new Set<ChildProcess>();
  const startIn = (data: string, ...words: readonly string[]): RunningCommand => {
    const command = startCommand(folder, data, words);
    running.add(command.child);
    void command.ended.then(() => running.delete(command.child));
    return command;
  };
  return {
    start: (...words) => startIn(join(folder, 'data'), ...words),
    startIn,
    remove() {
      for (const child of running) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function workerPrograms(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `src/workers/${name}.ts`]));
}

function startCommand(folder: string, data: string, words: readonly string[]): RunningCommand {
  const child = spawn(process.execPath, [join(folder, 'out', 'main', 'wherry.cjs'), ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own, as a shell gives it
    // The path is for the native addon, which is not bundled.
    env: { ...process.env, NODE_PATH: resolve('node_modules'), WHERRY_DATA_DIR: data },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<Ended>((done) => child.once('close', (code) => done({ code, out, err })));
  const shows = (stream: Readable, text: () => string, pattern: RegExp): Promise<string> =>
    new Promise((done, fail) => {
      const look = (): void => {
        if (pattern.test(text())) done(text());
      };
      stream.on('data', look);
      look();
      void ended.then(({ code }) => fail(new Error(`ended with ${code} before printing ${pattern}: ${out}${err}`)));
    });
  return {
    child,
    out: () => out,
    err: () => err,
    ended,
    printed: (pattern) => shows(child.stdout, () => out, pattern),
    said: (pattern) => shows(child.stderr, () => err, pattern),
  };
}
