import { expect } from '@playwright/test';
import { sourceDowntimeLimit } from '../src/engine/estimate';
import { QmpClient } from '../src/engine/qmp/client';
import { openStores } from '../src/engine/store/stores';
import type { RunView } from '../src/shared/contract';
import type { Snapshot } from '../src/shared/snapshot';
import type { ConsoleApp } from './app';
import { test } from './kit/console-test';

/*
 * What an operator does to a running migration, by its effect on the engine, and not only by what the window says.
 */

async function run(app: ConsoleApp): Promise<RunView> {
  const answer = await app.page.evaluate(() => window.wherry.calls.readConsole(undefined));
  if (!answer.ok || answer.value.run === undefined) throw new Error('expected a run');
  return answer.value.run;
}

async function now(app: ConsoleApp): Promise<Snapshot> {
  const { snapshot } = await run(app);
  if (snapshot === undefined) throw new Error('expected a snapshot');
  return snapshot;
}

/** Changes a setting in its field, and waits until the field says that it is in force. */
async function change(app: ConsoleApp, label: string, value: string): Promise<void> {
  const field = app.field(label);
  if (label === 'Compression method') await field.selectOption(value);
  else await field.fill(value);
  await app.button('Apply changes').click();
  await expect(field).toHaveAccessibleDescription(`In force: ${value}`);
  await expect(field).toHaveValue(value);
}

test('another bandwidth is what the wire carries, up and down', async ({ app }) => {
  await app.begin();
  await change(app, 'Bandwidth limit', '24Mbit');
  await expect.poll(async () => (await now(app)).wireRate).toBeGreaterThan(2e6);
  await change(app, 'Bandwidth limit', '4Mbit');
  await expect.poll(async () => (await now(app)).wireRate).toBeLessThan(0.7e6);
  const events = app.page.getByRole('region', { name: 'Events' });
  await expect(events).toContainText('Bandwidth limit: 8Mbit → 24Mbit');
  await expect(events).toContainText('Bandwidth limit: 24Mbit → 4Mbit');
});

test('another downtime limit is what the source plans for', async ({ app }) => {
  await app.begin({ 'Bandwidth limit': '4Mbit' }); // a first pass that lasts
  await change(app, 'Downtime limit', '750ms');
  const source = await QmpClient.connect((await run(app)).source);
  try {
    const parameters = (): Promise<unknown> => source.execute('query-migrate-parameters');
    // A quarter of it as long as no dirtied page has been seen.
    const planned = Math.round(sourceDowntimeLimit(750) / 4);
    await expect.poll(parameters).toMatchObject({ 'downtime-limit': planned });
  } finally {
    source.close();
  }
});

test('a cache is switched off and on again', async ({ app }) => {
  await app.begin({ 'Bandwidth limit': '24Mbit' });
  await expect.poll(async () => (await now(app)).cache.lookups).toBeGreaterThan(0);
  await change(app, 'XBZRLE cache size', '0');
  await expect(app.figure('Cache hit rate')).toHaveText('off');
  await expect
    .poll(async () => {
      const { rawBytes, cache } = await now(app);
      await expect.poll(async () => (await now(app)).rawBytes).toBeGreaterThan(rawBytes + 2 ** 20);
      return (await now(app)).cache.lookups - cache.lookups;
    })
    .toBe(0);
  const { cache } = await now(app);
  await change(app, 'XBZRLE cache size', '16MiB');
  await expect.poll(async () => (await now(app)).cache.lookups).toBeGreaterThan(cache.lookups);
  await expect(app.figure('Cache hit rate')).toHaveText(/%/);
});

test('more compress threads get to work, and fewer go on', async ({ app }) => {
  await app.begin({ 'Bandwidth limit': '24Mbit' });
  const threads = app.page.getByRole('region', { name: 'Workers' }).getByRole('listitem');
  await expect(threads).toHaveCount(1);
  await change(app, 'Compress threads', '3');
  await expect(threads).toHaveCount(3);
  await expect.poll(async () => (await now(app)).cache.shards.filter(({ lookups }) => lookups > 0).length).toBe(3);
  await change(app, 'Compress threads', '2');
  await expect(threads).toHaveCount(2);
  const { rawBytes } = await now(app);
  await expect.poll(async () => (await now(app)).rawBytes).toBeGreaterThan(rawBytes + 2 ** 20);
});

