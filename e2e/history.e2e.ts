import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { test } from './kit/console-test';

test('teaches where runs come from while there are none', async ({ app }) => {
  await app.open('History');
  await expect(app.page.getByText('No runs yet.')).toBeVisible();
});

test('keeps every run, compares two and marks what differs, exports and deletes', async ({ app }) => {
  await app.migrate({ 'Compression level': '1' });
  await app.migrate({ 'Compression level': '3' });
  await app.open('History');
  const rows = app.page.getByRole('row', { name: /Sample/ });
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText('completed');
  await expect(rows.first()).toContainText('--level 3 --compress-threads 1');
  await expect(app.button('Compare')).toBeDisabled();
  for (const box of await app.page.getByRole('checkbox', { name: /^Select the run/ }).all()) await box.check();
  await app.button('Compare').click();
  const comparison = app.page.getByRole('region', { name: 'Comparison' });
  await expect(comparison.getByRole('row', { name: /≠ Compression level/ })).toContainText(/3.*1/);
  await expect(comparison.getByRole('row', { name: /Compression method/ })).toHaveCount(0);
  await comparison.getByLabel('Only what differs').uncheck();
  await expect(comparison.getByRole('row', { name: /Compression method/ })).toHaveCount(1);

  const file = test.info().outputPath('runs.csv');
  await app.answerSaving(file);
  await app.button('Export CSV').click();
  await expect(app.page.getByRole('status', { name: 'Export' })).toContainText(file);
  expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(3);

  await app.field('Filter').fill('nobody');
  await expect(app.page.getByText('No run matches the filter.')).toBeVisible();
  await app.field('Filter').fill('sample');
  await app.button('Delete').click();
  await app.button('Keep it').click();
  await expect(app.page.getByRole('checkbox', { name: /^Select the run/ })).toHaveCount(2);
  await app.button('Delete').click();
  await app.button('Delete for good').click();
  await expect(app.page.getByText('No runs yet.')).toBeVisible();
});

test('names a damaged file and one of a newer version, and leaves them alone until they are removed', async ({
  app,
}) => {
  const data = await app.electron.evaluate(() => process.env['WHERRY_DATA_DIR'] ?? '');
  const files = {
    '20260131T235959123Z-1a2b3c4d.json': '{"format":"wherry-run","version":1,',
    '20260131T235959124Z-1a2b3c4d.json': '{"format":"wherry-run","version":99}',
  };
  await mkdir(join(data, 'history'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(data, 'history', name), text);
  await app.open('History');
  for (const [name, text] of Object.entries(files)) {
    await expect(app.page.getByRole('alert').filter({ hasText: `${name} was left alone: ` })).toBeVisible();
    expect(await readFile(join(data, 'history', name), 'utf8')).toBe(text);
  }
  await expect(app.page.getByText('No runs yet.')).toBeVisible();
  const [damaged = '', newer = ''] = Object.keys(files);
  await app.button(`Remove ${damaged}`).click();
  await expect(app.page.getByRole('dialog', { name: `Remove ${damaged}?` })).toHaveAccessibleDescription(
    /expected JSON/,
  );
  await app.button('Remove it').click();
  await expect(app.page.getByRole('alert').filter({ hasText: damaged })).toHaveCount(0);
  await expect(app.page.getByRole('alert').filter({ hasText: newer })).toBeVisible();
  expect(await readdir(join(data, 'history'))).toEqual([newer]);
});
