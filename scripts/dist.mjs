/**
 * `npm run dist`: makes `dist/` from nothing: an unpacked folder that runs where it lies, and a Debian package of it.
 * Electron's own download is tried again first; where it is out of reach, the offline runtime is used and the package
 * says so in its version and its description.
 *
 *   --out FOLDER     where to (dist)
 *   --level N        zstd level of the package, 1 to 22 (19)
 */
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exitWith, must, SetupError } from './process.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function dist() {
  const { values } = parseArgs({
    options: { out: { type: 'string', default: 'dist' }, level: { type: 'string', default: '19' } },
  });
  const level = Number(values.level);
  if (!Number.isInteger(level) || level < 1 || level > 22) {
    throw new SetupError(`--level: expected a number from 1 to 22, got ${values.level}`);
  }
  await must(process.execPath, ['scripts/setup.mjs', '--retry-download'], { cwd: root });
  await must('npm', ['run', '--silent', 'build'], { cwd: root });
  // They need packages, which a fresh clone has only now.
  const { makePackage } = await import('./dist-debian.mjs');
  const { makeFolder } = await import('./dist-folder.mjs');
  const out = resolve(root, values.out);
  await mkdir(out, { recursive: true });
  const made = await makeFolder(root, out, process.env);
  console.log(made.folder);
  console.log(await makePackage(root, made, out, level));
  if (made.offline) {
    console.log(`Made with the offline Electron ${made.electron}: for development and tests only, and marked as such.`);
  }
}

exitWith(dist());
