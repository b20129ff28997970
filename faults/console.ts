import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { printed } from '../e2e/kit/printed';
import { consoleArguments, hasDisplay, resolveElectron } from '../scripts/electron-runtime.mjs';
import type { MigrationSettings } from '../src/shared/settings';
import type { RunView } from '../src/shared/contract';
import { Program } from './program';

/** The bundle is in a folder of `out`, the built console beside it. */
const root = join(__dirname, '..', '..');

/** So long a window may take to be there, on a machine with other things to do. */
const timeout = 90_000;

let screen: { readonly process: ChildProcess; readonly display: string } | undefined;

/** A migration by the console, told as the command's lines are: what its window could see, from the window's own calls. */
export async function startConsole(
  env: NodeJS.ProcessEnv,
  order: { readonly source: string; readonly destination: string; readonly settings: MigrationSettings },
): Promise<Program> {
  const runtime = resolveElectron(root, process.env);
  if (runtime === undefined || !existsSync(join(root, 'out/main/index.cjs'))) {
    throw new Error('no console to kill: npm run setup && npm run build');
  }
  const { _electron } = await import('@playwright/test');
  const electron = await _electron.launch({
    executablePath: runtime.path,
    args: [...consoleArguments(root, process.getuid?.())],
    cwd: root,
    env: { ...(env as Record<string, string>), ...(await display()) },
    timeout,
  });
  const program = Program.of(electron.process());
  const page = await electron.firstWindow({ timeout });
  await page.locator('main[aria-busy="false"]').waitFor({ timeout });
  const guest = await call<{ readonly id: string }>(page, 'addGuest', { address: order.source });
  const { destination, settings } = order;
  await call(page, 'startMigration', { guestId: guest.id, destination, settings });
  void follow(page, program).catch((error: unknown) => {
    if (program.code === undefined && !program.child.killed) program.stderr += `the window: ${String(error)}\n`;
  });
  return program;
}

/** Ends the screen that windows were shown on, if there was none of the machine's. */
export function closeScreen(): void {
  screen?.process.kill();
}

/** Tells of every change of state until the run has ended. */
async function follow(page: Page, program: Program): Promise<void> {
  let last: string | undefined;
  for (;;) {
    const { run } = await call<{ readonly run?: RunView }>(page, 'readConsole');
    const state = run?.snapshot?.state;
    if (state !== undefined && state !== last) program.say({ event: 'progress', state });
    last = state;
    if (run?.report !== undefined) return program.say({ event: 'result', ...run.report });
  }
}

/** One call of the contract, as the page itself makes it. */
async function call<Result>(page: Page, name: string, payload?: object): Promise<Result> {
  const outcome: unknown = await page.evaluate(
    `window.wherry.calls.${name}(${JSON.stringify(payload) ?? 'undefined'})`,
  );
  const { ok, value, failure } = outcome as { ok: boolean; value: Result; failure?: { readonly message: string } };
  if (!ok) throw new Error(`${name}: ${failure?.message}`);
  return value;
}

async function display(): Promise<Record<string, string>> {
  if (hasDisplay(process.env, process.platform)) return {};
  if (screen === undefined) {
    const server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1440x1000x24'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    process.once('exit', () => server.kill());
    const [, number = ''] = await printed(server, 'stdout', /^(\d+)\n/);
    screen = { process: server, display: `:${number}` };
  }
  return { DISPLAY: screen.display };
}
