import { readFile } from 'node:fs/promises';
import { expect } from '@playwright/test';
import { few } from './app';
import { test } from './kit/console-test';

test('the keys of a new migration open its form, and those of the start start what it says', async ({ app }) => {
  await app.startSample();
  await app.press('newMigration');
  await expect(app.page.getByRole('heading', { name: 'New migration' })).toBeVisible();
  await app.fill(few);
  const destination = await app.field('Destination').inputValue();
  await app.field('Destination').fill('');
  await app.press('startMigration'); // as little as the button, which is disabled
  await expect(app.button('Start migration')).toBeDisabled();
  await app.field('Destination').fill(destination);
  await app.open('Guests');
  await app.press('startMigration');
  await app.ends('completed');
});

test('the keys of a run pause it, and ask before they force or cancel', async ({ app }) => {
  await app.begin();
  await app.open('Guests');
  await app.press('pause');
  await expect(app.button('Resume')).toBeVisible();
  await app.press('pause');
  await expect(app.button('Pause')).toBeVisible();

  await app.open('Profiles');
  await app.press('forceSwitchover');
  const forcing = app.page.getByRole('dialog', { name: 'Stop the guest and finish now?' });
  await expect(forcing).toBeVisible();
  await app.press('cancelMigration'); // not behind the back of a question
  await forcing.getByRole('button', { name: 'Keep migrating' }).click();
  await expect(forcing).toBeHidden();

  await app.open('History');
  await app.press('cancelMigration');
  const cancelling = app.page.getByRole('dialog', { name: 'Cancel the migration?' });
  await cancelling.getByRole('button', { name: 'Cancel migration' }).click();
  await app.ends('cancelled');
});

test('the keys of the export write the report in front, and the chosen runs', async ({ app }) => {
  await app.migrate();
  const written = app.page.getByRole('status', { name: 'Export' });
  const report = test.info().outputPath('report.json');
  await app.answerSaving(report);
  await app.press('export');
  await expect(written).toContainText(report);
  expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({ runs: [{ report: { status: 'completed' } }] });

  await app.open('History');
  const chosen = test.info().outputPath('runs.json');
  await app.answerSaving(chosen);
  await app.page.getByRole('checkbox', { name: /^Select the run/ }).check();
  await app.press('export');
  await expect(written).toContainText(chosen);
  expect(JSON.parse(await readFile(chosen, 'utf8'))).toMatchObject({ runs: [{ report: { status: 'completed' } }] });
});

test('the keys of the view change theme, size and screen', async ({ app }) => {
  await app.press('theme');
  await expect(app.button('Theme: Light')).toBeVisible();
  const zoom = () =>
    app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getZoomLevel());
  await app.press('zoomIn', 1);
  await expect.poll(zoom).toBe(1);
  await app.press('zoomReset');
  await expect.poll(zoom).toBe(0);
  await app.press('zoomOut');
  await expect.poll(zoom).toBe(-1);

  const full = () => app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isFullScreen());
  expect(await full()).toBe(false);
  await app.press('fullScreen');
  await expect.poll(full).toBe(true);
  await app.press('fullScreen');
  await expect.poll(full).toBe(false);
});

test('the keys of the end close the console, and ask while a guest moves', async ({ app }) => {
  await app.begin();
  await app.answerClosing('Keep migrating');
  await app.press('quit');
  await expect.poll(() => app.closingText()).toMatch(/keeps running on the source/);
  await expect(app.status).toHaveText(/^(bulk|iterating)/);
  await app.cancel();
  await app.ends('cancelled');
  const ended = new Promise((resolve) => app.process.once('exit', resolve));
  await app.press('quit').catch(() => undefined); // the console may be gone before it can answer
  expect(await ended).toBe(0);
});
