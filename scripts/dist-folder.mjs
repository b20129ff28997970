import { chmod, copyFile, cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { flipFuses, FuseV1Options, FuseVersion } from '@electron/fuses';
import { unbundled } from './bundling.mjs';
import { writeNotices } from './dist-licences.mjs';
import { consoleProgram, offlineRuntime, packagedApp, resolveElectron } from './electron-runtime.mjs';
import { SetupError } from './process.mjs';

/**
 * The unpacked folder, and what is said of it.
 * @typedef {object} Made
 * @property {string} folder its path
 * @property {string} version the package's: the project's, marked where the runtime is the offline one
 * @property {string} electron the runtime's version
 * @property {boolean} offline whether it was made with the offline runtime
 */

/** Parts of the built project that the programs read; the rest of it is for building and testing. */
const appParts = ['bin', 'out/main', 'out/preload', 'out/renderer', 'resources', 'LICENSE'];

/** What Electron needs of `package.json`. */
const appFields = ['name', 'version', 'description', 'license', 'type', 'main'];

/**
 * Fuses of the shipped runtime. `RunAsNode` stays: the `wherry` command is this very program run as Node, so that it
 * works on hosts without one. What is loaded lies in folders that only root can write, as the program itself does;
 * neither NODE_OPTIONS nor a debugger's switch gets anything else in. `OnlyLoadAppFromAsar` would add nothing where Node
 * is there anyway, and the archive's integrity check is not for Linux. The page comes from a scheme of ours, so `file:`
 * needs no privileges, and there are no cookies to encrypt, for which a keyring would have to be opened.
 */
const fuses = {
  [FuseV1Options.RunAsNode]: true,
  [FuseV1Options.EnableCookieEncryption]: false,
  [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
  [FuseV1Options.EnableNodeCliInspectArguments]: false,
  [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
};

/** The fuse that Electron 25's wire does not have yet. */
const newerFuses = { [FuseV1Options.GrantFileProtocolExtraPrivileges]: false };

/**
 * Puts the runtime and the built project together in a new folder under `out`.
 * @param {string} root folder of the project, built
 * @param {string} out
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Made>}
 * @throws {SetupError} where there is no runtime to ship
 */
export async function makeFolder(root, out, env) {
  const runtime = resolveElectron(root, env);
  if (!runtime) throw new SetupError('There is no Electron to ship; run: npm run setup');
  const { name, version } = await readPackage(root);
  const { offline, version: marked } = markOf(version, runtime);
  const folder = join(out, `${name}-${marked}-${process.platform}-${process.arch}`);
  await rm(folder, { recursive: true, force: true });
  await copyRuntime(runtime.path, folder);
  await setFuses(join(folder, consoleProgram), Number(runtime.version?.split('.')[0]));
  await copyApp(root, join(folder, packagedApp));
  await copyFile(join(root, 'packaging/wherry'), join(folder, 'wherry'));
  await writeNotices(root, join(folder, 'NOTICES'));
  return { folder, version: marked, electron: runtime.version ?? 'unknown', offline };
}

/**
 * What a package made with this runtime is called: the offline one is marked, wherever it was found.
 * @param {string} version the project's
 * @param {import('./electron-runtime.mjs').Runtime} runtime
 * @returns {Pick<Made, 'version' | 'offline'>}
 */
export function markOf(version, runtime) {
  const offline = runtime.from === 'offline runtime' || runtime.version === offlineRuntime.version;
  // A tilde sorts before the version itself: the package made with the normal runtime replaces this one.
  return { offline, version: offline ? `${version}~offline${runtime.version}` : version };
}

/**
 * Everything of the runtime but its own default application and the languages Wherry does not speak.
 * @param {string} program
 * @param {string} folder
 */
async function copyRuntime(program, folder) {
  const from = dirname(program);
  const isWanted = (/** @type {string} */ path) => {
    const [top, below] = relative(from, path).split('/');
    if (top === 'resources') return below === undefined;
    return top !== 'locales' || below === undefined || below === 'en-US.pak';
  };
  await cp(from, folder, { recursive: true, filter: isWanted });
  await rename(join(folder, basename(program)), join(folder, consoleProgram));
}

/** @param {string} program @param {number} major of the Electron it is */
async function setFuses(program, major) {
  const wire = { version: FuseVersion.V1, ...fuses, ...(major >= 29 && newerFuses) };
  await flipFuses(program, /** @type {import('@electron/fuses').FuseV1Config} */ (wire));
  await chmod(program, 0o755);
}

/**
 * @param {string} root
 * @param {string} app
 */
async function copyApp(root, app) {
  for (const part of appParts) await cp(join(root, part), join(app, part), { recursive: true });
  const all = await readPackage(root);
  const kept = Object.fromEntries(appFields.map((field) => [field, all[field]]));
  await writeFile(join(app, 'package.json'), `${JSON.stringify(kept, null, 2)}\n`);
  for (const name of unbundled.flatMap((name) => [name, `${name}-${process.platform}-${process.arch}-gnu`])) {
    await mkdir(dirname(join(app, 'node_modules', name)), { recursive: true });
    await cp(join(root, 'node_modules', name), join(app, 'node_modules', name), { recursive: true, dereference: true });
  }
}

/** @param {string} root */
async function readPackage(root) {
  /** @type {{ [field: string]: unknown, name: string, version: string }} */
  const fields = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return fields;
}
