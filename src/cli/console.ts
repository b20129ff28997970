import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from 'commander';
import { consoleArguments, hasDisplay, resolveElectron } from '../../scripts/electron-runtime.mjs';
import { WherryError } from '../shared/failure';

/** Folder of the project: the bundle in `out/main` and this file are equally far from it. */
export const projectRoot = join(__dirname, '..', '..');

/** Adds `wherry console`, which opens the window and lasts as long as it does. */
export function registerConsole(program: Command): void {
  program
    .command('console')
    .description('open the console window')
    .action(async () => {
      process.exitCode = await openConsole(projectRoot, process.env);
    });
}

/**
 * Starts Electron on the project.
 * @returns its exit status; 1 when a signal ended it
 * @throws WherryError `worker` that says what is missing and how to mend it
 */
export async function openConsole(root: string, env: NodeJS.ProcessEnv): Promise<number> {
  if (!hasDisplay(env, process.platform)) {
    throw new WherryError(
      'worker',
      'The console needs a display, and DISPLAY and WAYLAND_DISPLAY are both empty; every other command works without.',
    );
  }
  const electron = resolveElectron(root, env);
  if (electron === undefined) {
    throw new WherryError('worker', 'Electron: expected a runtime, found none; run `npm run setup` in the project.');
  }
  const args = consoleArguments(root, process.getuid?.(), electron.from);
  if (args.includes('--no-sandbox')) console.error('Running as root, so without Chromium’s sandbox.');
  const { ELECTRON_RUN_AS_NODE: _plainNode, ...cleanEnv } = env; // it would make Electron a plain Node
  return new Promise((resolve, reject) => {
    const child = spawn(electron.path, args, { stdio: 'inherit', env: cleanEnv });
    child.once('error', (cause) => {
      reject(new WherryError('worker', `Electron did not start: ${cause.message}`, { cause }));
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
}