test('another method and level are what pages are compressed with', async ({ app }) => {
  await app.begin({ 'Bandwidth limit': '24Mbit' });
  const ways = async (): Promise<readonly string[]> =>
    ((await now(app)).compression.ways ?? []).map(({ method, level }) => `${method} ${level}`);
  await expect.poll(ways).toContain('zstd 1');
  await change(app, 'Compression level', '3');
  await expect.poll(ways).toContain('zstd 3');
  await change(app, 'Compression method', 'zlib');
  await expect.poll(ways).toContain('zlib 3');
  await change(app, 'Compression method', 'none');
  const { wireClasses } = await now(app);
  await expect.poll(async () => (await now(app)).wireClasses.plain).toBeGreaterThan(wireClasses.plain + 2 ** 20);
});

test('a pause stops the wire, and what is sent goes on after it', async ({ app }) => {
  await app.begin({ 'Bandwidth limit': '24Mbit' });
  await app.button('Pause').click();
  await expect(app.button('Resume')).toBeEnabled();
  const paused = await now(app);
  expect(paused.flow).toBe('paused');
  await expect.poll(async () => (await now(app)).elapsedMs).toBeGreaterThan(paused.elapsedMs + 500);
  expect((await now(app)).wireBytes).toBe(paused.wireBytes);
  await app.button('Resume').click();
  await expect.poll(async () => (await now(app)).wireBytes).toBeGreaterThan(paused.wireBytes);
  const events = app.page.getByRole('region', { name: 'Events' });
  await expect(events).toContainText('sending is paused');
  await expect(events).toContainText('sending again');
});

test('says that it will not converge, and finishes by the button that helps', async ({ app }) => {
  await app.begin({ 'Bandwidth limit': '40Mbit' });
  const verdict = app.page.getByRole('region', { name: 'Verdict' });
  await expect(verdict).toContainText(/Not converging: .*each round begins with .* would fit the downtime limit/, {
    timeout: 120_000,
  });
  await expect(verdict).toContainText(/What would help most: .*\d/);
  const apply = verdict.getByRole('button', { name: /^Apply: / });
  await expect
    .poll(async () => {
      const [button, words] = await Promise.all([
        apply.boundingBox(),
        verdict.getByText(/^Not converging/).boundingBox(),
      ]);
      return button !== null && words !== null && button.y + button.height <= words.y;
    })
    .toBe(true);
  await apply.click();
  // What it comes to is judged anew: another change may be advised after the first.
  await expect(async () => {
    if (await apply.isVisible()) await apply.click({ timeout: 1000 });
    await expect(app.status).toHaveText(/^completed/, { timeout: 3000 });
  }).toPass({ timeout: 120_000 });
  await expect(app.page.getByText('Completed: the guest runs on the destination.')).toBeVisible();
  await expect(app.page.getByRole('region', { name: 'Events' })).toContainText(/(limit|size|method): .* → /);
});

test('a guest between two QEMUs is paused, sent again, changed and forced to its end', async ({ app }) => {
  await app.begin({ 'Bandwidth limit': '4Mbit' }, { kind: 'qemu' });
  await app.button('Pause').click();
  await app.button('Resume').click();
  await expect(app.button('Pause')).toBeEnabled();
  await app.field('Compression method').selectOption('zlib');
  await change(app, 'Compression level', '6');
  await expect.poll(async () => (await now(app)).compression).toMatchObject({ method: 'zlib', level: 6 });
  await expect(app.page.getByRole('img', { name: /^Guest memory/ })).toHaveAccessibleDescription(/Zero \d/);
  await app.button('Force switchover').click();
  await app.page.getByRole('button', { name: 'Stop the guest now' }).click();
  await app.reaches(/^(switchover|confirming|completed)/);
  // What is left may be there before its field is filled.
  await expect(async () => {
    if (await app.button('Run again with…').isVisible()) return;
    const field = app.field('Bandwidth limit');
    await field.fill('0', { timeout: 3000 });
    await app.button('Apply changes').click({ timeout: 3000 });
    await expect(field).toHaveAccessibleDescription('In force: 0', { timeout: 3000 });
  }).toPass({ timeout: 120_000 });
  await app.ends('completed');
  await expect(app.figure('Measured downtime')).toHaveText(/\d.* m?s/);
});

test('two channels are counted one by one', async ({ app }) => {
  await app.begin({ Channels: '2' });
  const channels = app.page.getByRole('region', { name: 'Channels' });
  await expect(channels.getByRole('listitem')).toHaveCount(2);
  await expect(channels.getByRole('listitem').last()).toContainText(/\d .?B/);
});

test('closed in mid-run when told to, it ends the run first and keeps it in the history', async ({ app }) => {
  await app.begin();
  await app.answerClosing('Cancel migration and close');
  const ended = new Promise((resolve) => app.process.once('exit', resolve));
  await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
  expect(await ended).toBe(0);
  const { runs } = await openStores(app.folder).history.list();
  expect(runs).toMatchObject([{ report: { status: 'cancelled', guestRunningOn: 'source' } }]);
});
