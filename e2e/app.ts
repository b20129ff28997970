import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { _electron, expect } from '@playwright/test';
import type { ElectronApplication, Locator, Page } from '@playwright/test';
import { commandOf, type CommandName } from '../src/shared/commands';
import { consoleArguments, resolveElectron } from '../scripts/electron-runtime.mjs';

const root = resolve(__dirname, '..');

/** Fields of the new-migration form by their labels; what is left out stays as it is. */
export type FormFields = Readonly<Record<string, string | boolean>>;

/** Few worker processes, for runs in which their number does not matter. */
export const few: FormFields = { 'Compress threads': '1', 'Decompress threads': '1' };

/** Longest a console may take to start, ms, on a machine that is several times slower than any of ours. */
const startMs = 120_000;

/** For a guest that writes as fast as it can: where the machine is too slow for it, it is stopped after a while. */
export const inTheEnd: FormFields = { Timeout: '20s', 'On timeout': 'force' };

/** A sample guest. */
export interface Sample {
  readonly kind?: 'builtin' | 'qemu';
  /** Of a built-in guest; `idle` if left out, since a busy one comes to no end where the machine is too slow for it. */
  readonly workload?: string;
  readonly memory?: string;
}

/** How a console is started, where it matters. */
export interface Launch {
  /** Its data folder, which is kept; without one it has one of its own for as long as it runs. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The console as a person uses it: everything is found by role and name, and waited for, never slept for. */
export class ConsoleApp {
  /** Whether the folder goes with the console. */
  readonly #temporary: boolean;
  /** The main process; Playwright forgets it once it has ended. */
  readonly process: ChildProcess;
  /** What the page or its console complained of. */
  readonly complaints: string[] = [];

  private constructor(
    readonly electron: ElectronApplication,
    readonly page: Page,
    /** Where this console keeps what it stores. */
    readonly folder: string,
    temporary: boolean,
  ) {
    this.#temporary = temporary;
    this.process = electron.process();
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
  }

  /** Starts the built console. */
  static async launch(launch: Launch = {}): Promise<ConsoleApp> {
    const runtime = resolveElectron(root, process.env);
    if (runtime === undefined) throw new Error('no Electron here: npm run setup');
    const folder = launch.folder ?? (await mkdtemp(join(tmpdir(), 'wherry-e2e-')));
    const electron = await _electron.launch({
      executablePath: runtime.path,
      args: [...consoleArguments(root, process.getuid?.())],
      cwd: root,
      env: { ...(process.env as Record<string, string>), ...launch.env, WHERRY_DATA_DIR: folder },
      timeout: startMs,
    });
    const window = await electron.firstWindow({ timeout: startMs });
    const app = new ConsoleApp(electron, window, folder, launch.folder === undefined);
    await expect(app.page.locator('main[aria-busy="false"]')).toBeVisible({ timeout: startMs });
    return app;
  }

  /** Closes the console unless it has ended already, answering that a migration still running may be cancelled. */
  async close(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      await this.answerClosing('Cancel migration and close');
      await this.electron.close();
    }
    if (this.#temporary) await rm(this.folder, { recursive: true, force: true });
  }

  /** Gives every question asked at closing this answer. */
  async answerClosing(answer: string): Promise<void> {
    await this.electron.evaluate(({ dialog }, label) => {
      const ask = (...args: readonly unknown[]) => {
        const { buttons = [], detail } = args.at(-1) as { readonly buttons?: readonly string[]; detail?: string };
        Object.assign(globalThis, { askedAtClosing: detail });
        return Promise.resolve({ response: buttons.indexOf(label), checkboxChecked: false });
      };
      Object.assign(dialog, { showMessageBox: ask });
    }, answer);
  }

  /** What the last question at closing told. */
  closingText(): Promise<string | undefined> {
    return this.electron.evaluate(() => (globalThis as { readonly askedAtClosing?: string }).askedAtClosing);
  }

  /** Has the next questions where to save answered with this file. */
  async answerSaving(file: string): Promise<void> {
    await this.electron.evaluate(({ dialog }, filePath) => {
      Object.assign(dialog, { showSaveDialog: () => Promise.resolve({ canceled: false, filePath }) });
    }, file);
  }

  /** Has the next questions which file to open answered with this one. */
  async answerOpening(file: string): Promise<void> {
    await this.electron.evaluate(({ dialog }, filePath) => {
      Object.assign(dialog, { showOpenDialog: () => Promise.resolve({ canceled: false, filePaths: [filePath] }) });
    }, file);
  }

  /** Chooses an item of the menu bar by its command's name. */
  async menu(name: CommandName): Promise<void> {
    await this.electron.evaluate(({ Menu }, id) => {
      const item = Menu.getApplicationMenu()?.getMenuItemById(id);
      if (item === null || item === undefined) throw new Error(`no menu item ${id}`);
      if (item.enabled) (item.click as () => void)();
    }, name);
  }

