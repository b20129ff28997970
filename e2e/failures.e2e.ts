import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { few, type ConsoleApp } from './app';
import { test } from './kit/console-test';

const notices = (app: ConsoleApp) => app.page.getByRole('alert', { name: 'Notices' });
const problem = (app: ConsoleApp) => app.page.getByRole('main').getByRole('alert').filter({ hasText: /./ });

/** From now on the system starts no more worker processes. */
async function refuseProcesses(app: ConsoleApp): Promise<void> {
  await app.electron.evaluate(({ utilityProcess }) => {
    const fork = (): never => {
      throw Object.assign(new Error('spawn EAGAIN'), { code: 'EAGAIN' });
    };
    Object.assign(utilityProcess, { fork });
  });
}

/** Has the page's process crash, and waits until the page is there again. */
async function crash(app: ConsoleApp): Promise<void> {
  await app.electron.evaluate(
    ({ BrowserWindow }) =>
      new Promise<void>((resolve) => {
        const contents = BrowserWindow.getAllWindows()[0]?.webContents;
        contents?.once('render-process-gone', () => contents.once('did-finish-load', () => resolve()));
        contents?.forcefullyCrashRenderer();
      }),
  );
}

test('a worker process that cannot start is said, and the guest stays', async ({ app }) => {
  await app.startSample();
  await refuseProcesses(app);
  await app.open('Guests');
  await app.button('Start sample guest').click();
  await expect(problem(app)).toContainText(/could not be started: the machine can start no more processes now/);

  await app.fill(few);
  await app.start();
  await app.ends('failed');
  await expect(app.page.getByText('Failed: the guest runs on the source.')).toBeVisible();
  await expect(
    app.page.getByText(/could not be started: the machine can start no more processes/).first(),
  ).toBeVisible();
});

test('a worker process that ends at once is said to have', async ({ app }) => {
  await app.startSample();
  await app.electron.evaluate(({ utilityProcess }) => {
    const fork = utilityProcess.fork.bind(utilityProcess);
    const missing = (_: string, args?: string[], options?: Electron.ForkOptions) =>
      fork('/nowhere/worker.cjs', args, options);
    Object.assign(utilityProcess, { fork: missing });
  });
  await app.fill(few);
  await app.start();
  await app.ends('failed');
  await expect(app.page.getByText('Failed: the guest runs on the source.')).toBeVisible();
  await expect(app.page.getByText(/compress.*(ended|could not be started)/i).first()).toBeVisible();
});

test('without QEMU it offers the built-in guest, and says what is missing', async ({ start }) => {
  const app = await start({ env: { PATH: '/nowhere' } });
  await expect(app.field('Sample')).toHaveAccessibleDescription('QEMU pair: qemu-system-x86_64 was not found.');
  await expect(app.field('Sample').getByRole('option')).toHaveText(['Built-in guest']);
  await app.startSample();
});

test('a full disk loses the run’s record, not the run, and is said above every view', async ({ app }) => {
  await app.startSample();
  await app.electron.evaluate(() => {
    type Files = { open: (path: string, ...rest: unknown[]) => Promise<object> };
    const { mainModule } = process as unknown as { readonly mainModule: { require(id: string): unknown } };
    const files = mainModule.require('node:fs/promises') as Files;
    const open = files.open.bind(files);
    files.open = async (path, ...rest) => {
      const file = await open(path, ...rest);
      if (!/history.*\.tmp$/.test(path)) return file;
      const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      return Object.assign(file, { writeFile: () => Promise.reject(full) });
    };
  });
  await app.fill(few);
  await app.start();
  await app.ends('completed');
  await expect(notices(app)).toContainText(/The run of Sample 1 .* is not in the history: .*the disk is full/);
  await app.open('History');
  await expect(notices(app)).toContainText('the disk is full');
  await expect(app.page.getByText('No runs yet.')).toBeVisible();
  expect(await app.axe()).toEqual([]);
  await notices(app).getByRole('button', { name: 'Dismiss' }).click();
  await expect(notices(app)).toBeEmpty();
});

test('a data folder that cannot be written is said at the start, and the console works', async ({ start }) => {
  const file = test.info().outputPath('file');
  await mkdir(test.info().outputDir, { recursive: true });
  await writeFile(file, '');
  const folder = join(file, 'data');
  const app = await start({ folder });
  await expect(notices(app)).toContainText(`Nothing can be kept in ${folder}: something in its path is not a folder`);
  await app.startSample();
});

test('a page that crashed is loaded again while the migration goes on, and says so', async ({ app }) => {
  await app.begin();
  await crash(app);
  // Playwright gives a crashed page up, so what is on it is asked of the window.
  const text = () =>
    app.electron.evaluate(
      ({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript('document.body.innerText') as Promise<string>,
    );
  await expect.poll(text).toMatch(/The window’s page ended \((it crashed|it was killed)\) and was loaded again/);
  await expect.poll(text).toMatch(/Cancel migration/);
  expect(await text()).toMatch(/^.*(bulk|iterating)/im);
});

test('a page that keeps crashing is left to the operator', async ({ app }) => {
  await app.electron.evaluate(({ dialog }) => {
    const asked: string[] = [];
    Object.assign(globalThis, { asked });
    Object.assign(dialog, {
      showMessageBox: (_: unknown, { message }: { message: string }) => {
        asked.push(message);
        return Promise.resolve({ response: 1, checkboxChecked: false });
      },
    });
  });
  const asked = () => app.electron.evaluate(() => (globalThis as unknown as { asked: string[] }).asked);
  await crash(app);
  await crash(app);
  await app.electron.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
  );
  await expect.poll(asked).toEqual([expect.stringMatching(/, 3 times within a minute\.$/)]);
});

test('what nobody caught is said, and the console goes on', async ({ app }) => {
  await app.electron.evaluate(() => void Promise.reject(new Error('a promise nobody kept')));
  await expect(notices(app)).toContainText('Something went wrong inside the console: a promise nobody kept.');
  await app.startSample();
});
