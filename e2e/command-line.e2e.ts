import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from '@playwright/test';
import { few, type ConsoleApp } from './app';
import { test } from './kit/console-test';

const run = promisify(execFile);

/** Runs what an operator would paste, in a shell that finds `wherry`, and returns what it kept of that run. */
async function paste(line: string, folder: string, cwd = process.cwd()): Promise<{ readonly [key: string]: unknown }> {
  const path = `${resolve(__dirname, '../bin')}:${process.env['PATH'] ?? ''}`;
  const env = { ...process.env, PATH: path, WHERRY_DATA_DIR: folder };
  await run('sh', ['-c', line], { env, cwd });
  const { stdout } = await run('sh', ['-c', 'wherry history list --json'], { env });
  const { runs } = JSON.parse(stdout) as { readonly runs: readonly { readonly [key: string]: unknown }[] };
  expect(runs).toHaveLength(1);
  return runs[0] ?? {};
}

/** Copies the command line beside the form, which shows the same. */
async function copyLine(app: ConsoleApp): Promise<string> {
  await app.button('Copy the command line').click();
  await expect(app.page.getByText('Copied', { exact: true })).toBeVisible();
  const line = await app.electron.evaluate(({ clipboard }) => clipboard.readText());
  await expect(app.page.getByRole('group', { name: 'The same on a command line' })).toHaveText(line);
  return line;
}

test('the command line beside the form, copied and pasted, does the same', async ({ app }) => {
  await app.startSample({ workload: 'idle' });
  await app.fill({
    Profile: 'Write-heavy guest',
    'Compression method': 'zlib',
    'Compression level': '2',
    'Compress threads': '2',
    'Decompress threads': '1',
    Channels: '2',
    'Wait for a free compress thread': false,
    'XBZRLE cache policy': 'lru',
    'Bandwidth limit': '800Mbit',
    'Downtime limit': '1.5s',
    Timeout: '5m',
    'On timeout': 'force',
    'Auto-converge': true,
    'Leave paused': true,
  });
  expect(await paste(await copyLine(app), test.info().outputPath('data'))).toMatchObject({
    settings: {
      method: 'zlib',
      level: 2,
      compressThreads: 2,
      decompressThreads: 1,
      channels: 2,
      xbzrleCacheBytes: 512 * 2 ** 20,
      cachePolicy: 'lru',
      maxBandwidth: 1e8,
      downtimeLimitMs: 1500,
      waitForThread: false,
      autoConverge: true,
      timeoutMs: 300_000,
      onTimeout: 'force',
      paused: true,
    },
    report: { status: 'completed', guestRunningOn: 'none' },
  });
});

test('the one for a receiver names a file in the place of its secret, and does the same with that', async ({ app }) => {
  await app.startSample({ workload: 'idle' });
  await app.open('New migration');
  const destination = await app.field('Destination').inputValue();
  await app.open('Receive');
  await app.field('Destination QMP').fill(destination);
  await app.field('Listen address').fill(':0');
  await app.button('Start receiving').click();
  const receiver = app.page.getByRole('status', { name: 'Receiver status' });
  await expect(receiver).toHaveText(/^Waiting for a sender at /);
  const pairing = await app.page.getByRole('region', { name: 'Pairing' }).locator('code').innerText();
  const [secret = ''] = /(?<=token=)[0-9a-f]{64}/.exec(pairing) ?? [];
  expect(secret).not.toBe('');
  await app.fill({ Destination: pairing, ...few });
  const line = await copyLine(app);
  expect(line).toContain('--destination @vm.pairing ');
  const panel = app.page.getByRole('complementary', { name: 'Summary' });
  await expect(panel).toContainText('vm.pairing stands for a file with that text');
  expect(await panel.innerText()).not.toContain(secret);
  expect(await app.axe()).toEqual([]);

  const folder = test.info().outputPath('shell');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'vm.pairing'), `${pairing}\n`, { mode: 0o600 });
  expect(await paste(line, test.info().outputPath('data'), folder)).toMatchObject({
    report: { status: 'completed', guestRunningOn: 'destination' },
  });
});
