import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect } from '@playwright/test';
import type { Locator } from '@playwright/test';
import type { ConsoleApp } from './app';
import { test } from './kit/console-test';

/** A profile in the list on the left. */
function listed(app: ConsoleApp, name: string): Locator {
  return app.page.getByRole('navigation', { name: 'Profiles' }).getByRole('button', { name: new RegExp(`^${name}`) });
}

function said(app: ConsoleApp): Locator {
  return app.page.getByRole('status', { name: 'Profiles' });
}

async function saveNew(app: ConsoleApp, name: string, level: string): Promise<void> {
  await app.button('New profile').click();
  await app.field('Profile name').fill(name);
  await app.field('Compression level').fill(level);
  await app.button('Save profile').click();
  await expect(listed(app, name)).toContainText(`--level ${level}`);
}

test('shows those that come with Wherry, which stay as they are', async ({ app }) => {
  await app.open('Profiles');
  for (const name of ['Slow link', 'Fast link', 'Write-heavy guest', 'Seed: zlib', 'Seed: zstd']) {
    await listed(app, name).click();
    await expect(app.field('Profile name')).toHaveValue(name);
    await expect(app.field('Profile name')).toBeDisabled();
    await expect(app.field('Compression level')).toBeDisabled();
    for (const verb of ['Save profile', 'Rename', 'Delete']) await expect(app.button(verb)).toBeDisabled();
  }
  await expect(app.page.getByText('None yet. Duplicate one')).toBeVisible();
});

test('makes, edits, duplicates, renames and deletes a profile', async ({ app }) => {
  await app.open('Profiles');
  await saveNew(app, 'Night', '3');

  await app.field('Bandwidth limit').fill('fast');
  await expect(app.field('Bandwidth limit')).toHaveAccessibleDescription(/expected a rate such as 100Mbit/);
  await expect(app.button('Save profile')).toBeDisabled();
  await app.field('Bandwidth limit').fill('50Mbit');
  await expect(listed(app, 'Night')).toContainText('modified');
  await listed(app, 'Slow link').click();
  await listed(app, 'Night').click();
  await expect(app.field('Bandwidth limit')).toHaveValue('50Mbit');
  await app.button('Save profile').click();
  await expect(listed(app, 'Night')).not.toContainText('modified');
  await expect(listed(app, 'Night')).toContainText('--max-bandwidth 50Mbit');

  await app.button('Duplicate').click();
  await expect(app.field('Profile name')).toHaveValue('Night copy');
  await app.field('Profile name').fill('slow LINK');
  await expect(app.field('Profile name')).toHaveAccessibleDescription(/comes with Wherry/);
  await app.field('Profile name').fill('night');
  await expect(app.field('Profile name')).toHaveAccessibleDescription(/“Night” is another profile/);
  await expect(app.button('Save profile')).toBeDisabled();
  await app.button('Revert').click();
  await app.button('Rename').click();
  await app.page.keyboard.type('Day');
  await app.page.keyboard.press('Enter');
  await expect(listed(app, 'Day')).toBeVisible();
  await expect(listed(app, 'Night copy')).toHaveCount(0);

  await app.button('Delete').click();
  const dialog = app.page.getByRole('dialog', { name: 'Delete “Day”?' });
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  await expect(listed(app, 'Day')).toBeVisible();
  await app.button('Delete').click();
  await dialog.getByRole('button', { name: 'Delete it' }).click();
  await expect(listed(app, 'Day')).toHaveCount(0);
  await expect(listed(app, 'Night')).toBeVisible();
});

test('exports, and imports what was exported; a bad file changes nothing and is told of', async ({ app }) => {
  await app.open('Profiles');
  await saveNew(app, 'Night', '3');
  await saveNew(app, 'Day', '5');
  const file = test.info().outputPath('profiles.json');
  await app.answerSaving(file);
  await app.button('Export all of mine…').click();
  await expect(said(app)).toContainText(file);
  const text = await readFile(file, 'utf8');
  expect(JSON.parse(text)).toMatchObject({ profiles: [{ name: 'Day' }, { name: 'Night' }] });

  await app.button('Delete').click();
  await app.button('Delete it').click();
  await expect(listed(app, 'Day')).toHaveCount(0);
  await app.answerOpening(file);
  await app.answerClosing('Import nothing');
  await app.button('Import…').click();
  await expect(said(app)).toHaveText('Nothing was imported.');
  await expect(listed(app, 'Day')).toHaveCount(0);
  await app.answerClosing('Replace');
  await app.button('Import…').click();
  await expect(said(app)).toHaveText('Imported 2 profiles.');
  await expect(listed(app, 'Day')).toContainText('--level 5');

  const bad = test.info().outputPath('bad.json');
  await writeFile(bad, text.replace('"level": 3', '"level": 99').replaceAll('Night', 'Dawn'));
  await app.answerOpening(bad);
  await app.button('Import…').click();
  const alert = app.page.getByRole('alert').filter({ hasText: `Nothing was imported from ${bad}` });
  await expect(alert).toContainText('profile 2: Compression level: expected a whole number from 0 to 19, got 99');
  await expect(listed(app, 'Dawn')).toHaveCount(0);
  await expect(listed(app, 'Night')).toContainText('--level 3');

  await writeFile(bad, text.replace('"version": 1', '"version": 2'));
  await app.button('Import…').click();
  await expect(app.page.getByRole('alert').filter({ hasText: 'written by a newer Wherry' })).toBeVisible();
});

