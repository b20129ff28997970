/** `npm start`: sets up, builds what has changed and opens the console; with no display, a demo in the terminal. */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasDisplay } from './electron-runtime.mjs';
import { isStale } from './stale.mjs';
import { exitWith, must, run } from './process.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = process.execPath;

/** What a build is made from. */
const sources = ['src', 'scripts/build-wasm.mjs', 'electron.vite.config.ts', 'svelte.config.mjs', 'package-lock.json'];
/** The last thing each part of a build writes. */
const products = ['out/main/index.cjs', 'out/main/wherry.cjs', 'out/preload/index.cjs', 'out/renderer/index.html'];

async function start() {
  const display = hasDisplay(process.env, process.platform);
  await must(node, [join(root, 'scripts/setup.mjs'), ...(display ? [] : ['--packages-only'])]);
  if (isStale(sources.flatMap(filesUnder).map(modified), products.map(modified))) {
    console.log('Building…');
    await must('npm', ['run', '--silent', 'build'], { cwd: root });
  }
  if (!display) console.log('There is no display here (DISPLAY and WAYLAND_DISPLAY are empty): a demo instead.');
  return run(node, [join(root, 'bin/wherry'), display ? 'console' : 'demo']);
}

/**
 * @param {string} path inside the project
 * @returns {readonly string[]}
 */
function filesUnder(path) {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap((name) => filesUnder(join(path, name)));
}

/**
 * @param {string} path inside the project
 * @returns {number | undefined} when it was last written, ms; nothing when it is not there
 */
function modified(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs;
}

exitWith(start());
