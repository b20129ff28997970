import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** @typedef {{ version?: string, license?: string, dev?: boolean, devOptional?: boolean, optional?: boolean }} Locked */

/** Needed for building only, says npm, but what the page is made of is in its bundle. */
const inPage = ['node_modules/svelte', 'node_modules/clsx', 'node_modules/esm-env'];

/**
 * Writes the licences of all npm packages whose code is shipped, bundled or not, into one file. Electron's and Chromium's
 * own come with the runtime.
 * @param {string} root folder of the project
 * @param {string} file
 */
export async function writeNotices(root, file) {
  const lock = /** @type {{ packages: Record<string, Locked> }} */ (
    JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'))
  );
  const notices = [];
  for (const [folder, locked] of shipped(lock.packages)) {
    const text = await licenceIn(join(root, folder));
    if (locked.optional && (text === undefined || folder.endsWith('-musl'))) continue; // for another platform
    const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
    notices.push(`${name} ${locked.version} (${locked.license})\n\n${(text ?? '').trim()}\n`);
  }
  const line = `${'-'.repeat(80)}\n`;
  await writeFile(file, `Wherry contains the following packages.\n\n${line}${notices.join(`\n${line}`)}`);
}

/**
 * @param {Record<string, Locked>} packages
 * @returns {readonly (readonly [folder: string, locked: Locked])[]}
 */
export function shipped(packages) {
  return Object.entries(packages).filter(
    ([folder, { dev, devOptional }]) => folder !== '' && ((!dev && !devOptional) || inPage.includes(folder)),
  );
}

/**
 * @param {string} folder of a package
 * @returns {Promise<string | undefined>} empty when it carries none, nothing when it is not installed
 */
async function licenceIn(folder) {
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) return undefined;
  const texts = names.filter((name) => /^(licen[cs]e|notice)/i.test(name)).sort();
  return (await Promise.all(texts.map((name) => readFile(join(folder, name), 'utf8')))).join('\n');
}
