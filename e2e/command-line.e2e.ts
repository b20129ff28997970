import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from '@playwright/test';
import { test } from './kit/console-test';

const run = promisify(execFile);

/** Runs what an operator would paste, in a shell that finds `wherry`, and returns what it kept of that run. */
async function paste(line: string, folder: string): Promise<{ readonly [key: string]: unknown }> {
  const path = `${resolve(__dirname, '../bin')}:${process.env['PATH'] ?? ''}`;
  const env = { ...process.env, PATH: path, WHERRY_DATA_DIR: folder };
  await run('sh', ['-c', line], { env });
  const { stdout } = await run('sh', ['-c', 'wherry history list --json'], { env });
  const { runs } = JSON.parse(stdout) as { readonly runs: readonly { readonly [key: string]: unknown }[] };
  expect(runs).toHaveLength(1);
  return runs[0] ?? {};
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
  await app.button('Copy the command line').click();
  await expect(app.page.getByText('Copied', { exact: true })).toBeVisible();
  const line = await app.electron.evaluate(({ clipboard }) => clipboard.readText());
  await expect(app.page.getByRole('group', { name: 'The same on a command line' })).toHaveText(line);

  expect(await paste(line, test.info().outputPath('data'))).toMatchObject({
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