test('names damaged and newer files, and keeps the rest', async ({ app }) => {
  await app.open('Profiles');
  await saveNew(app, 'Night', '3');
  const files = ['0'.repeat(32), '1'.repeat(32)].map((name) => `${app.folder}/profiles/${name}.json`);
  await writeFile(files[0] ?? '', '{"format": "wherry-profile", "ver');
  await writeFile(files[1] ?? '', '{"format": "wherry-profile", "version": 7, "name": "Later", "settings": {}}');
  await app.open('Guests');
  await app.open('Profiles');
  const refused = app.page.getByRole('group', { name: 'Files left alone' });
  await expect(refused).toContainText(`${files[0]} was left alone: expected JSON`);
  await expect(refused).toContainText(`${files[1]} was left alone: version 7 was written by a newer Wherry`);
  await expect(listed(app, 'Night')).toBeVisible();

  const [damaged = '', newer = ''] = files;
  await refused.getByRole('button', { name: `Remove ${basename(newer)}` }).click();
  const question = app.page.getByRole('dialog', { name: `Remove ${basename(newer)}?` });
  await expect(question).toHaveAccessibleDescription(
    /is not read: version 7 was written by a newer Wherry.*gone for good/,
  );
  await question.getByRole('button', { name: 'Keep it' }).click();
  await expect(refused).toContainText(newer);
  await refused.getByRole('button', { name: `Remove ${basename(damaged)}` }).click();
  await app.button('Remove it').click();
  await expect(refused).not.toContainText(damaged);
  await expect(refused).toContainText(newer);
  await refused.getByRole('button', { name: `Remove ${basename(newer)}` }).click();
  await app.button('Remove it').click();
  await expect(refused).toHaveCount(0);
  await expect(listed(app, 'Night')).toBeVisible();
  expect(await readdir(`${app.folder}/profiles`)).toHaveLength(1);
});

test('fills a new migration, marks what is modified, and saves it', async ({ app }) => {
  await app.open('New migration');
  const profile = app.field('Profile');
  await profile.selectOption('Slow link');
  await expect(app.field('XBZRLE cache size')).toHaveValue('256MiB');
  await expect(profile).toHaveAccessibleDescription('Comes with Wherry');
  await app.fill({ 'Downtime limit': '1s', 'Leave paused': true });
  await expect(profile).toHaveAccessibleDescription('Modified');
  await expect(app.page.getByRole('status', { name: 'Changes' })).toHaveText(
    'Differs from “Slow link”: Downtime limit, Leave paused',
  );
  await app.field('Profile name').fill('Slow link');
  await expect(app.button('Save profile')).toBeDisabled();
  await app.field('Profile name').fill('Slow and patient');
  await app.button('Save profile').click();
  await expect(profile).toHaveValue('Slow and patient');
  await expect(profile).toHaveAccessibleDescription('Your own');

  await app.fill({ Channels: '4' });
  await app.button('Revert').click();
  await expect(app.field('Channels')).toHaveValue('1');
  await expect(app.field('Downtime limit')).toHaveValue('1s');
  await app.fill({ Channels: '2' });
  await app.button('Save profile').click();
  await expect(profile).toHaveAccessibleDescription('Your own');

  await profile.selectOption('Fast link');
  await app.field('Profile name').fill('SLOW and patient');
  await app.button('Save profile').click();
  const dialog = app.page.getByRole('dialog', { name: 'Replace “Slow and patient”?' });
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  await expect(profile).toHaveValue('Fast link');

  await app.open('Profiles');
  await expect(listed(app, 'Slow and patient')).toContainText('--channels 2');
  await listed(app, 'Slow and patient').click();
  await app.button('Use for a migration').click();
  await expect(app.field('Channels')).toHaveValue('2');
});

test('is used by keyboard alone', async ({ app }) => {
  const { keyboard } = app.page;
  await app.tabTo('Profiles');
  await keyboard.press('Enter');
  await expect(app.field('Profile name')).toHaveValue('Slow link');
  await app.tabTo('Duplicate');
  await keyboard.press('Enter');
  await expect(app.field('Profile name')).toHaveValue('Slow link copy');
  await app.tabTo('Rename');
  await keyboard.press('Enter');
  await keyboard.type('Night');
  await app.tabTo('Compression level');
  await keyboard.press('Control+A');
  await keyboard.type('9');
  await keyboard.press('Enter');
  await expect(listed(app, 'Night')).toContainText('--level 9');
  await app.tabTo('Delete');
  await keyboard.press('Enter');
  const dialog = app.page.getByRole('dialog', { name: 'Delete “Night”?' });
  await expect(dialog.getByRole('button', { name: 'Keep it' })).toBeFocused();
  await keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(app.button('Delete')).toBeFocused();
  await keyboard.press('Enter');
  await app.tabTo('Delete it');
  await keyboard.press('Enter');
  await expect(listed(app, 'Night')).toHaveCount(0);
  await expect(app.page.getByRole('region', { name: 'In the editor' })).toBeFocused();
});
