import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium, expect as expectPage } from '@playwright/test';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { makePackage } from '../scripts/dist-debian.mjs';
import { makeFolder, type Made } from '../scripts/dist-folder.mjs';
import { type CleanRoot, openCleanRoot } from './kit/clean-root';
import { printed } from './kit/printed';
import { until } from './kit/until';

const root = resolve(__dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
/** Where the host has the package. */
const there = '/var/cache/wherry.deb';
let out: string;
let made: Made;
let deb: string;
let host: CleanRoot;

beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), 'wherry-dist-'));
  made = await makeFolder(root, out, process.env);
  deb = await makePackage(root, made, out, 1);
  host = await openCleanRoot();
  await host.bring(deb, there);
}, 300_000);

afterAll(async () => {
  await host?.close();
  rmSync(out, { recursive: true });
});

/** Does something there that has to work, and gives what it prints. */
async function done(...words: readonly string[]): Promise<string> {
  const { code, out: text, err } = await host.run(words);
  expect(`${words.join(' ')}: ${code}${code === 0 ? '' : ` ${text}${err}`}`).toBe(`${words.join(' ')}: 0`);
  return text;
}

const field = (name: string): string => execFileSync('dpkg-deb', ['-f', deb, name], { encoding: 'utf8' }).trim();

