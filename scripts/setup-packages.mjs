import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './process.mjs';

/** @typedef {{ version?: string, optional?: boolean, extraneous?: boolean }} LockedPackage */
/** @typedef {{ packages?: Record<string, LockedPackage> }} LockFile */

/**
 * Installs the npm packages when `node_modules` is not what `package-lock.json` says.
 * @param {string} root folder of the project
 */
export async function setUpPackages(root) {
  const wanted = readLock(join(root, 'package-lock.json'));
  // npm keeps its own account of what it installed; comparing with that needs no stamp of ours.
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'));
  const missing = missingPackages(wanted, installed, (folder) => existsSync(join(root, folder)));
  if (missing.length === 0) return;
  console.log(`Installing npm packages (${missing.length} missing or changed)…`);
  await must('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root });
}

/**
 * Which packages an installation lacks or has in another version. Optional ones may be absent (other platforms').
 * @param {LockFile} wanted
 * @param {LockFile} installed
 * @param {(folder: string) => boolean} isThere
 * @returns {readonly string[]}
 */
export function missingPackages(wanted, installed, isThere) {
  return Object.entries(wanted.packages ?? {})
    .filter(([folder, { version, optional, extraneous }]) => {
      if (folder === '') return false; // the project itself
      const have = installed.packages?.[folder];
      if (!have) return !optional && !extraneous;
      return have.version !== version || !isThere(folder);
    })
    .map(([folder]) => folder);
}

/**
 * @param {string} path
 * @returns {LockFile} empty when there is no such file
 */
function readLock(path) {
  return existsSync(path) ? /** @type {LockFile} */ (JSON.parse(readFileSync(path, 'utf8'))) : {};
}
