import { lstat, readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

/** A folder in which programs that start QEMU put its monitors. */
export interface MonitorPlace {
  readonly folder: string;
  /** Names that a monitor's socket has there; nothing else is called, for it may be anybody's. */
  readonly names: RegExp;
  /** Whether the folders in it are looked into, too. */
  readonly deep: boolean;
}

/** Monitors found at most; a host with more adds those it means by their path. */
const maxFound = 256;

/** Entries of a folder looked at, at most. */
const maxEntries = 2000;

/** A name that says it is a QMP monitor. */
const qmp = /qmp/i;

/**
 * The usual places: libvirt's (system and session), Proxmox's and the user's runtime folder.
 * @param home the user's home directory
 * @param uid the user's number, where the system has such
 */
export function usualPlaces(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
  uid: number | undefined,
): readonly MonitorPlace[] {
  const runtime = absolute(env['XDG_RUNTIME_DIR']) ?? (uid === undefined ? undefined : `/run/user/${uid}`);
  const config = absolute(env['XDG_CONFIG_HOME']) ?? join(home, '.config');
  const libvirt = { names: /^monitor\.sock$|qmp/i, deep: true };
  return [
    { folder: '/run/libvirt/qemu', ...libvirt },
    { folder: '/var/lib/libvirt/qemu', ...libvirt },
    { folder: join(config, 'libvirt/qemu/lib'), ...libvirt },
    { folder: '/var/run/qemu-server', names: /\.qmp$/, deep: false },
    ...(runtime === undefined ? [] : [{ folder: runtime, names: qmp, deep: true }]),
  ];
}

/** Paths of the sockets in these places, each socket once; a folder that is missing or closed to us is no error. */
export async function findMonitors(places: readonly MonitorPlace[]): Promise<readonly string[]> {
  const found = new Map<string, string>();
  for (const place of places) {
    for (const path of await candidates(place)) {
      const socket = await stat(path).catch(() => undefined);
      if (socket?.isSocket() !== true || found.size >= maxFound) continue;
      const key = `${socket.dev}:${socket.ino}`; // /var/run is /run by another name
      if (!found.has(key)) found.set(key, path);
    }
  }
  return [...found.values()];
}

/** What to call a guest that does not say its name: what its socket or, with libvirt, the socket's folder is called. */
export function nameFromAddress(address: string): string {
  const parts = address.replace(/\?.*/, '').split('/');
  const last = parts.at(-1) ?? '';
  const folder = /^domain-\d+-(.+)$/.exec(parts.at(-2) ?? '')?.[1];
  return (last === 'monitor.sock' ? folder : undefined) ?? (last || address);
}

async function candidates({ folder, names, deep }: MonitorPlace): Promise<readonly string[]> {
  const entries = await entriesOf(folder);
  const here = entries.filter((name) => names.test(name)).map((name) => join(folder, name));
  if (!deep) return here;
  const below = await Promise.all(
    entries.map(async (name) => {
      const path = join(folder, name);
      const entry = await lstat(path).catch(() => undefined); // a link out of here is not followed
      if (entry?.isDirectory() !== true) return [];
      return (await entriesOf(path)).filter((each) => names.test(each)).map((each) => join(path, each));
    }),
  );
  return [...here, ...below.flat()];
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.sort().slice(0, maxEntries);
}

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}
