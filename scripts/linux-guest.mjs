#!/usr/bin/env node
// Makes a small Linux guest for tests and benches, on Debian and Ubuntu:  node scripts/linux-guest.mjs
// Prints two lines, the paths of its kernel and its initial file system, made once and kept in the user's cache folder.
//
// The kernel is the distribution's cloud kernel, the file system busybox and the kernel's own modules as content; both
// are downloaded with apt and unpacked, nothing is installed. Words on the kernel's command line:
//   wherry.fill=MIB   fill so much memory (0) with modules, text and random bytes before the first line
//   wherry.load=seed  write 16 MiB in the pattern of scripts/seed-load.mjs, every 20 ms
// On ttyS0 it prints the line `W` when it is up, and then about five times a second a counter, eight hexadecimal digits.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { cpio, fileType } from './cpio.mjs';
import { seedLoad } from './seed-load.mjs';

const metaPackage = 'linux-image-cloud-amd64';
const contentBytes = 48 * 2 ** 20;

const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o size=95% data /data
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty raw
for word in $(cat /proc/cmdline); do
  case $word in
    wherry.fill=*) fill=\${word#*=} ;;
    wherry.load=seed) /bin/seed & ;;
  esac
done
at=0
while [ $((at + 8)) -le \${fill:-0} ]; do
  dd if=/content of=/data/binary.$at bs=1M skip=$((at % ${contentBytes / 2 ** 20})) count=5 2>/dev/null
  dd if=/dev/urandom of=/data/random.$at bs=1M count=1 2>/dev/null
  seq $((at * 100000)) 99999999 | head -c 2097152 >/data/text.$at
  at=$((at + 8))
done
echo W
n=0
while :; do
  n=$((n + 1))
  printf '%08x\\n' $n
  sleep 0.2
done
`;

const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'wherry', 'linux-guest');
const kernel = path.join(cache, 'vmlinuz');
const initrd = path.join(cache, 'initrd');
const recipe = path.join(cache, 'recipe');
const wanted = `${init}${seedLoad(20).toString('hex')}\n`;
if (!existsSync(recipe) || readFileSync(recipe, 'utf8') !== wanted) make();
console.log(`${kernel}\n${initrd}`);

function make() {
  mkdirSync(cache, { recursive: true });
  rmSync(recipe, { force: true });
  const work = mkdtempSync(path.join(cache, 'work-'));
  try {
    const unpacked = [kernelPackage(), 'busybox-static'].map((name) => unpack(name, work));
    const [linux = '', busybox = ''] = unpacked;
    const image = readdirSync(path.join(linux, 'boot')).find((name) => name.startsWith('vmlinuz-'));
    if (image === undefined) throw new Error('the kernel package holds no boot/vmlinuz-*');
    writeFileSync(initrd, cpio(fileSystem(busybox, linux)));
    renameSync(path.join(linux, 'boot', image), kernel);
    writeFileSync(recipe, wanted);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The package that the distribution's newest cloud kernel is in. */
function kernelPackage() {
  const depends = execFileSync('apt-cache', ['depends', metaPackage], { encoding: 'utf8' });
  const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
  if (name === undefined) throw new Error(`apt-cache knows no ${metaPackage}; is \`apt-get update\` needed?`);
  return name;
}

/** Downloads a package and unpacks it into a folder of its own. @param {string} name @param {string} work */
function unpack(name, work) {
  const folder = path.join(work, name);
  mkdirSync(folder);
  // As root, apt downloads as another user, who may not write here: it then says so and does it as root.
  execFileSync('apt-get', ['download', '-q', name], { cwd: folder, stdio: ['ignore', 2, 'ignore'] });
  const file = readdirSync(folder).find((entry) => entry.endsWith('.deb'));
  if (file === undefined) throw new Error(`apt-get download ${name} left no package`);
  const root = path.join(folder, 'root');
  execFileSync('dpkg-deb', ['-x', path.join(folder, file), root]);
  return root;
}

/** @param {string} busybox @param {string} linux @returns {import('./cpio.mjs').Entry[]} */
function fileSystem(busybox, linux) {
  const program = fileType.regular | 0o755;
  return [
    ...['bin', 'dev', 'proc', 'sys', 'data'].map((name) => ({ path: name, mode: fileType.directory | 0o755 })),
    { path: 'dev/console', mode: fileType.characterDevice | 0o600, device: [5, 1] },
    { path: 'bin/busybox', mode: program, content: readFileSync(path.join(busybox, 'bin/busybox')) },
    { path: 'bin/seed', mode: program, content: seedLoad(20) },
    { path: 'init', mode: program, content: Buffer.from(init) },
    { path: 'content', mode: fileType.regular | 0o644, content: content(path.join(linux, 'lib/modules')) },
  ];
}

/** What a real guest has in its page cache: compiled code, here the beginning of all kernel modules. */
function content(/** @type {string} */ folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ko'));
  const parts = [];
  for (let at = 0, bytes = 0; at < names.length && bytes < contentBytes; at++) {
    const part = readFileSync(path.join(folder, names.sort()[at] ?? ''));
    parts.push(part);
    bytes += part.length;
  }
  return Buffer.concat(parts).subarray(0, contentBytes);
}
