/** `npm test`: everything, in the order in which a failure is cheapest to find; stops at the first stage that fails. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasDisplay } from './electron-runtime.mjs';
import { exitWith, run } from './process.mjs';
import { total, triesFail } from './tally.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** On a machine with no display the window tests bring their own. */
const screen = hasDisplay(process.env, process.platform) ? [] : ['xvfb-run', '-a', '-s', '-screen 0 1440x1000x24'];

/** @type {readonly (readonly [title: string, command: readonly string[]])[]} */
const stages = [
  ['Set-up', [process.execPath, 'scripts/setup.mjs', '--for-tests']],
  ['Build', ['npm', 'run', '--silent', 'build']],
  ['Lint and format', ['npm', 'run', '--silent', 'lint']],
  ['Types', ['npm', 'run', '--silent', 'check']],
  ['Unit tests', ['npm', 'run', '--silent', 'test:unit']],
  ['Integration tests', ['npm', 'run', '--silent', 'test:int']],
  ['Window tests', [...screen, 'npm', 'run', '--silent', 'test:e2e']],
];

async function test() {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-test-'));
  const tally = join(folder, 'tally');
  writeFileSync(tally, '');
  try {
    const stopped = await runStages({ ...process.env, WHERRY_TALLY_FILE: tally });
    const { passed, failed: failures, skipped, again } = total(readFileSync(tally, 'utf8'));
    console.log(stopped ? `\nStopped: ${stopped} failed.` : '\nAll stages passed.');
    const failed = triesFail(again) || stopped !== undefined;
    // It can fail without a failing test (lint, a runner that dies, second tries); the last line must not hide that.
    console.log(
      `${passed} passed, ${Math.max(failures, failed ? 1 : 0)} failed${skipped > 0 ? `, ${skipped} not run` : ''}`,
    );
    return failed ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string | undefined>} title of the stage that failed
 */
async function runStages(env) {
  for (const [title, [command = '', ...args]] of stages) {
    console.log(`\n━━ ${title} ━━`);
    if ((await run(command, args, { cwd: root, env })) !== 0) return title;
  }
  return undefined;
}

exitWith(test());
