import { spawn, spawnSync } from 'node:child_process';

/** A failure whose message says everything: scripts print it without a stack. */
export class SetupError extends Error {}

/**
 * Runs a command in the foreground, its output on ours.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>} its exit code; 128 when a signal ended it
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    child.once('error', (cause) => reject(new SetupError(`Cannot run ${command}: ${cause.message}`)));
    child.once('close', (code) => resolve(code ?? 128));
  });
}

/**
 * Like `run`, but a failing command is an error.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export async function must(command, args, options) {
  const code = await run(command, args, options);
  if (code !== 0) throw new SetupError(`\`${[command, ...args].join(' ')}\` failed with exit code ${code}`);
}

/**
 * What a command prints, or nothing when it is not there or fails.
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {string | undefined}
 */
export function outputOf(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
  return done.status === 0 ? done.stdout : undefined;
}

/**
 * Ends a script on failure: purposeful failures as one line, others with their stack.
 * @param {Promise<number | void>} work resolves with the exit code, if it is not 0
 */
export function exitWith(work) {
  work.then(
    (code) => {
      process.exitCode = code ?? 0;
    },
    (/** @type {unknown} */ thrown) => {
      console.error(thrown instanceof SetupError ? `wherry: ${thrown.message}` : thrown);
      process.exitCode = 1;
    },
  );
}
