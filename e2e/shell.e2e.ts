import { spawn } from 'node:child_process';
import { readFile, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { consoleArguments, resolveElectron } from '../scripts/electron-runtime.mjs';
import { commandNames, commandOf, viewOf } from '../src/shared/commands';
import { viewNames, views } from '../src/shared/views';
import { few, type ConsoleApp } from './app';
import { test } from './kit/console-test';

test.describe('menu and shortcuts', () => {
  test('the menu bar holds every command with its keys, and no more', async ({ app }) => {
    const items = await app.electron.evaluate(({ Menu }) =>
      (Menu.getApplicationMenu()?.items ?? []).flatMap(({ label, submenu }) =>
        (submenu?.items ?? [])
          .filter(({ visible }) => visible)
          .map((item) => ({ menu: label, id: item.id, label: item.label, keys: item.accelerator })),
      ),
    );
    const wanted = commandNames.map((id) => {
      const { menu, label, keys } = commandOf(id);
      return { menu, id, label, keys };
    });
    expect(items).toHaveLength(wanted.length);
    expect(items).toEqual(expect.arrayContaining(wanted));
  });

  test('shows every view, from the menu and by its keys', async ({ app }) => {
    for (const name of viewNames) {
      const command = commandNames.find((each) => viewOf(each) === name) ?? 'help';
      const link = app.page.getByRole('navigation').getByRole('link', { name: views[name], exact: true });
      await app.menu(command);
      await expect(link).toHaveAttribute('aria-current', 'page');
      await app.open(name === 'guests' ? 'Live' : 'Guests');
      await app.press(command);
      await expect(link).toHaveAttribute('aria-current', 'page');
    }
  });

  test('opens the help sheet by menu, F1 and ?, with every command in it', async ({ app }) => {
    const sheet = app.page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    const ways = [
      () => app.menu('help'),
      () => app.page.keyboard.press('F1'),
      () => app.page.keyboard.press('?'),
      () => app.button('Help').click(),
    ];
    for (const open of ways) {
      await open();
      await expect(sheet).toBeVisible();
      await app.page.keyboard.press('Escape');
      await expect(sheet).toBeHidden();
    }
    // As soon as it is gone, and before anything was told of that.
    for (let times = 0; times < 3; times += 1) {
      await app.page.keyboard.press('F1');
      await expect(sheet).toBeVisible();
      await app.page.keyboard.press('Escape');
    }
    await app.page.keyboard.press('?');
    for (const name of commandNames) await expect(sheet).toContainText(commandOf(name).help);
    await expect(sheet.getByText('Ctrl', { exact: true }).first()).toBeVisible();
    expect(await app.axe()).toEqual([]);
    await sheet.getByRole('button', { name: 'Close' }).click();

    await app.field('QMP socket').focus();
    await app.page.keyboard.type('what?');
    await expect(app.field('QMP socket')).toHaveValue('what?');
    await expect(sheet).toBeHidden();
  });

  test('themes and zooms from the menu, and shows which', async ({ app }) => {
    const shown = () => app.page.evaluate(() => document.documentElement.dataset['theme']);
    await app.menu('theme');
    await expect(app.button('Theme: Light')).toBeVisible();
    await app.menu('theme');
    await expect(app.button('Theme: Dark')).toBeVisible();
    expect(await shown()).toBe('dark');
    expect(await app.electron.evaluate(({ nativeTheme }) => nativeTheme.themeSource)).toBe('dark');
    const zoom = () =>
      app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getZoomLevel());
    for (let i = 0; i < 12; i++) await app.menu('zoomIn');
    expect(await zoom()).toBe(5);
    await app.menu('zoomReset');
    await app.menu('zoomOut');
    expect(await zoom()).toBe(-1);
  });

  test('opens the form and starts what it says', async ({ app }) => {
    await app.startSample();
    await app.menu('newMigration');
    await expect(app.page.getByRole('heading', { name: 'New migration' })).toBeVisible();
    await app.fill(few);
    await app.open('Guests');
    await app.menu('startMigration');
    await app.ends('completed');
  });
});

test('pauses, and asks before it forces, from any view', async ({ app }) => {
  await app.begin();
  const enabled = () =>
    app.electron.evaluate(({ Menu }) => Menu.getApplicationMenu()?.getMenuItemById('pause')?.enabled);
  expect(await enabled()).toBe(true);
  await app.open('Guests');
  await app.menu('pause');
  await expect(app.button('Resume')).toBeVisible();
  await app.menu('pause');
  await expect(app.button('Pause')).toBeVisible();
  await app.open('History');
  await app.menu('forceSwitchover');
  const question = app.page.getByRole('dialog', { name: 'Stop the guest and finish now?' });
  await expect(question).toBeVisible();
  await app.menu('go-guests'); // not behind the back of a question
  await expect(question).toBeVisible();
  await question.getByRole('button', { name: 'Keep migrating' }).click();
});

/** What stands in the window's title. */
function titleOf(app: ConsoleApp): Promise<string | undefined> {
  return app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getTitle());
}

