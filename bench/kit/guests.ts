import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpio, fileType } from '../../scripts/cpio.mjs';
import { queryMigrate } from '../../src/engine/qmp/migrate';
import { requireQemu } from '../../src/guest/qemu-binary';
import { fillMemory, isBanner, sampleImagePath } from '../../src/guest/qemu-sample';
import { loadPrograms } from './loads';
import { type Side, startSide } from './side';

/** What a Linux guest does while it is moved. */
export const linuxLoads = ['idle', 'seed', 'erp', 'random'] as const;
export type LinuxLoad = (typeof linuxLoads)[number];

/**
 * A guest that was booted once and whose state is kept in a file: each run starts from the very same memory, whatever
 * the run before did to it.
 */
export interface SavedGuest {
  readonly args: readonly string[];
  readonly state: string;
}

const mebibyte = 2 ** 20;
/** Real files in the guest's memory, besides the kernel's modules (48 MiB): code, and the data that goes with it. */
const content = [
  { folder: '/usr/lib/x86_64-linux-gnu', bytes: 70 * mebibyte },
  { folder: '/usr/share', bytes: 40 * mebibyte },
] as const;
const largestFile = 4 * mebibyte;
const bootTimeoutMs = 300_000;
const stateTimeoutMs = 120_000;

/** Where guests and their states are kept. */
const cache = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'wherry', 'bench-guests');

const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty raw -echo
echo W
while read -r load; do
  case $load in
    seed | erp | random) /bin/load-$load & ;;
  esac
done </dev/ttyS0 &
n=0
while :; do
  n=$((n + 1))
  printf '%08x\\n' $n
  sleep 0.2
done
`;

const isCount = (line: string): boolean => /^[0-9a-f]{8}$/.test(line);

/** A Linux guest with files in its page cache and one of the loads running; booted and saved if it was not yet. */
export async function linuxGuest(
  load: LinuxLoad,
  memoryBytes: number,
  say: (line: string) => void,
): Promise<SavedGuest> {
  const folder = cache();
  mkdirSync(folder, { recursive: true });
  const { kernel, initrd } = linuxImages(folder);
  // Page-table isolation: QEMU 7.2 under TCG does not log writes through entries that stay in its TLB, and with it every
  // interrupt empties the TLB. Freed memory is zeroed, or the unpacked image would be in memory a second time.
  const append = 'console=ttyS0 quiet panic=-1 pti=on init_on_free=1 rdinit=/bench/init';
  const args = [
    '-M',
    'pc',
    '-m',
    `${memoryBytes / mebibyte}M`,
    '-kernel',
    kernel,
    '-initrd',
    initrd,
    '-append',
    append,
  ];
  const stateOf = (name: LinuxLoad): string =>
    join(folder, `linux-${name}-${memoryBytes / mebibyte}-${requireQemu().version}.state`);
  const idle: SavedGuest = { args, state: stateOf('idle') };
  if (!isNewer(idle.state, initrd)) {
    say(`booting a Linux guest of ${memoryBytes / mebibyte} MiB`);
    await saved(idle.state, args, async (side) => {
      await side.serial.waitForLine((line) => line === 'W', 'it to boot', bootTimeoutMs);
      await counts(side, 10);
    });
  }
  const guest: SavedGuest = { args, state: stateOf(load) };
  if (load === 'idle' || isNewer(guest.state, idle.state)) return guest;
  say(`starting its load ${load}`);
  await withDirectory(async (directory) => {
    const side = await startSaved(idle, directory, 'load');
    try {
      await counts(side, 1);
      side.serial.send(`${load}\n`);
      await counts(side, 15);
      await save(side, guest.state);
    } finally {
      await side.end();
    }
  });
  return guest;
}

/** The sample boot sector with so much of its memory filled, idle. */
export async function sampleGuest(
  memoryBytes: number,
  fillBytes: number,
  say: (line: string) => void,
): Promise<SavedGuest> {
  mkdirSync(cache(), { recursive: true });
  const image = sampleImagePath();
  const drive = `file=${image.replaceAll(',', ',,')},format=raw,if=floppy,readonly=on`;
  const args = ['-M', 'pc', '-m', `${memoryBytes / mebibyte}M`, '-boot', 'order=a', '-drive', drive];
  const name = `sample-${memoryBytes / mebibyte}-${fillBytes / mebibyte}-${requireQemu().version}.state`;
  const state = join(cache(), name);
  if (!isNewer(state, image)) {
    say(`booting a sample guest of ${memoryBytes / mebibyte} MiB, ${fillBytes / mebibyte} MiB filled`);
    await saved(state, args, async ({ serial }) => {
      await serial.waitForLine(isBanner, 'it to boot', bootTimeoutMs);
      if (fillBytes > 0) await fillMemory(serial, fillBytes);
    });
  }
  return { args, state };
}

/** The saved guest in a QEMU of its own, running. */
export async function startSaved(guest: SavedGuest, directory: string, name: string): Promise<Side> {
  const side = await startSide(directory, name, [...guest.args, '-S', '-incoming', 'defer']);
  try {
    await side.monitor.execute('migrate-incoming', { uri: `exec:cat '${guest.state}'` });
    await ended(side);
    await side.monitor.execute('cont');
    return side;
  } catch (error) {
    await side.end();
    throw error;
  }
}

/** A QEMU waiting for the guest; unless told to stay paused, it runs the guest as soon as it is there. */
export function startWaiting(guest: SavedGuest, directory: string, name: string, paused: boolean): Promise<Side> {
  return startSide(directory, name, [...guest.args, ...(paused ? ['-S'] : []), '-incoming', 'defer']);
}

/** Waits until the guest has counted so far on; rejects when it does not. */
export async function counts(side: Side, times: number): Promise<void> {
  for (let n = 0; n < times; n++) await side.serial.waitForLine(isCount, 'a count', 30_000);
}

/** Calls `work` with a directory that is gone afterwards. */
export async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-bench-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    return await work(directory);
  } finally {
    process.removeListener('exit', remove);
    remove();
  }
}

async function saved(state: string, args: readonly string[], prepare: (side: Side) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const side = await startSide(directory, 'boot', args);
    try {
      await prepare(side);
      await save(side, state);
    } finally {
      await side.end();
    }
  });
}

/** Stopped first: what is written meanwhile could get lost, see ARCHITECTURE.md about TCG. */
async function save(side: Side, state: string): Promise<void> {
  await side.monitor.execute('stop');
  await side.monitor.execute('migrate-set-parameters', { 'max-bandwidth': 0 });
  const part = `${state}.${process.pid}.part`; // another bench may be making the same one
  await side.monitor.execute('migrate', { uri: `exec:cat > '${part}'` });
  await ended(side);
  renameSync(part, state);
}

/** Waits for the end of a migration that must succeed. */
async function ended(side: Side): Promise<void> {
  const deadline = performance.now() + stateTimeoutMs;
  for (;;) {
    const { status, 'error-desc': why } = await queryMigrate(side.monitor);
    if (status === 'completed') return;
    if (status === 'failed' || performance.now() > deadline) {
      throw new Error(`Guest's state: expected to complete, got ${status}: ${why ?? side.process.complaints()}`);
    }
    await new Promise((soon) => setTimeout(soon, 10));
  }
}

