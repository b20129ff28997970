import { readFile } from 'node:fs/promises';
import { expect } from '@playwright/test';
import type { Locator } from '@playwright/test';
import type { ConsoleApp } from './app';
import { test } from './kit/console-test';

/** What each chart says while a guest is moved. */
const charts = {
  Rate: /Guest [\d.]+ .?B\/s Wire [\d.]+ .?B\/s Limit 1 MB\/s/,
  'Remaining and dirty rate': /Remaining [\d.]+ [KMG]?i?B Dirty rate/,
  'Wire by class':
    /Zero [\d.]+ .?B\/s Unchanged [\d.]+ .?B\/s XBZRLE [\d.]+ .?B\/s Compressed [\d.]+ .?B\/s Plain [\d.]+ .?B\/s/,
  Cache: /Hit rate \d+ % Lookups [\d.]+k?\/s Overflow [\d.]+k?\/s/,
  'Expected downtime': /At least [\d.]+ (m?s|min).* At most [\d.]+ (m?s|min).* Limit 300 ms/,
} as const;

function chart(app: ConsoleApp, name: string): Locator {
  return app.page.getByRole('img', { name, exact: true });
}

async function pngAt(file: string): Promise<{ readonly width: number; readonly height: number }> {
  const bytes = await readFile(file);
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

test('every picture says its latest values, is zoomed with the others, frozen, and saved', async ({ app }) => {
  await app.begin();
  for (const [name, text] of Object.entries(charts)) await expect(chart(app, name)).toHaveAccessibleDescription(text);

  const slider = app.page.getByRole('slider', { name: 'Time to read values at' });
  await slider.focus();
  await app.page.keyboard.press('Home');
  await expect(slider).toHaveAttribute('aria-valuetext', '0:00.0');
  await slider.blur();
  await expect(slider).toHaveAttribute('aria-valuetext', 'latest');

  await chart(app, 'Cache').hover();
  await expect(slider).toHaveAttribute('aria-valuetext', /^\d+:\d\d\.\d$/);
  await app.page.getByRole('heading', { name: 'Pictures' }).hover();
  await expect(slider).toHaveAttribute('aria-valuetext', 'latest');

  const reset = app.button('Reset zoom');
  await expect(reset).toBeDisabled();
  await expect(chart(app, 'Rate')).toHaveAccessibleDescription(/Wire [1-9][\d.]* [kM]B\/s/);
  const whole = Number(await slider.getAttribute('max'));
  const box = await chart(app, 'Rate').boundingBox();
  if (box === null) throw new Error('expected the chart to be in sight');
  await app.page.mouse.move(box.x + 80, box.y + 40);
  await app.page.mouse.down();
  await app.page.mouse.move(box.x + 140, box.y + 45, { steps: 4 });
  await app.page.mouse.up();
  await expect(reset).toBeEnabled();
  expect(Number(await slider.getAttribute('max'))).toBeLessThan(whole);
  await reset.click();
  await expect(reset).toBeDisabled();

  await app.button('Freeze').click();
  await expect(app.button('Freeze')).toHaveAttribute('aria-pressed', 'true');
  const frozen = await chart(app, 'Rate')
    .locator('canvas')
    .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const values = app.page.locator(`#${await chart(app, 'Remaining and dirty rate').getAttribute('aria-describedby')}`);
  const said = await values.textContent();
  const elapsed = await app.figure('Total time').textContent();
  await expect(app.figure('Total time')).not.toHaveText(elapsed ?? '');
  expect(
    await chart(app, 'Rate')
      .locator('canvas')
      .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL()),
  ).toBe(frozen);
  expect(await values.textContent()).toBe(said);
  await app.button('Zoom in').click();
  await expect(reset).toBeEnabled();
  await app.button('Zoom out').click();
  await expect(reset).toBeDisabled();
  await app.button('Freeze').click();

  const one = test.info().outputPath('rate.png');
  await app.answerSaving(one);
  await app.button('Save Rate as PNG').click();
  await expect(app.page.getByRole('status', { name: 'Saved' })).toContainText(one);
  const all = test.info().outputPath('all.png');
  await app.answerSaving(all);
  await app.button('Save PNG').click();
  await expect(app.page.getByRole('status', { name: 'Saved' })).toContainText(all);
  expect((await pngAt(all)).height).toBeGreaterThan(3 * (await pngAt(one)).height);
});

test('a limit far above the traffic, and a cache that is off, are said in the pictures', async ({ app }) => {
  await app.begin({ XBZRLE: false });
  await expect(chart(app, 'Cache')).toHaveAccessibleDescription('Hit rate off Lookups off Overflow off');
  await expect(app.page.getByText('The XBZRLE cache is off')).toBeVisible();
  await expect(app.figure('Cache hit rate')).toHaveText('off');
  await app.button('Pause').click();
  await expect(app.button('Resume')).toBeEnabled();
  await app.field('Bandwidth limit').fill('1Gbit');
  await app.button('Apply changes').click();
  await expect(chart(app, 'Rate')).toHaveAccessibleDescription(/Limit 125 MB\/s/);
  const other = app.page.getByRole('region', { name: 'Wire by class' }).getByTitle(/device state.*framing and control/);
  await expect(other).toContainText(/^Other [\d.]+ .?B\/s/);
});