  /** Presses a command's keys, its first or another of them, as the window's system would deliver them. */
  async press(name: CommandName, which = 0): Promise<void> {
    const { keys, alsoKeys = [] } = commandOf(name);
    const parts = ([keys, ...alsoKeys][which] ?? '').split('+');
    const modifiers = parts.slice(0, -1).map((key) => (key === 'CmdOrCtrl' ? 'control' : 'shift'));
    await this.electron.evaluate(
      ({ BrowserWindow }, pressed) => {
        const contents = BrowserWindow.getAllWindows()[0]?.webContents;
        contents?.focus();
        for (const type of ['keyDown', 'keyUp'] as const) contents?.sendInputEvent({ type, ...pressed });
      },
      { keyCode: parts.at(-1) ?? '', modifiers } as const,
    );
  }

  async open(view: 'Guests' | 'New migration' | 'Live' | 'History' | 'Profiles' | 'Receive'): Promise<void> {
    await this.page.getByRole('navigation').getByRole('link', { name: view, exact: true }).click();
  }

  /** Starts a sample guest and waits until it is listed and the form has it. */
  async startSample(sample: Sample = {}): Promise<void> {
    const { kind = 'builtin', workload = 'idle', memory = '64MiB' } = sample;
    await this.open('Guests');
    const guests = this.page.getByRole('row', { name: /Sample \d/ });
    const before = await guests.count();
    await this.field('Sample').selectOption(kind);
    if (kind === 'builtin') await this.field('Workload').selectOption(workload);
    await this.field('Guest memory').fill(memory);
    await this.button('Start sample guest').click();
    await expect(guests).toHaveCount(before + 1, { timeout: 60_000 });
    await expect(guests.last()).toContainText('running');
    await expect(this.button('Start sample guest')).toHaveAttribute('aria-busy', 'false');
  }

  /** Fills the form; `true` and `false` are for checkboxes. */
  async fill(fields: FormFields): Promise<void> {
    await this.open('New migration');
    for (const [label, value] of Object.entries(fields)) {
      const field = this.field(label);
      if (typeof value === 'boolean') await field.setChecked(value);
      else if ((await field.evaluate((element) => element.tagName)) === 'SELECT') await field.selectOption(value);
      else await field.fill(value);
    }
  }

  /** Starts what the form says and waits until it is being watched. */
  async start(): Promise<void> {
    await this.button('Start migration').click();
    await expect(this.status).toBeVisible();
  }

  /** Moves a sample guest by these settings until it is at its destination. */
  async migrate(settings: FormFields = {}, sample: Sample = {}): Promise<void> {
    await this.startSample(sample);
    await this.fill({ ...few, ...settings });
    await this.start();
    await this.ends('completed');
  }

  /** Starts to move a guest that takes its time, 64 MiB and ever more noise at 1 MB/s, and waits until it is being sent. */
  async begin(settings: FormFields = {}, sample: Sample = { workload: 'random' }): Promise<void> {
    await this.startSample(sample);
    await this.fill({ 'Bandwidth limit': '8Mbit', ...few, ...settings });
    await this.start();
    await this.reaches(/^(bulk|iterating)/);
  }

  /** The live region whose text begins with the session's state. */
  get status(): Locator {
    return this.page.getByRole('status', { name: 'Migration status' });
  }

  /** Cancels the migration, once it has been asked what that costs. */
  async cancel(): Promise<void> {
    await this.button('Cancel migration').click();
    const dialog = this.page.getByRole('dialog', { name: 'Cancel the migration?' });
    await dialog.getByRole('button', { name: 'Cancel migration' }).click();
  }

  /** Waits for one of these states. */
  async reaches(states: RegExp, timeout = 120_000): Promise<void> {
    await expect(this.status).toHaveText(states, { timeout });
  }

  /** Waits for this end, and until all that comes after it has come: report, record, and room for another migration. */
  async ends(how: 'completed' | 'cancelled' | 'failed'): Promise<void> {
    await this.reaches(new RegExp(`^${how}`));
    await expect(this.button('Run again with…')).toBeVisible();
  }

  /** Gives the window's content a size. */
  async resize(width: number, height: number): Promise<void> {
    await this.electron.evaluate(
      ({ BrowserWindow }, [w, h]) => BrowserWindow.getAllWindows()[0]?.setContentSize(w, h),
      [width, height] as const,
    );
    await expect.poll(() => this.page.evaluate(() => [innerWidth, innerHeight])).toEqual([width, height]);
  }

  /** What axe finds on the page, as `rule: element`. */
  async axe(): Promise<readonly string[]> {
    const { violations } = await new AxeBuilder({ page: this.page }).setLegacyMode(true).analyze();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  }

  /** Tabs on until what has the focus is called so, by its label or its own text. */
  async tabTo(name: string): Promise<void> {
    for (let presses = 0; presses < 60; presses += 1) {
      await this.page.keyboard.press('Tab');
      const focused = await this.page.evaluate(() => {
        const element = document.activeElement;
        const labels = element instanceof HTMLInputElement ? element.labels : null;
        return (labels?.[0] ?? element)?.textContent?.trim();
      });
      if (focused === name) return;
    }
    throw new Error(`Tab never reached ${name}`);
  }

  field(label: string): Locator {
    return this.page.getByLabel(label, { exact: true });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** A figure's text, by its name. */
  figure(name: string): Locator {
    return this.page.getByRole('group', { name, exact: true });
  }
}
