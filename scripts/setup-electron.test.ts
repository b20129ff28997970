import crc32 from 'crc-32';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { offlineFolder, offlineRuntime, resolveElectron } from './electron-runtime.mjs';
import { setUpElectron } from './setup-electron.mjs';

let root = '';
let env: NodeJS.ProcessEnv = {};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wherry-setup-'));
  env = { PATH: process.env['PATH'], HOME: root, XDG_CACHE_HOME: join(root, 'cache') };
});
afterEach(() => rmSync(root, { recursive: true }));

const isElectron = (path: string): boolean => basename(path) === 'electron';

/** A project with the packages of this one, and an electron package that has downloaded nothing yet. */
function project(): string {
  for (const scope of ['', '@electron']) {
    const from = resolve('node_modules', scope);
    mkdirSync(join(root, 'node_modules', scope), { recursive: true });
    for (const name of readdirSync(from)) {
      if (name !== '@electron' && !isElectron(name))
        symlinkSync(join(from, name), join(root, 'node_modules', scope, name));
    }
  }
  const electron = join(root, 'node_modules', 'electron');
  const plain = (path: string): boolean => !['dist', 'path.txt'].includes(basename(path));
  cpSync(resolve('node_modules', 'electron'), electron, { recursive: true, filter: plain });
  const { version } = JSON.parse(readFileSync(join(electron, 'package.json'), 'utf8')) as { readonly version: string };
  return version;
}

/** An archive with these files, as they are (PKWARE's APPNOTE, 4.3). */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const [path, body] = [Buffer.from(name), Buffer.from(text)];
    const common = Buffer.alloc(26); // from "version needed" to "extra field length"
    common.writeUInt16LE(20, 0);
    common.writeInt32LE(crc32.buf(body), 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(body.length, 18);
    common.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, path, body]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(0o100755 * 2 ** 16, 6);
    rest.writeUInt32LE(at, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.of(20, 3), common, rest, path]));
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, directory, end]);
}

/** A mirror of Electron's release page that has this version, and was asked for these. */
async function mirror(version: string): Promise<{ readonly url: string; readonly asked: string[] }> {
  const name = `electron-v${version}-${process.platform}-${process.arch}.zip`;
  const archive = zip({ electron: '#!/bin/sh\n', version, LICENSE: 'MIT' });
  const sums = `${createHash('sha256').update(archive).digest('hex')} *${name}\n`;
  const has: Readonly<Record<string, Buffer | string>> = { [name]: archive, 'SHASUMS256.txt': sums };
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const found = has[basename(url)];
    response.writeHead(found === undefined ? 404 : 200).end(found);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked };
}

function haveOffline(): void {
  const folder = offlineFolder(env);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'electron'), '');
  writeFileSync(join(folder, 'version'), offlineRuntime.version);
}

/** An electron package whose installer does this. */
function installer(program: string): void {
  const path = join(root, 'node_modules', 'electron', 'install.js');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, program);
}

describe('set-up of Electron', () => {
  it('downloads and checks the version that is asked for, with the package’s own installer', async () => {
    const version = project();
    const { url, asked } = await mirror(version);
    haveOffline();
    const here = { ...env, ELECTRON_MIRROR: url, electron_use_remote_checksums: '1', NO_PROXY: '127.0.0.1' };
    await setUpElectron(root, here, { retryDownload: true });
    expect(resolveElectron(root, here)).toEqual({
      path: join(root, 'node_modules', 'electron', 'dist', 'electron'),
      version,
      from: 'downloaded',
    });
    expect(asked[0]).toBe(`/v${version}/electron-v${version}-${process.platform}-${process.arch}.zip`);
  });

  it('takes the offline runtime where the download does not work, and asks again only when told to', async () => {
    haveOffline();
    const tried = join(root, 'tried');
    installer(`require('node:fs').appendFileSync(${JSON.stringify(tried)}, 'x'); process.exit(1);`);
    await setUpElectron(root, env, { retryDownload: true });
    expect(resolveElectron(root, env)).toMatchObject({ from: 'offline runtime', version: offlineRuntime.version });
    await setUpElectron(root, env, { retryDownload: false });
    expect(readFileSync(tried, 'utf8')).toBe('x');
  });

  it('never takes another than the environment names', async () => {
    installer('process.exit(1);');
    haveOffline();
    const mine = { ...env, ELECTRON_OVERRIDE_DIST_PATH: join(root, 'mine') };
    await expect(setUpElectron(root, mine, { retryDownload: false })).rejects.toThrow(
      'names a folder with no electron',
    );
  });
});