test('the smallest window shows verdict, phase, figures, controls and a picture', async ({ app }) => {
  await app.begin();
  await app.resize(1024, 640);
  const seen = [
    app.page.getByRole('region', { name: 'Verdict' }),
    app.page.getByRole('list', { name: 'Phases' }),
    app.figure('Expected downtime'),
    app.figure('Cache hit rate'),
    app.button('Apply changes'),
    app.field('Bandwidth limit'),
    app.button('Pause'),
    app.button('Force switchover'),
    app.button('Cancel migration'),
    chart(app, 'Rate'),
  ];
  for (const each of seen) await expect(each).toBeInViewport({ ratio: 1 });
});

test('the smallest window cuts nothing off at its side while a guest is moved', async ({ app }) => {
  await app.begin();
  await app.resize(1024, 640);
  for (const view of ['Guests', 'New migration', 'Live', 'History', 'Profiles', 'Receive'] as const) {
    await app.open(view);
    await expect(app.button('Help')).toBeInViewport({ ratio: 1 });
    const widths = await app.page.evaluate(() =>
      [document.documentElement, document.querySelector('main')].map((part) => [part?.scrollWidth, part?.clientWidth]),
    );
    for (const [wide, room] of widths) expect.soft(wide, view).toBe(room);
  }
});

test('nothing is pointed at where a line has no value', async ({ app }) => {
  await app.begin({ 'Bandwidth limit': '4Mbit' }); // a first pass that lasts
  const points = chart(app, 'Remaining and dirty rate').locator('.u-cursor-pt');
  await expect(chart(app, 'Remaining and dirty rate')).toHaveAccessibleDescription(/Dirty rate —/);
  const slider = app.page.getByRole('slider', { name: 'Time to read values at' });
  // While it is being set up nothing is known of the memory that remains.
  await expect(async () => {
    await slider.blur(); // from the latest moment, not from where it was tried before
    await slider.focus();
    await app.page.keyboard.press('ArrowLeft');
    await expect(points.nth(0)).not.toHaveClass(/u-off/, { timeout: 1000 });
  }).toPass();
  await expect(points.nth(1)).toHaveClass(/u-off/);
});

test('the report keeps the pictures, is exported, and the run is done again', async ({ app }) => {
  await app.migrate({ 'Compression level': '3', 'Compress threads': '2' });
  const report = app.page.getByRole('region', { name: 'Report' });
  await expect(report.getByRole('img', { name: 'Downtime' })).toHaveAccessibleDescription(
    /Measured \d+(\.\d+)? m?s.* Predicted .* Limit 300 ms/,
  );
  await expect(chart(app, 'Rate')).toBeVisible();

  for (const [button, name] of [
    ['Export', 'run.json'],
    ['Export CSV', 'run.csv'],
  ] as const) {
    const file = test.info().outputPath(name);
    await app.answerSaving(file);
    await app.button(button).click();
    await expect(app.page.getByRole('status', { name: 'Export' })).toContainText(file);
    expect(await readFile(file, 'utf8')).toContain('completed');
  }

  // The sample's destination has its guest: there is another pair, as large and as busy, to be moved at once.
  await app.button('Run again with…').click();
  await expect(app.page.getByRole('heading', { name: 'New migration' })).toBeVisible();
  await expect(app.field('Compression level')).toHaveValue('3');
  await expect(app.field('Compress threads')).toHaveValue('2');
  await expect(app.field('Guest').locator('option:checked')).toHaveText('Sample 2 (built-in, idle, 64 MiB)');
  await expect(app.field('Destination')).toHaveAccessibleDescription('Started with the sample and waiting for it');
  await app.start();
  await app.ends('completed');
});

test('lays the charts of two runs over each other', async ({ app }) => {
  for (const level of ['1', '3']) {
    await app.migrate({ 'Compression level': level, 'Bandwidth limit': '20Mbit' });
  }
  await app.open('History');
  await expect(app.page.getByRole('checkbox', { name: /^Select the run/ })).toHaveCount(2);
  for (const box of await app.page.getByRole('checkbox', { name: /^Select the run/ }).all()) await box.check();
  await app.button('Compare').click();
  for (const name of ['Wire rate', 'Guest rate', 'Remaining', 'Dirty rate', 'Expected downtime, at most']) {
    await expect(chart(app, name)).toHaveAccessibleDescription(/^A .* B /);
  }
  await expect(chart(app, 'Wire rate')).toHaveAccessibleDescription(/A [\d.]+ .?B\/s B [\d.]+ .?B\/s/);
  const comparison = app.page.getByRole('region', { name: 'Comparison' });
  const runs = comparison.getByRole('list', { name: 'Runs' }).getByRole('listitem');
  await expect(runs).toHaveText([/^A Sample 2 .*\d/, /^B Sample 1 .*\d/]);
  await chart(app, 'Dirty rate').scrollIntoViewIfNeeded();
  await expect(runs.first()).toBeInViewport();
  await expect(comparison.getByRole('columnheader', { name: /^A · Sample/ })).toBeVisible();
  await expect(comparison.getByRole('columnheader', { name: /^B · Sample/ })).toBeVisible();

  const file = test.info().outputPath('comparison.png');
  await app.answerSaving(file);
  await comparison.getByRole('button', { name: 'Save PNG' }).click();
  await expect(comparison.getByRole('status', { name: 'Saved' })).toContainText(file);
  expect((await pngAt(file)).width).toBeGreaterThan(300);

  for (const box of (await app.page.getByRole('checkbox', { name: /^Select the run/ }).all()).slice(1))
    await box.uncheck();
  await app.button('Run again with…').click();
  await expect(app.field('Compression level')).toHaveValue('3');
  await expect(app.field('Guest').locator('option:checked')).toHaveText(/^Sample 3 /);
});
