import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Locator } from '@playwright/test';
import type { ConsoleApp } from './app';
import { test } from './kit/console-test';

/*
 * The views when there is very much in them, and when what they show cannot be read.
 */

/** Sockets of monitors that have died, as many as there are paths. */
async function dead(paths: readonly string[]): Promise<void> {
  const script = `
    const paths = ${JSON.stringify(paths)};
    let open = 0;
    for (const path of paths) {
      require('net').createServer().listen(path, () => ++open === paths.length && process.kill(process.pid, 'SIGKILL'));
    }`;
  const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
}

/** Whether anything sticks out at the side. */
async function expectWithin(app: ConsoleApp): Promise<void> {
  const widths = await app.page.evaluate(() =>
    [document.documentElement, document.querySelector('main')].map((part) => [part?.scrollWidth, part?.clientWidth]),
  );
  for (const [wide, room] of widths) expect(wide).toBe(room);
}

test('the labels of settings stand on one line each in a small window', async ({ app }) => {
  await app.resize(1024, 640);
  await app.open('New migration');
  await expect(app.field('Resume window at switchover')).toBeVisible();
  const labels = await app.page.locator('fieldset .field > label').evaluateAll((found) =>
    found.map((label) => {
      const text = document.createRange();
      text.selectNodeContents(label);
      const lines = text.getClientRects().length;
      return { name: label.textContent, lines, fits: label.scrollWidth <= label.clientWidth };
    }),
  );
  expect(labels.length).toBeGreaterThan(10);
  expect(labels.filter(({ lines, fits }) => lines !== 1 || !fits)).toEqual([]);
  await app.field('Timeout').fill('x'.repeat(60));
  await expect(app.field('Timeout')).toHaveAttribute('aria-invalid', 'true');
  await expectWithin(app);
});

test('two hundred guests with long names leave the rest of the view where it is', async ({ start }) => {
  const runtime = await mkdtemp(join(tmpdir(), 'wherry-many-'));
  const name = (number: number): string => `guest-${String(number).padStart(3, '0')}-${'x'.repeat(44)}.qmp`;
  await dead(Array.from({ length: 200 }, (_, number) => join(runtime, name(number))));
  const app = await start({ env: { XDG_RUNTIME_DIR: runtime } });
  try {
    await app.resize(1024, 640);
    const rows = app.page.getByRole('rowheader', { name: /^guest-/ });
    await expect(rows).toHaveCount(200);
    await expect(app.page.getByRole('row', { name: name(199) })).toContainText('No QMP monitor at');
    await expect(app.button('Start sample guest')).toBeInViewport({ ratio: 1 });
    await expectWithin(app);
    expect(await app.axe()).toEqual([]);
    await app.field('Filter').fill('GUEST-017');
    await expect(rows).toHaveCount(1);
    await expect(app.field('Filter')).toHaveAccessibleDescription('1 of 200, by name or address');
    await app.field('Filter').fill('nobody');
    await expect(app.page.getByText('No guest matches the filter.')).toBeVisible();
    await app.open('New migration');
    await expect(app.field('Guest').getByRole('option')).toHaveCount(201);
    await expectWithin(app);
  } finally {
    await app.close();
    await rm(runtime, { recursive: true });
  }
});

test('two hundred runs are looked over, and two of them compared, without going past all of them', async ({ app }) => {
  await app.migrate();
  const [file = ''] = await readdir(join(app.folder, 'history'));
  const run = JSON.parse(await readFile(join(app.folder, 'history', file), 'utf8')) as object;
  for (let number = 1; number < 200; number += 1) {
    const id = `20200101T${String(number).padStart(9, '0')}Z-0000beef`;
    const guest = number % 2 === 0 ? 'web' : `${'database'.repeat(12)} ${number}`;
    await writeFile(join(app.folder, 'history', `${id}.json`), JSON.stringify({ ...run, id, guest }));
  }
  await app.resize(1024, 640);
  await app.open('History');
  const boxes: Locator = app.page.getByRole('checkbox', { name: /^Select the run/ });
  await expect(boxes).toHaveCount(200);
  await expectWithin(app);
  for (const at of [0, 199]) await boxes.nth(at).check();
  await expect(app.button('Compare')).toBeInViewport({ ratio: 1 });
  await app.button('Compare').click();
  const comparison = app.page.getByRole('region', { name: 'Comparison' });
  await expect(comparison).toBeFocused();
  await expect(comparison.getByRole('img', { name: 'Wire rate' })).toBeInViewport();
  await expectWithin(app);
  expect(await app.axe()).toEqual([]);
});

test('a store that cannot be read is said in the views that show it, and a migration goes on without', async ({
  start,
}) => {
  const folder = test.info().outputPath('data');
  await mkdir(folder, { recursive: true });
  for (const name of ['history', 'profiles']) await writeFile(join(folder, name), 'no folder');
  const app = await start({ folder });
  const problem = app.page.getByRole('main').getByRole('alert').filter({ hasText: /./ });
  for (const view of ['History', 'Profiles', 'New migration'] as const) {
    await app.open(view);
    await expect(problem).toContainText(
      `could not read ${join(folder, view === 'History' ? 'history' : 'profiles')}: something in its path is not a folder`,
    );
    expect(await app.axe()).toEqual([]);
  }
  await expect(app.field('Profile').getByRole('option')).toHaveText(['Defaults']);
  await app.migrate();
  await expect(app.page.getByRole('alert', { name: 'Notices' })).toContainText('is not in the history');
  await expect(app.button('Export')).toBeDisabled();
});
