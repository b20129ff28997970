import { expect } from '@playwright/test';
import { test } from './kit/console-test';

test('a run is set up, started, paused, resumed and cancelled by keyboard alone', async ({ app }) => {
  const { keyboard } = app.page;

  const type = async (name: string, text: string): Promise<void> => {
    await app.tabTo(name);
    await keyboard.press('Control+A');
    await keyboard.type(text);
  };
  const press = async (name: string): Promise<void> => {
    await app.tabTo(name);
    await keyboard.press('Enter');
  };

  await type('Guest memory', '64MiB');
  await press('Start sample guest');
  await expect(app.page.getByRole('row', { name: /Sample 1/ })).toContainText('running');
  await press('New migration');
  await expect(app.page.getByRole('heading', { name: 'New migration' })).toBeVisible();
  await type('Bandwidth limit', '1Mbit');
  await press('Start migration');
  await app.reaches(/^(bulk|iterating)/);

  await press('Pause');
  await expect(app.button('Resume')).toBeFocused();
  await keyboard.press('Enter');
  await expect(app.button('Pause')).toBeFocused();

  await type('Downtime limit', '450ms');
  await keyboard.press('Enter');
  await expect(app.field('Downtime limit')).toHaveAccessibleDescription('In force: 450ms');

  await press('Cancel migration');
  const dialog = app.page.getByRole('dialog', { name: 'Cancel the migration?' });
  await expect(dialog).toBeVisible();
  await keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(app.button('Cancel migration')).toBeFocused();
  await keyboard.press('Enter');
  await expect(dialog).toBeVisible();
  await press('Cancel migration');
  await app.ends('cancelled');
  await expect(app.page.getByText('Cancelled: the guest runs on the source.')).toBeVisible();
});
