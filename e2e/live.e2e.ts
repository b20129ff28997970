import { expect } from '@playwright/test';
import { test } from './kit/console-test';

test.beforeEach(async ({ app }) => {
  await app.begin({ 'Bandwidth limit': '4Mbit' }); // a first pass that lasts
});

test('changes every live setting, and shows what is in force', async ({ app }) => {
  const changes = {
    'Bandwidth limit': '16Mbit',
    'Downtime limit': '500ms',
    'Compression method': 'zlib',
    'Compression level': '6',
  };
  for (const [label, value] of Object.entries(changes)) {
    const field = app.field(label);
    if (label === 'Compression method') await field.selectOption(value);
    else await field.fill(value);
  }
  await app.button('Apply changes').click();
  for (const [label, value] of Object.entries(changes)) {
    await expect(app.field(label)).toHaveAccessibleDescription(`In force: ${value}`);
    await expect(app.field(label)).toHaveValue(value);
  }
  await expect(app.button('Apply changes')).toBeDisabled();
});

test('explains a wrong value beside its field, and changes nothing', async ({ app }) => {
  await app.field('Compression level').fill('25');
  await expect(app.field('Compression level')).toHaveAccessibleDescription(/zstd takes 1 to 19, got 25/);
  await expect(app.button('Apply changes')).toBeDisabled();
  await app.button('Undo').click();
  await expect(app.field('Compression level')).toHaveValue('1');
  await expect(app.field('Compression level')).toHaveAccessibleDescription('In force: 1');
});

test('pauses and resumes', async ({ app }) => {
  await app.button('Pause').click();
  await expect(app.button('Resume')).toBeEnabled();
  await app.button('Resume').click();
  await expect(app.button('Pause')).toBeEnabled();
});

test('forces the switchover once it has said what that costs', async ({ app }) => {
  await app.button('Force switchover').click();
  const dialog = app.page.getByRole('dialog', { name: 'Stop the guest and finish now?' });
  await expect(dialog).toContainText(/stand still for about .*; the limit is 300 ms\.|cannot be said yet/);
  await dialog.getByRole('button', { name: 'Keep migrating' }).click();
  await expect(dialog).toBeHidden();

  await app.button('Force switchover').click();
  await dialog.getByRole('button', { name: 'Stop the guest now' }).click();
  await app.reaches(/^switchover/);
  // All of its memory is still to come.
  await app.field('Bandwidth limit').fill('0');
  await app.button('Apply changes').click();
  await app.ends('completed');
  await expect(app.page.getByText('Completed: the guest runs on the destination.')).toBeVisible();
});

test('shows on a map what became of the guest’s memory, to eye, pointer and key', async ({ app }) => {
  const map = app.page.getByRole('img', { name: /^Guest memory/ });
  await expect(map).toHaveAccessibleDescription(
    /^Not yet sent \d.*, Zero \d.*, Unchanged \d.*, XBZRLE \d.*, Compressed [1-9].*, Plain \d.*; sent again in this round 0 %$/,
  );
  const panel = app.page.getByRole('region', { name: 'Guest memory' });
  await expect(panel).toContainText('pc.ram 64 MiB, guest.rom 64 KiB; a square is 32 KiB');
  await map.hover({ position: { x: 3, y: 3 } });
  await expect(panel).toContainText(/pc\.ram 0x0–0x7fff: (zero|compressed|plain)/);
  await panel.getByRole('slider', { name: 'Region' }).focus();
  await app.page.keyboard.press('End');
  await expect(panel).toContainText(/guest\.rom 0x8000–0xffff: (not yet sent|zero|compressed|plain)/);
});

test('cancels once it has said what is thrown away, where the guest stays and how near it was', async ({ app }) => {
  await app.button('Cancel migration').click();
  const dialog = app.page.getByRole('dialog', { name: 'Cancel the migration?' });
  await expect(dialog).toHaveAccessibleDescription(
    /thrown away: [\d.]+ .?B on the wire for [\d.]+ .?B of the guest’s stream\. The guest keeps running on the source; .* It is in its first pass, with [\d.]+ MiB left to send of 64\.1 MiB\.$/,
  );
  await dialog.getByRole('button', { name: 'Keep migrating' }).click();
  await expect(dialog).toBeHidden();
  await expect(app.status).toHaveText(/^bulk/);
  await app.cancel();
  await app.ends('cancelled');
  await expect(app.page.getByText('Cancelled: the guest runs on the source.')).toBeVisible();
});

test('cancels while sending is paused', async ({ app }) => {
  await app.button('Pause').click();
  await expect(app.button('Resume')).toBeEnabled();
  await app.cancel();
  await app.ends('cancelled');
});

test('cancels in mid-switchover, and the guest goes on where it was', async ({ app }) => {
  await app.button('Force switchover').click();
  await app.page.getByRole('button', { name: 'Stop the guest now' }).click();
  await app.reaches(/^switchover/);
  await app.button('Cancel migration').click();
  const dialog = app.page.getByRole('dialog', { name: 'Cancel the migration?' });
  await expect(dialog).toHaveAccessibleDescription(
    /stands still for the switchover.*If the source hears of the cancel in time/,
  );
  await dialog.getByRole('button', { name: 'Cancel migration' }).click();
  await app.ends('cancelled');
  await expect(app.page.getByText('Cancelled: the guest runs on the source.')).toBeVisible();
});
