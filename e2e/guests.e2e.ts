import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import type { Locator } from '@playwright/test';
import { startQemuPair } from '../src/guest/qemu-pair';
import { few, inTheEnd, type ConsoleApp } from './app';
import { test } from './kit/console-test';

let runtime: string;
const servers: Server[] = [];

test.beforeEach(async () => {
  runtime = await mkdtemp(join(tmpdir(), 'wherry-run-'));
});

test.afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(runtime, { recursive: true, force: true });
});

function row(app: ConsoleApp, name: string): Locator {
  return app.page.getByRole('row', { name: new RegExp(`^${name} `) });
}

/** A socket that somebody listens to who is no QEMU. */
async function foreign(path: string): Promise<void> {
  const server = createServer((socket) => socket.on('error', () => undefined).write('220 mail.example ESMTP\r\n'));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
}

/** A socket whose listener has died. */
async function dead(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
}

test('teaches the first step while there is no guest', async ({ start }) => {
  const app = await start({ env: { XDG_RUNTIME_DIR: runtime } });
  await expect(app.page.getByText('No guests yet.')).toBeVisible();
  await expect(app.page.getByRole('region', { name: 'Known guests' })).toContainText('Start a sample guest below');
  await expect(app.page.getByText(runtime)).toBeVisible();
  await app.open('New migration');
  await expect(app.button('Start migration')).toHaveAccessibleDescription(/There is no guest yet/);
});

test('finds guests, says what is wrong with a dead and a foreign socket, and moves one', async ({ start }) => {
  const pair = await startQemuPair({ memoryBytes: 64 * 2 ** 20 });
  await mkdir(join(runtime, 'vm'));
  await symlink(pair.source.replace('unix:', ''), join(runtime, 'vm', 'web.qmp'));
  await symlink(pair.destination.replace('unix:', ''), join(runtime, 'vm', 'spare.qmp'));
  await dead(join(runtime, 'old.qmp'));
  await foreign(join(runtime, 'mail-qmp.sock'));
  await foreign(join(runtime, 'bus'));
  const app = await start({ env: { XDG_RUNTIME_DIR: runtime } });
  await expect(row(app, 'web.qmp')).toContainText(/running.*64 MiB/);
  await expect(row(app, 'spare.qmp')).toContainText('waiting for a guest');
  await expect(app.button('Migrate spare.qmp')).toBeDisabled();
  await expect(row(app, 'old.qmp')).toContainText(`No QMP monitor at unix:${join(runtime, 'old.qmp')}`);
  await expect(row(app, 'mail-qmp.sock')).toContainText('does not speak QMP');
  await expect(row(app, 'bus')).toHaveCount(0);
  for (const name of ['old.qmp', 'mail-qmp.sock']) await expect(app.button(`Migrate ${name}`)).toBeDisabled();

  await app.field('QMP socket').fill(join(runtime, 'bus'));
  await app.button('Add guest').click();
  await expect(app.page.getByRole('alert').filter({ hasText: 'does not speak QMP' })).toBeVisible();
  await app.field('QMP socket').fill(`unix:${join(runtime, 'vm', 'web.qmp')}`);
  await app.button('Add guest').click();
  await expect(app.page.getByRole('alert').filter({ hasText: 'is already here as web.qmp' })).toBeVisible();

  await app.button('Migrate web.qmp').click();
  await expect(app.page.getByRole('heading', { name: 'New migration' })).toBeVisible();
  await expect(app.field('Guest')).toHaveAccessibleDescription(`running · ${join(runtime, 'vm', 'web.qmp')}`);
  const destination = join(runtime, 'vm', 'spare.qmp');
  await app.fill({ Destination: destination, ...few, ...inTheEnd });
  await expect(app.field('Destination')).toHaveAccessibleDescription('Waiting for a guest');
  await app.start();
  await app.ends('completed');
  // It is where it went: done again, it goes back where it came from.
  await app.button('Run again with…').click();
  await expect(app.field('Guest')).toHaveAccessibleDescription(`running · ${destination}`);
  await expect(app.field('Destination')).toHaveValue(join(runtime, 'vm', 'web.qmp'));
  await app.open('Guests');
  await expect(row(app, 'spare.qmp')).toHaveCount(0);
  await expect(app.page.getByRole('row', { name: /^web\.qmp/ }).filter({ hasText: destination })).toContainText(
    'running',
  );
  await app.close();
  await pair.stop();
});
