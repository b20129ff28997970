import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childrenOf } from './processes';

/**
 * A root folder as a machine has it on which Wherry was never seen: this machine's programs and libraries and what its
 * package manager knows, but neither Node nor npm, no project, and homes and folders for temporary files of its own.
 * What is written there is gone with it, as are the processes.
 */
export interface CleanRoot {
  /** Runs a command there to its end. */
  run(words: readonly string[], who?: User): Promise<Ended>;
  /** Starts a command there. */
  start(words: readonly string[], who?: User): ChildProcess;
  /** Copies a file of ours to a path there. */
  bring(file: string, path: string): Promise<void>;
  close(): Promise<void>;
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Root installs; the operator, an ordinary user, has a home in `/home/operator`. */
export type User = 'root' | 'operator';

const operator = 4711;

/** The folders of this machine that are there, each with a layer of its own for what is written. */
const layered = ['usr', 'etc', 'var/lib/dpkg'];
const removed = ['bin/node', 'bin/nodejs', 'bin/npm', 'bin/npx', 'lib/node_modules'];

/** Made inside the mount namespace; says `ready` and keeps it for as long as its standard input is open. */
const setUp = `
set -e
mount -t tmpfs tmpfs "$1"
cd "$1"
mkdir -p root root/proc root/dev root/sys root/run root/root root/var/tmp root/var/log root/var/cache root/home/operator
for name in ${layered.join(' ')}; do
  mkdir -p "layers/$name/upper" "layers/$name/work" "root/$name"
  mount -t overlay overlay -o "lowerdir=/$name,upperdir=layers/$name/upper,workdir=layers/$name/work" "root/$name"
done
for name in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$name" ]; then cp -P "/$name" root/; fi
done
for name in ${removed.join(' ')}; do rm -rf "root/usr/$name" "root/usr/local/$name"; done
mount -t proc proc root/proc
mount --rbind /dev root/dev
for name in tmp dev/shm; do
  mkdir -p "root/$name"
  mount -t tmpfs -o mode=1777 tmpfs "root/$name"
done
chown ${operator} root/home/operator
echo ready
read -r _ || true
`;

/** Needs to be root: nobody else may install a package, whatever the folder. */
export async function openCleanRoot(): Promise<CleanRoot> {
  if (process.getuid?.() !== 0) throw new Error('Installing a package, even into a folder: expected to be run as root');
  const folder = mkdtempSync(join(tmpdir(), 'wherry-root-'));
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
  const keeper = spawn('unshare', [...namespaces, 'sh', '-c', setUp, 'sh', folder], { stdio: 'pipe' });
  const gone = new Promise((resolve) => keeper.once('close', resolve));
  const shell = await shellOf(keeper);
  const base = `/proc/${shell}/root${folder}/root`; // a way into its mount namespace from ours
  const start = (words: readonly string[], who: User = 'root'): ChildProcess =>
    spawn(
      'nsenter',
      [`--target=${shell}`, '--mount', '--pid', `--root=${base}`, `--wd=${base}`, '--', ...as[who], ...words],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
  return {
    start,
    run: async (words, who) => endOf(start(words, who)),
    bring: async (file, path) => copyFile(file, join(base, path)),
    close: async () => {
      keeper.stdin.end();
      await gone;
      rmdirSync(folder);
    },
  };
}

/** Nothing of our environment: what a login would give, and no more. */
const as: Readonly<Record<User, readonly string[]>> = {
  root: ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LANG=C.UTF-8'],
  operator: [
    ...['setpriv', `--reuid=${operator}`, `--regid=${operator}`, '--clear-groups', '--'],
    ...['env', '-i', 'PATH=/usr/bin:/bin', 'HOME=/home/operator', 'LANG=C.UTF-8'],
  ],
};

/** The process that keeps the namespaces, once they are as they should be; its parent is `unshare --fork`. */
async function shellOf(keeper: ChildProcessWithoutNullStreams): Promise<number> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    keeper.stdout.on('data', (text: Buffer) => {
      if (String(text).includes('ready')) resolve();
    });
    keeper.stderr.on('data', (text: Buffer) => (said += String(text)));
    keeper.once('close', (code) => reject(new Error(`The clean root was not made (${code}): ${said}`)));
  });
  const [shell] = childrenOf(keeper.pid ?? 0, 'sh');
  if (shell === undefined) throw new Error('the clean root has gone');
  return shell;
}

async function endOf(child: ChildProcess): Promise<Ended> {
  let [out, err] = ['', ''];
  child.stdout?.on('data', (text: Buffer) => (out += String(text)));
  child.stderr?.on('data', (text: Buffer) => (err += String(text)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}
