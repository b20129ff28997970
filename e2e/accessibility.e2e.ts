import { expect } from '@playwright/test';
import { few } from './app';
import { test } from './kit/console-test';

for (const theme of ['Light', 'Dark']) {
  test(`axe finds nothing in any view, ${theme.toLowerCase()}`, async ({ app }) => {
    const toggle = app.page.getByRole('button', { name: /^Theme: / });
    while ((await toggle.textContent()) !== `Theme: ${theme}`) await toggle.click();

    expect(await app.axe()).toEqual([]);
    await app.startSample();
    expect(await app.axe()).toEqual([]);
    await app.fill({ 'Compression level': '99' });
    expect(await app.axe()).toEqual([]);
    await app.fill({ 'Compression level': '1', ...few });
    await app.start();
    expect(await app.axe()).toEqual([]);
    await app.ends('completed');
    expect(await app.axe()).toEqual([]);
    await app.open('History');
    await expect(app.page.getByRole('row', { name: /Sample/ })).toBeVisible();
    expect(await app.axe()).toEqual([]);
    await app.open('Profiles');
    await expect(app.field('Profile name')).toBeVisible();
    expect(await app.axe()).toEqual([]);
    await app.button('Duplicate').click();
    await expect(app.field('Profile name')).toHaveValue(/ copy$/);
    expect(await app.axe()).toEqual([]);
    await app.button('Delete').click();
    expect(await app.axe()).toEqual([]);
  });
}
