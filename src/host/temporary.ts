import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasEnded, thisProcess, type ProcessIdentity } from './processes';

/** Memory that processes share by name, where there is any. */
export const sharedMemory = '/dev/shm';

/** `wherry-`, its owner (namespace, process, start, each in base 36), and 12 random digits. */
const form = /^wherry-([0-9a-z]{1,12})\.([0-9a-z]{1,8})\.([0-9a-z]{1,12})-[0-9a-f]{12}$/;

/**
 * A name nobody else has, for a file or folder that ends with its owner. Whose it is stands in the name, so that it is
 * known from the moment on at which the file is there; without `/proc` nobody can be named.
 */
export function temporaryName(owner: ProcessIdentity | undefined = thisProcess()): string {
  const random = randomBytes(6).toString('hex');
  if (owner === undefined) return `wherry-${random}`;
  const { namespace, pid, start } = owner;
  return `wherry-${[namespace, pid, start].map((number) => number.toString(36)).join('.')}-${random}`;
}

/** A new folder for temporary files, which only this user can enter; its path. */
export async function temporaryFolder(): Promise<string> {
  const path = join(tmpdir(), temporaryName());
  await mkdir(path, { mode: 0o700 });
  return path;
}

/**
 * Removes what processes of this user that were killed have left behind: plain files and folders with a name of ours
 * whose owner has ended, unless somebody listens in them (a QEMU that was made to wait for its guest there). Links are
 * neither followed nor removed. Never fails; what cannot be removed stays.
 */
export async function removeLeftovers(
  folders: readonly string[] = [tmpdir(), sharedMemory],
  user: number | undefined = process.getuid?.(),
): Promise<void> {
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    const leftovers = names.filter(isLeftover).map((name) => join(folder, name));
    if (leftovers.length === 0) continue;
    const listened = listeningIn(await readFile('/proc/net/unix', 'utf8').catch(() => ''));
    for (const path of leftovers) {
      if (!listened.some((socket) => socket.startsWith(`${path}/`))) await removeOwn(path, user).catch(() => undefined);
    }
  }
}

/** Whether somebody takes connections at a unix socket in this folder; taken for granted where nobody can say. */
export async function isListenedIn(folder: string): Promise<boolean> {
  const listened = await readFile('/proc/net/unix', 'utf8').then(listeningIn, () => undefined);
  return listened === undefined || listened.some((socket) => socket.startsWith(`${folder}/`));
}

/** Paths of the unix sockets on which somebody takes connections; the fourth column's bit 16 says so. */
function listeningIn(table: string): readonly string[] {
  return table.split('\n').flatMap((line) => {
    const [, flags, path] = /^\S+ \S+ \S+ (\S+) \S+ \S+ +\d+ (.+)$/.exec(line) ?? [];
    return path !== undefined && (parseInt(flags ?? '0', 16) & 0x10000) !== 0 ? [path] : [];
  });
}

function isLeftover(name: string): boolean {
  const [namespace, pid, start] = (form.exec(name) ?? []).slice(1).map((digits) => parseInt(digits, 36));
  if (namespace === undefined || pid === undefined || start === undefined) return false;
  return hasEnded({ namespace, pid, start });
}

async function removeOwn(path: string, user: number | undefined): Promise<void> {
  const found = await lstat(path);
  if (found.uid !== user || !(found.isDirectory() || found.isFile())) return;
  await rm(path, { recursive: true, force: true });
}
