import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findMonitors, nameFromAddress, usualPlaces } from './monitor-places';

let folder: string;
const servers: Server[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wherry-places-'));
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Puts a listening socket at a path in the folder. */
async function socket(...parts: readonly string[]): Promise<string> {
  const path = join(folder, ...parts);
  mkdirSync(join(path, '..'), { recursive: true });
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

describe('findMonitors', () => {
  it('finds sockets by their names, one folder down where it may, and nothing else', async () => {
    const top = await socket('web.qmp');
    const below = await socket('domain-3-db', 'monitor.sock');
    await socket('a', 'b', 'deeper.qmp');
    await socket('bus');
    writeFileSync(join(folder, 'file.qmp'), '');
    mkdirSync(join(folder, 'folder.qmp'));
    const names = /^monitor\.sock$|qmp/i;
    expect(await findMonitors([{ folder, names, deep: true }])).toEqual([top, below]);
    expect(await findMonitors([{ folder, names, deep: false }])).toEqual([top]);
  });

  it('names a socket once that is reached in two ways', async () => {
    const path = await socket('run', '100.qmp');
    symlinkSync(join(folder, 'run'), join(folder, 'var-run'));
    const places = ['run', 'var-run'].map((each) => ({ folder: join(folder, each), names: /\.qmp$/, deep: false }));
    expect(await findMonitors(places)).toEqual([path]);
  });

  it('takes what is missing, closed or no folder for empty', async () => {
    const path = await socket('open', 'a.qmp');
    mkdirSync(join(folder, 'closed'));
    chmodSync(join(folder, 'closed'), 0);
    writeFileSync(join(folder, 'plain'), '');
    const places = ['none', 'closed', 'plain', 'open'].map((each) => ({
      folder: join(folder, each),
      names: /qmp/,
      deep: true,
    }));
    expect(await findMonitors(places)).toEqual([path]);
  });
});

describe('usualPlaces', () => {
  it('are libvirt’s, Proxmox’s and the user’s', () => {
    const folders = usualPlaces({ XDG_RUNTIME_DIR: '/x/run' }, '/home/me', 1000).map((place) => place.folder);
    expect(folders).toEqual([
      '/run/libvirt/qemu',
      '/var/lib/libvirt/qemu',
      '/home/me/.config/libvirt/qemu/lib',
      '/var/run/qemu-server',
      '/x/run',
    ]);
  });

  it('know the runtime folder without being told, and heed no relative one', () => {
    expect(usualPlaces({ XDG_RUNTIME_DIR: 'here' }, '/h', 7).at(-1)?.folder).toBe('/run/user/7');
    expect(usualPlaces({}, '/h', undefined)).toHaveLength(4);
  });
});

describe('nameFromAddress', () => {
  it.each([
    ['/run/a/web.qmp', 'web.qmp'],
    ['/var/lib/libvirt/qemu/domain-12-my-db/monitor.sock', 'my-db'],
    ['unix:/x/monitor.sock', 'monitor.sock'],
    ['tcp:host:4444', 'tcp:host:4444'],
    ['/', '/'],
  ])('%s is %s', (address, name) => {
    expect(nameFromAddress(address)).toBe(name);
  });
});
