import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  chmod,
  copyFile,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { must, outputOf, SetupError } from './process.mjs';
import { runtimePackages } from './setup-debian.mjs';

/** @typedef {import('./dist-folder.mjs').Made} Made */

const home = 'usr/lib/wherry';
const documents = 'usr/share/doc/wherry';

/** Debian's names of processors, by Node's. */
const architectures = /** @type {Readonly<Record<string, string>>} */ ({ x64: 'amd64', arm64: 'arm64' });

/** Libraries whose packages Debian 13 and Ubuntu 24.04 renamed for 64-bit time. */
const renamed = ['libgtk-3-0', 'libasound2'];

/** Files of the project that go into the package as they are. */
export const plainFiles = {
  'packaging/wherry.desktop': 'usr/share/applications/wherry.desktop',
  'packaging/wherry.svg': 'usr/share/icons/hicolor/scalable/apps/wherry.svg',
  'packaging/wherry.png': 'usr/share/icons/hicolor/256x256/apps/wherry.png',
  'docs/operations.md': `${documents}/operations.md`,
  'packaging/wherry-receive@.service': 'usr/lib/systemd/system/wherry-receive@.service',
};

/**
 * Makes the Debian package of an unpacked folder.
 * @param {string} root folder of the project
 * @param {Made} made
 * @param {string} out where the package goes
 * @param {number} level of zstd
 * @returns {Promise<string>} its path
 */
export async function makePackage(root, made, out, level) {
  const architecture = architectures[process.arch];
  if (process.platform !== 'linux' || !architecture) {
    throw new SetupError(
      `A Debian package: expected Linux on x64 or arm64, got ${process.platform} on ${process.arch}`,
    );
  }
  const tree = await mkdtemp(join(tmpdir(), 'wherry-package-'));
  try {
    await fill(root, made, tree);
    await writeControl(root, made, tree, architecture);
    await setModes(tree);
    const file = join(out, `wherry_${made.version}_${architecture}.deb`);
    const how = ['--root-owner-group', '-Zzstd', `-z${level}`];
    await must('dpkg-deb', ['--build', ...how, tree, file], { stdio: ['ignore', 'ignore', 'inherit'] });
    return file;
  } finally {
    await rm(tree, { recursive: true });
  }
}

/**
 * @param {string} root
 * @param {Made} made
 * @param {string} tree
 */
async function fill(root, made, tree) {
  await cp(made.folder, join(tree, home), { recursive: true });
  await put(tree, 'usr/bin/wherry', (path) => symlink('../lib/wherry/wherry', path));
  for (const [from, to] of Object.entries(plainFiles)) {
    await put(tree, to, (path) => copyFile(join(root, from), path));
  }
  await put(tree, `${documents}/copyright`, async (path) => writeFile(path, await copyright(root)));
  const manual = outputOf(process.execPath, [join(root, 'bin/wherry'), 'manual']);
  if (!manual) throw new SetupError('`wherry manual` printed no manual page');
  await put(tree, 'usr/share/man/man1/wherry.1.gz', (path) => writeFile(path, gzipSync(manual, { level: 9 })));
  const readme = gzipSync(await readFile(join(root, 'README.md')), { level: 9 });
  await put(tree, `${documents}/README.md.gz`, (path) => writeFile(path, readme));
}

/**
 * Nothing of the maker's umask stays. Where the kernel lets no ordinary user make namespaces, Chromium's sandbox is a
 * helper, owned by root and setuid.
 * @param {string} tree
 */
async function setModes(tree) {
  await must('chmod', ['-R', 'u=rwX,go=rX', tree]);
  await chmod(join(tree, home, 'chrome-sandbox'), 0o4755);
}

/**
 * @param {string} tree
 * @param {string} name
 * @param {(path: string) => Promise<void>} write
 */
async function put(tree, name, write) {
  await mkdir(dirname(join(tree, name)), { recursive: true });
  await write(join(tree, name));
}

/** @param {string} root */
async function copyright(root) {
  return `${await readFile(join(root, 'LICENSE'), 'utf8')}
/usr/lib/wherry/NOTICES has the licences of the npm packages inside; LICENSE* there are Electron's and Chromium's.
`;
}

/** After installing and after removing: the units are not what they were. */
const reload = `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
`;

/**
 * @param {string} root
 * @param {Made} made
 * @param {string} tree
 * @param {string} architecture
 */
async function writeControl(root, made, tree, architecture) {
  const { description } = /** @type {{ description: string }} */ (
    JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  );
  const [summary, rest] = description.split(': ');
  const files = await filesIn(tree);
  const sums = [];
  let bytes = 0;
  for (const path of files) {
    bytes += (await lstat(path)).size;
    sums.push(`${await md5(path)}  ${relative(tree, path)}\n`);
  }
  const mark = ` .\n Made with Electron ${made.electron} from an offline mirror: for development and tests only.\n`;
  const control = `Package: wherry
Version: ${made.version}
Architecture: ${architecture}
Maintainer: Wherry maintainers <maintainers@wherry.invalid>
Installed-Size: ${Math.ceil(bytes / 1024)}
Depends: ${dependencies().join(', ')}
Recommends: qemu-system-x86 | qemu-system
Section: admin
Priority: optional
Description: ${summary}
 ${rest}.
 .
 The console opens from the desktop; the wherry command does the same without a display.
${made.offline ? mark : ''}`;
  await put(tree, 'DEBIAN/control', (path) => writeFile(path, control));
  await writeFile(join(tree, 'DEBIAN/md5sums'), sums.join(''));
  for (const when of ['postinst', 'postrm']) await writeFile(join(tree, 'DEBIAN', when), reload, { mode: 0o755 });
}

/** What the runtime loads; libc6 as old as Debian 12's, where it was tried. */
function dependencies() {
  const libraries = runtimePackages.map((name) => (renamed.includes(name) ? `${name}t64 | ${name}` : name));
  return ['libc6 (>= 2.36)', 'util-linux', ...libraries];
}

/**
 * @param {string} folder
 * @returns {Promise<readonly string[]>} the plain files under it, sorted
 */
async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

/** @param {string} path */
async function md5(path) {
  const hash = createHash('md5');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