test('shows the run in the taskbar, in the title and at its end in a notification', async ({ app }) => {
  await app.electron.evaluate(({ BrowserWindow, Notification }) => {
    const [window] = BrowserWindow.getAllWindows();
    const seen = { progress: [] as unknown[], titles: [] as string[], notes: [] as unknown[] };
    Object.assign(globalThis, { seen });
    const setTitle = window?.setTitle.bind(window);
    Object.assign(window ?? {}, {
      isFocused: () => false,
      setProgressBar: (share: number, options?: unknown) => void seen.progress.push([share, options]),
      setTitle: (title: string) => (seen.titles.push(title), setTitle?.(title)),
    });
    Object.assign(Notification, { isSupported: () => true });
    Notification.prototype.show = function (this: Electron.Notification) {
      seen.notes.push({ title: this.title, body: this.body });
    };
  });
  expect(await titleOf(app)).toBe('Guests · Wherry');
  await app.migrate({ 'Bandwidth limit': '20Mbit' });
  await expect.poll(() => titleOf(app)).toBe('completed · Live · Wherry');
  interface Seen {
    readonly progress: readonly [number, unknown][];
    readonly titles: readonly string[];
    readonly notes: readonly unknown[];
  }
  const seen = await app.electron.evaluate(() => (globalThis as unknown as { readonly seen: Seen }).seen);
  expect(seen.titles).toContainEqual(expect.stringMatching(/^(bulk|iterating) .*\d %.* · Live · Wherry$/));
  expect(seen.progress.some(([share]) => share > 0 && share < 1)).toBe(true);
  expect(seen.progress.at(-1)?.[0]).toBe(-1);
  expect(seen.notes).toEqual([
    {
      title: expect.stringMatching(/^Sample 1 .*: completed$/) as unknown,
      body: expect.stringMatching(/^The guest runs on the destination\. It paused for [\d.]+ m?s\.$/) as unknown,
    },
  ]);
});

test('says nothing at the end to who is looking', async ({ app }) => {
  await app.electron.evaluate(({ BrowserWindow, Notification }) => {
    const notes: unknown[] = [];
    Object.assign(globalThis, { notes });
    Object.assign(BrowserWindow.getAllWindows()[0] ?? {}, { isFocused: () => true });
    Object.assign(Notification, { isSupported: () => true });
    Notification.prototype.show = () => void notes.push(1);
  });
  await app.migrate();
  await expect.poll(() => titleOf(app)).toBe('completed · Live · Wherry');
  expect(await app.electron.evaluate(() => (globalThis as unknown as { notes: unknown[] }).notes)).toEqual([]);
});

test('a second console of the same data folder brings the first to the front', async ({ app, start }) => {
  const { folder } = app;
  await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide());
  const visible = () => app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible());
  expect(await visible()).toBe(false);
  const root = process.cwd();
  const runtime = resolveElectron(root, process.env)?.path ?? '';
  const second = spawn(runtime, [...consoleArguments(root, process.getuid?.())], {
    env: { ...process.env, WHERRY_DATA_DIR: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  second.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  expect(await new Promise((resolve) => second.once('close', resolve))).toBe(0);
  expect(said).toContain('the console is open already');
  await expect.poll(visible).toBe(true);

  await start(); // its own data folder: nothing to do with the first
});

test.describe('what is remembered', () => {
  const bounds = (app: ConsoleApp) =>
    app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds());

  test('place, theme and zoom are there the next time', async ({ start }) => {
    const folder = test.info().outputPath('data');
    const app = await start({ folder });
    const place = { x: 12, y: 34, width: 1100, height: 700 };
    await app.electron.evaluate(({ BrowserWindow }, to) => BrowserWindow.getAllWindows()[0]?.setBounds(to), place);
    await app.button('Theme: System').click();
    await app.button('Theme: Light').click();
    await app.menu('zoomOut');
    await app.close();
    expect(JSON.parse(await readFile(join(folder, 'window.json'), 'utf8'))).toMatchObject({
      format: 'wherry-window',
      version: 1,
      theme: 'dark',
      zoom: -1,
      place,
    });
    const next = await start({ folder });
    expect(await bounds(next)).toEqual(place);
    await expect(next.button('Theme: Dark')).toBeVisible();
    expect(await next.page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
  });

  test('a window off every screen is brought back', async ({ start }) => {
    const folder = test.info().outputPath('data');
    await mkdir(folder, { recursive: true });
    const place = { x: 30_000, y: 30_000, width: 1100, height: 700 };
    const content = { format: 'wherry-window', version: 1, theme: 'system', zoom: 0, maximized: false, place };
    await writeFile(join(folder, 'window.json'), JSON.stringify(content));
    const app = await start({ folder });
    const area = await app.electron.evaluate(({ screen }) => screen.getPrimaryDisplay().workArea);
    const { x = NaN, y = NaN } = (await bounds(app)) ?? {};
    expect(x).toBeLessThan(area.x + area.width);
    expect(y).toBeLessThan(area.y + area.height);
  });

  test('a file that is no good is ignored, and said so', async ({ start }) => {
    const folder = test.info().outputPath('data');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'window.json'), '{"format":"wherry-window","version":1,"theme":"<script>"}');
    const app = await start({ folder });
    const notice = app.page.getByRole('alert', { name: 'Notices' });
    await expect(notice).toContainText('window.json');
    expect(await app.axe()).toEqual([]);
    await notice.getByRole('button', { name: 'Dismiss' }).click();
    await expect(notice).toBeEmpty();
    await expect(app.button('Theme: System')).toBeVisible();
  });
});
