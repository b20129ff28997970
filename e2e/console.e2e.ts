import { expect } from '@playwright/test';
import { inTheEnd } from './app';
import { test } from './kit/console-test';

test('moves a built-in guest and reports on it', async ({ app }) => {
  await app.migrate({ 'Bandwidth limit': '20Mbit', 'Compress threads': '2' });

  await expect(app.page.getByText('Completed: the guest runs on the destination.')).toBeVisible();
  for (const name of ['Measured downtime', 'Expected downtime', 'Total time']) {
    await expect(app.figure(name)).toHaveText(/\d.* (ms|s|min)/);
  }
  await expect(app.figure('Throughput')).toHaveText(/\d .?B\/s/);
  await expect(app.figure('Round')).toHaveText(/^\d+$/);
  await expect(app.figure('Transferred')).toHaveText(/\d .?B/);
  await expect(app.figure('Cache hit rate')).toHaveText(/\d %|—/);
  await expect(app.page.getByRole('region', { name: 'Report' })).toContainText('the destination');
  await expect(app.page.getByRole('img', { name: /^Rate/ })).toHaveAccessibleDescription(
    /Guest \d.*Wire \d.*Limit 2\.5 MB\/s/,
  );

  await app.open('Guests');
  await expect(app.page.getByRole('row', { name: /Sample 1/ })).toContainText('running');
});

test('moves a guest between two QEMUs', async ({ app }) => {
  await app.migrate({ 'Compress threads': '2', ...inTheEnd }, { kind: 'qemu', memory: '128MiB' });
  await expect(app.page.getByText('Completed: the guest runs on the destination.')).toBeVisible();
  await expect(app.figure('Measured downtime')).toHaveText(/\d m?s/);
});

test('cancels, and the guest stays on the source', async ({ app }) => {
  await app.begin();
  await app.cancel();
  await app.ends('cancelled');
  await expect(app.page.getByText('Cancelled: the guest runs on the source.')).toBeVisible();
});

test('runs one migration at a time and says so', async ({ app }) => {
  await app.begin();
  await app.open('New migration');
  await expect(app.button('Start migration')).toBeDisabled();
  await expect(app.button('Start migration')).toHaveAccessibleDescription(/one at a time/);
});

test('asks before it closes on a running migration', async ({ app }) => {
  await app.begin();
  await app.answerClosing('Keep migrating');
  await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
  await expect
    .poll(() => app.closingText())
    .toMatch(/thrown away: .* keeps running on the source.*ends with the console/);
  await expect(app.status).toHaveText(/^(bulk|iterating)/);
});

test('explains a wrong setting beside its field and will not start', async ({ app }) => {
  await app.startSample();
  await app.fill({ 'Compression method': 'zlib', 'Compression level': '12' });
  const level = app.field('Compression level');
  await expect(level).toHaveAttribute('aria-invalid', 'true');
  await expect(level).toHaveAccessibleDescription('zlib takes 0 to 9, got 12');
  await expect(app.button('Start migration')).toBeDisabled();
  await expect(app.button('Start migration')).toHaveAccessibleDescription(/zlib takes 0 to 9/);

  await level.fill('9');
  await expect(level).not.toHaveAttribute('aria-invalid');
  await expect(app.button('Start migration')).toBeEnabled();
});

test('says what is wrong with a dead socket', async ({ app }) => {
  await app.field('QMP socket').fill('/nowhere/guest.qmp');
  await app.button('Add guest').click();
  await expect(
    app.page.getByRole('alert').filter({ hasText: 'No QMP monitor at unix:/nowhere/guest.qmp' }),
  ).toBeVisible();
});

test('ends its samples and itself when it is told to by a signal', async ({ app }) => {
  await app.begin();
  const ended = new Promise((resolve) => app.process.once('exit', resolve));
  for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT'] as const) app.process.kill(signal);
  expect(await ended).toBe(0);
});