describe('the package', () => {
  it('says what it is, and what it was made with', () => {
    expect(field('Version')).toBe(made.version);
    expect(made.version.split('~')[0]).toBe(version);
    expect(field('Description').includes('offline mirror')).toBe(made.offline);
    expect(made.version.includes('~offline')).toBe(made.offline);
  });

  it('has the fuses set, and the sandbox’s helper is root’s and setuid', async () => {
    const wire = await getCurrentFuseWire(join(made.folder, 'wherry-console'));
    expect(wire).toMatchObject({
      [FuseV1Options.RunAsNode]: '1'.charCodeAt(0),
      [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: '0'.charCodeAt(0),
      [FuseV1Options.EnableNodeCliInspectArguments]: '0'.charCodeAt(0),
      // An older runtime has no such fuse to set.
      ...(Number(made.electron.split('.')[0]) >= 29 && {
        [FuseV1Options.GrantFileProtocolExtraPrivileges]: '0'.charCodeAt(0),
      }),
    });
    const listing = execFileSync('dpkg-deb', ['-c', deb], { encoding: 'utf8' }).trim().split('\n');
    expect(listing.filter((line) => !line.includes(' root/root '))).toEqual([]);
    expect(listing.filter((line) => line.startsWith('-rws')).map((line) => line.split('/').at(-1))).toEqual([
      'chrome-sandbox',
    ]);
  });

  it('carries every licence', () => {
    const notices = readFileSync(join(made.folder, 'NOTICES'), 'utf8');
    for (const name of ['@mongodb-js/zstd', 'commander', 'svelte', 'valibot', 'uplot']) {
      expect(notices).toContain(`\n${name} `);
    }
    expect(notices.match(/^\S+ [\d.]+ \(.*\)\n\n(?=\n|-)/gm) ?? []).toEqual([
      '@mongodb-js/zstd-linux-x64-gnu 1.2.2 (MIT)\n\n',
    ]);
  });
});

describe('on a host that has never seen it', () => {
  it('installs, runs a migration without Node or display, and goes without a trace', async () => {
    expect((await host.run(['sh', '-c', 'command -v node || command -v npm'])).code).not.toBe(0);
    const before = await done('sh', '-c', 'cd /usr && find . | sort');
    await done('dpkg', '--install', there);
    expect(await done('dpkg', '--verify', 'wherry')).toBe('');

    expect((await done('wherry', '--version')).trim()).toBe(version);
    const lines = (await done('wherry', 'demo', '--memory', '64MiB', '--workload', 'idle', '--json'))
      .trim()
      .split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ status: 'completed', guestRunningOn: 'destination' });
    expect(await done('sh', '-c', 'ls /tmp /dev/shm | grep wherry || true')).toBe('');
    expect(JSON.parse((await host.run(['wherry', 'doctor', '--json'])).out)).toMatchObject({
      electron: { from: 'package', version: made.electron },
      zstd: { ok: true },
    });
    const noDisplay = await host.run(['wherry', 'console']);
    expect(noDisplay).toMatchObject({ code: 1, err: expect.stringContaining('needs a display') as string });

    await done('dpkg', '--purge', 'wherry');
    expect(await done('sh', '-c', 'cd /usr && find . | sort')).toBe(before);
  });

  it('has a manual page, a desktop entry and a service that their own checkers like', async () => {
    await done('dpkg', '--install', there);
    expect(await done('sh', '-c', 'zcat /usr/share/man/man1/wherry.1.gz | mandoc -T lint -W warning')).toBe('');
    expect(await done('desktop-file-validate', '/usr/share/applications/wherry.desktop')).toBe('');
    const unit = '/usr/lib/systemd/system/wherry-receive@.service';
    await done('install', '-D', '/dev/null', '/etc/wherry/vm1.conf');
    const verified = await host.run(['systemd-analyze', 'verify', '--man=no', `${unit.replace('@', '@vm1')}`]);
    expect(verified).toEqual({ code: 0, out: '', err: '' });
    // 0 is closed, 10 open; it needs the network and QEMU's files, which costs most of what is left.
    await done('systemd-analyze', 'security', '--offline=yes', '--threshold=25', unit);
  });

  it('opens the console from the desktop entry, sandboxed, and the console migrates', async () => {
    await done('dpkg', '--install', there);
    const screen = host.start(['Xvfb', '-displayfd', '1', '-screen', '0', '1440x1000x24'], 'operator');
    onTestFinished(() => void screen.kill());
    const display = `:${(await printed(screen, 'stdout', /^(\d+)\n/))[1]}`;
    const entry = await done('cat', '/usr/share/applications/wherry.desktop');
    const program = /^Exec=(\S+)/m.exec(entry)?.[1] ?? '';
    const app = host.start(['env', `DISPLAY=${display}`, program, '--remote-debugging-port=0'], 'operator');
    onTestFinished(() => void app.kill());
    const [, address = ''] = await printed(app, 'stderr', /DevTools listening on (ws:\S+)/);
    const browser = await chromium.connectOverCDP(address, { noDefaults: true });
    onTestFinished(async () => browser.close());
    // It says where it can be reached before it has its window.
    const page = await until(() => browser.contexts()[0]?.pages()[0], 'the window of the console');

    await expectPage(page.locator('main[aria-busy="false"]')).toBeVisible({ timeout: 90_000 });
    const sandboxed = await done('sh', '-c', seccompOfRenderers);
    expect(sandboxed.trim().split('\n')).toEqual(['Seccomp:\t2']);
    await page.getByLabel('Workload', { exact: true }).selectOption('idle'); // it comes to an end on any machine
    await page.getByLabel('Guest memory', { exact: true }).fill('64MiB');
    await page.getByRole('button', { name: 'Start sample guest', exact: true }).click();
    await expectPage(page.getByRole('row', { name: /Sample \d/ }).last()).toContainText('running', { timeout: 90_000 });
    await page.getByRole('link', { name: 'New migration', exact: true }).click();
    await page.getByRole('button', { name: 'Start migration', exact: true }).click();
    const status = page.getByRole('status', { name: 'Migration status' });
    await expectPage(status).toHaveText(/^completed/i, { timeout: 120_000 });
  }, 400_000);
});

/** The bracket keeps the search from finding itself. */
const seccompOfRenderers =
  'for p in $(grep -lza -- "[-]-type=renderer" /proc/[0-9]*/cmdline); do grep Seccomp: "${p%cmdline}status"; done';