/** The kernel and first file system of `scripts/linux-guest.mjs`, and behind it the files of this machine. */
function linuxImages(folder: string): { readonly kernel: string; readonly initrd: string } {
  const [kernel = '', base = ''] = execFileSync(process.execPath, ['scripts/linux-guest.mjs'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).split('\n');
  const files = content.flatMap(({ folder: root, bytes }) => filesUpTo(root, bytes));
  const recipe = createHash('sha256')
    .update(JSON.stringify([init, files, statSync(base).mtimeMs]))
    .update(Buffer.concat(Object.values(loadPrograms())))
    .digest('hex');
  const [initrd, made] = [join(folder, 'initrd'), join(folder, 'initrd.recipe')];
  if (existsSync(initrd) && existsSync(made) && readFileSync(made, 'utf8') === recipe) return { kernel, initrd };
  const program = fileType.regular | 0o755;
  const entries = [
    ...['bench', 'bench/files'].map((path) => ({ path, mode: fileType.directory | 0o755 })),
    { path: 'bench/init', mode: program, content: Buffer.from(init) },
    ...Object.entries(loadPrograms()).map(([name, code]) => ({
      path: `bin/load-${name}`,
      mode: program,
      content: code,
    })),
    ...files.map((file, index) => ({
      path: `bench/files/${index}`,
      mode: fileType.regular | 0o644,
      content: readFileSync(file),
    })),
  ];
  const part = `${initrd}.${process.pid}.part`;
  writeFileSync(part, Buffer.concat([readFileSync(base), cpio(entries)]));
  renameSync(part, initrd);
  writeFileSync(made, recipe);
  return { kernel, initrd };
}

/** Plain files below a folder in the order of their names, none very large, up to so many bytes together. */
function filesUpTo(root: string, bytes: number): readonly string[] {
  const found: string[] = [];
  let left = bytes;
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (left <= 0) return;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) {
        const { size, nlink } = statSync(path);
        if (size === 0 || size > largestFile || nlink > 1) continue; // a file under two names would be there twice
        found.push(path);
        left -= size;
      }
    }
  };
  walk(root);
  return found;
}

const isNewer = (path: string, than: string): boolean =>
  existsSync(path) && statSync(path).mtimeMs >= statSync(than).mtimeMs;
