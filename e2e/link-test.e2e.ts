import { spawn, type ChildProcess } from 'node:child_process';
import { expect, type Locator } from '@playwright/test';
import type { ConsoleApp } from './app';
import { test } from './kit/console-test';

let receiver: ChildProcess | undefined;

test.afterEach(() => void receiver?.kill('SIGKILL'));

/** A `wherry receive` for the sample, and its pairing text. */
async function receive(app: ConsoleApp): Promise<string> {
  const outcome = await app.page.evaluate(() => window.wherry.calls.readConsole(undefined));
  const destination = outcome.ok ? outcome.value.guests[0]?.destination : undefined;
  const words = ['receive', '--listen', ':0', '--destination', destination ?? '', '--json'];
  const env = { ...process.env, WHERRY_DATA_DIR: test.info().outputPath('data') };
  receiver = spawn(process.execPath, ['bin/wherry', ...words], { stdio: ['ignore', 'pipe', 'inherit'], env });
  let out = '';
  receiver.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  await expect.poll(() => out).toMatch(/"url":"wherry:/);
  return /"url":"([^"]+)"/.exec(out)?.[1] ?? '';
}

const linkOf = ({ page }: ConsoleApp): Locator => page.getByRole('status', { name: 'Link', exact: true });

test('a link is tested from the form, before the run and in its report', async ({ app }) => {
  const link = linkOf(app);
  await app.startSample();
  const url = await receive(app);
  await app.open('New migration');
  await expect(app.button('Test link')).toHaveCount(0); // both QEMUs are here
  await app.fill({ Destination: url, Channels: '3', 'Bandwidth limit': '80Mbit', 'Compress threads': '1' });
  await app.button('Test link').click();
  await expect(link).toContainText(/round trip\s*[\d.]+ ms/);
  await expect(link).toContainText(/throughput\s*[\d.]+ Mbit\/s over 3 channels/);
  await expect(link).toContainText(/clock there\s*(within [\d.]+ ms of ours|[\d.]+ ms (ahead|behind) \(±)/);
  await expect(link).toContainText(/At this link and limit, moving 64 MiB takes about \d+ (s|min)/);
  expect(await app.axe()).toEqual([]);
  await app.fill({ 'Bandwidth limit': '1Mbit' });
  await expect(link).toContainText(/moving 64 MiB takes about 9 min/);
  await app.fill({ 'Bandwidth limit': '80Mbit' });

  await app.start();
  await app.ends('completed');
  const report = app.page.getByRole('region', { name: 'Report' });
  await expect(report).toContainText(/link round trip\s*[\d.]+ ms/);
  await expect(report).toContainText(/link throughput\s*[\d.]+ Mbit\/s over 3 channels/);
  await expect(report).toContainText(/downtime\s*[\d.]+ m?s ±[\d.]+ ms/);
  await expect(app.page.getByText(/the link gives [\d.]+ Mbit\/s/)).toBeVisible();
});

test('a link that cannot be tested is said in words', async ({ app }) => {
  await app.startSample();
  await app.fill({ Destination: `wherry://127.0.0.1:1?fingerprint=${'cd'.repeat(32)}&token=${'ab'.repeat(32)}` });
  await app.button('Test link').click();
  await expect(app.page.getByRole('alert').filter({ hasText: 'nobody listens there' })).toBeVisible();
  await app.fill({ Destination: 'wherry://nonsense' });
  await expect(app.field('Destination')).toHaveAccessibleDescription(/expected wherry:\/\/host:port.*got one without/);
  await expect(app.button('Test link')).toBeDisabled();
  await expect(app.button('Start migration')).toBeDisabled();
  await expect(app.button('Start migration')).toHaveAccessibleDescription(/expected wherry:\/\/host:port/);
});
