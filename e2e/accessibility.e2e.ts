import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { ConsoleApp } from './app';

/** What axe finds on the page, as `rule: element`. */
async function findings(app: ConsoleApp): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page: app.page }).setLegacyMode(true).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

for (const theme of ['Light', 'Dark']) {
  test(`axe finds nothing in any view, ${theme.toLowerCase()}`, async () => {
    const app = await ConsoleApp.launch();
    const toggle = app.page.getByRole('button', { name: /^Theme: / });
    while ((await toggle.textContent()) !== `Theme: ${theme}`) await toggle.click();

    expect(await findings(app)).toEqual([]);
    await app.startSample();
    expect(await findings(app)).toEqual([]);
    await app.fill({ 'Compression level': '99' });
    expect(await findings(app)).toEqual([]);
    await app.fill({ 'Compression level': '1', 'Compress threads': '1', 'Decompress threads': '1' });
    await app.start();
    expect(await findings(app)).toEqual([]);
    await app.reaches(/^completed/);
    expect(await findings(app)).toEqual([]);
    await app.open('History');
    await expect(app.page.getByRole('row', { name: /Sample/ })).toBeVisible();
    expect(await findings(app)).toEqual([]);
    await app.open('Profiles');
    await expect(app.field('Profile name')).toBeVisible();
    expect(await findings(app)).toEqual([]);
    await app.button('Duplicate').click();
    await expect(app.field('Profile name')).toHaveValue(/ copy$/);
    expect(await findings(app)).toEqual([]);
    await app.button('Delete').click();
    expect(await findings(app)).toEqual([]);
    await app.close();
  });
}

test('is used by keyboard alone', async () => {
  const app = await ConsoleApp.launch();
  const { keyboard } = app.page;
  const tabTo = async (name: string): Promise<void> => {
    for (let presses = 0; presses < 40; presses += 1) {
      await keyboard.press('Tab');
      const focused = await app.page.evaluate(() => {
        const element = document.activeElement;
        return ((element instanceof HTMLInputElement && element.labels?.[0]) || element)?.textContent?.trim();
      });
      if (focused === name) return;
    }
    throw new Error(`Tab never reached ${name}`);
  };
  await tabTo('Guest memory');
  await keyboard.press('Control+A');
  await keyboard.type('64MiB');
  await tabTo('Start sample guest');
  await keyboard.press('Enter');
  await expect(app.page.getByRole('row', { name: /Sample 1/ })).toContainText('running');
  await tabTo('New migration');
  await keyboard.press('Enter');
  await expect(app.page.getByRole('heading', { name: 'New migration' })).toBeVisible();
  await tabTo('Start migration');
  await keyboard.press('Enter');
  await app.reaches(/^completed/);
  await app.close();
});
