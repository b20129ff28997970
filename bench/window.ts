import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type ElectronApplication, type Page, _electron } from '@playwright/test';
import { consoleArguments, resolveElectron } from '../scripts/electron-runtime.mjs';
import type { RunView } from '../src/shared/contract';
import { defaultSettings } from '../src/shared/settings';
import { type Bench, count } from './kit/bench';
import { withDirectory } from './kit/guests';
import { feed } from './kit/made-up-run';
import { median, percentile } from './kit/statistics';
import { digits } from './kit/table';

const samplesASecond = 10;
const hour = 3600 * samplesASecond;
const watchMs = 10_000;

/** Run by the page, whose world this program is not compiled for. */
const inPage = {
  paintedAt: `new Promise((found) => new PerformanceObserver((list) => {
    const [paint] = list.getEntriesByName('first-contentful-paint');
    if (paint !== undefined) found(performance.timeOrigin + paint.startTime);
  }).observe({ type: 'paint', buffered: true }))`,
  showLive: `location.hash = 'live'`,
  frames: `new Promise((counted) => {
    const begun = performance.now();
    let frames = 0;
    const next = (now) => {
      frames += 1;
      if (now - begun < ${watchMs}) requestAnimationFrame(next);
      else counted((frames * 1000) / (now - begun));
    };
    requestAnimationFrame(next);
  })`,
  pressAndWait: `new Promise((told) => {
    const find = () => [...document.querySelectorAll('button')].find((each) => /^(Pause|Resume)$/.test(each.textContent));
    const button = find();
    const text = button.textContent;
    const begun = performance.now();
    const observer = new MutationObserver(() => {
      if (find()?.textContent === text) return;
      observer.disconnect();
      told(performance.now() - begun);
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    button.click();
  })`,
  enabledAgain: `[...document.querySelectorAll('button')].some(
    (each) => /^(Pause|Resume)$/.test(each.textContent) && !each.disabled)`,
} as const;

/** The window as an operator has it: a real Electron, fed through the same channel as by a run. */
export const windowBench: Bench = {
  name: 'window',
  summary: 'first window, pictures after an hour of history, feedback while a migration saturates the engine',
  options: (command) =>
    command.option('--launches <number>', 'windows opened', '3').option('--commands <number>', 'commands given', '20'),
  async run(options, { wherry, say }) {
    if (process.env['DISPLAY'] === undefined && process.env['WAYLAND_DISPLAY'] === undefined) {
      say('not measured: no display; xvfb-run -a npm run bench -- window');
      return { parameters: options, figures: {}, rows: [], tables: [], charts: [] };
    }
    const root = resolve(dirname(wherry), '..', '..');
    execFileSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    const opened: number[] = [];
    for (let launch = 0; launch < count(options, 'launches'); launch += 1) {
      opened.push(await withConsole(root, ({ paintedMs }) => Promise.resolve(paintedMs)));
    }
    say(`first window painted after ${opened.map(digits).join(', ')} ms`);
    const pictures = await withConsole(root, (shown) => anHourOfPictures(shown, say));
    const feedback = await withConsole(root, (shown) => feedbackMs(shown.page, count(options, 'commands')));
    say(`feedback after ${feedback.map(digits).join(', ')} ms`);
    const figures = {
      firstWindowMs: median(opened) ?? Number.NaN,
      framesPerSecond: pictures.framesPerSecond,
      rendererCore: pictures.late.renderer,
      gpuCore: pictures.late.gpu,
      earlyRendererCore: pictures.early.renderer,
      earlyGpuCore: pictures.early.gpu,
      heapGrowthMiB: Math.max(...pictures.heapMiB.slice(1)) - (pictures.heapMiB[0] ?? Number.NaN),
      feedbackMedianMs: median(feedback) ?? Number.NaN,
      feedbackP95Ms: percentile(feedback, 0.95) ?? Number.NaN,
    };
    return {
      parameters: options,
      figures,
      rows: [{ opened, ...pictures, feedback }],
      tables: [
        {
          title: 'The window (what is drawn in software costs the renderer and the GPU process)',
          head: ['figure', 'found'],
          rows: Object.entries(figures).map(([name, value]) => [name, digits(value)]),
        },
      ],
      charts: [
        {
          kind: 'lines',
          title: "Renderer's heap after so many minutes of history",
          unit: 'MiB',
          xLabel: 'min',
          lines: [{ name: 'heap', points: pictures.heapMiB.map((mib, index) => [(index + 1) * 10, mib] as const) }],
        },
      ],
    };
  },
};

interface ShownConsole {
  readonly electron: ElectronApplication;
  readonly page: Page;
  /** From the program's start until something is to be seen, as the page's own clock has it. */
  readonly paintedMs: number;
}

function withConsole<Value>(root: string, work: (shown: ShownConsole) => Promise<Value>): Promise<Value> {
  return withDirectory(async (directory) => {
    const runtime = resolveElectron(root, process.env);
    if (runtime === undefined) throw new Error('no Electron here: npm run setup');
    const startedAt = Date.now();
    const electron = await _electron.launch({
      executablePath: runtime.path,
      args: [...consoleArguments(root, process.getuid?.())],
      cwd: root,
      env: { ...(process.env as Record<string, string>), WHERRY_DATA_DIR: directory },
    });
    try {
      const page = await electron.firstWindow();
      await page.waitForSelector('main[aria-busy="false"]');
      return await work({ electron, page, paintedMs: (await paintedAt(page)) - startedAt });
    } finally {
      // A migration under way would be asked about.
      await electron.evaluate(({ dialog }) => {
        Object.assign(dialog, { showMessageBox: () => Promise.resolve({ response: 0, checkboxChecked: false }) });
      });
      electron.process().kill('SIGTERM');
      await electron.waitForEvent('close');
    }
  });
}

function paintedAt(page: Page): Promise<number> {
  return page.evaluate<number>(inPage.paintedAt);
}

/** What the window's processes take, each of one core: 0 to 1. */
interface Cores {
  readonly renderer: number;
  readonly gpu: number;
}

interface PictureCosts {
  readonly framesPerSecond: number;
  /** From the fifth second on: every sample moves every line on by some pixels. */
  readonly early: Cores;
  /** After an hour. */
  readonly late: Cores;
  /** After every ten minutes of history. */
  readonly heapMiB: readonly number[];
}

async function anHourOfPictures({ electron, page }: ShownConsole, say: (line: string) => void): Promise<PictureCosts> {
  await page.evaluate(inPage.showLive);
  const view: RunView = {
    guestId: 'synthetic',
    guestName: 'Synthetic',
    source: '/run/synthetic.qmp',
    destination: '/run/destination.qmp',
    settings: { ...defaultSettings, maxBandwidth: 12_500_000 },
  };
  const live = { view, samples: (watchMs / 1000) * samplesASecond, everyMs: 1000 / samplesASecond };
  const session = await page.context().newCDPSession(page);
  await startRun(electron, view);
  await feed(electron, { view, from: 0, samples: 5 * samplesASecond, everyMs: 0 });
  const early = await coresOf(electron, () => feed(electron, { ...live, from: 5 * samplesASecond }));
  await startRun(electron, view);
  const heapMiB: number[] = [];
  for (let part = 0; part < 6; part += 1) {
    await feed(electron, { view, from: (part * hour) / 6, samples: hour / 6, everyMs: 0 });
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    heapMiB.push(usedSize / 2 ** 20);
  }
  say(`heap after every ten minutes: ${heapMiB.map(digits).join(', ')} MiB`);
  const late = await coresOf(electron, () => feed(electron, { ...live, from: hour }));
  const fed = feed(electron, { ...live, from: hour + live.samples });
  const framesPerSecond = await page.evaluate<number>(inPage.frames);
  await fed;
  say(`${digits(framesPerSecond)} frames/s`);
  for (const [when, { renderer, gpu }] of Object.entries({ 'early in a run': early, 'after an hour': late })) {
    say(`${when}: renderer ${digits(renderer)}, GPU process ${digits(gpu)} of a core`);
  }
  return { framesPerSecond, early, late, heapMiB };
}

function startRun(electron: ElectronApplication, view: RunView): Promise<void> {
  return electron.evaluate(({ BrowserWindow }, started) => {
    BrowserWindow.getAllWindows()[0]?.webContents.send('wherry:run', started);
  }, view);
}

/** What the window's processes take while something goes on. */
async function coresOf(electron: ElectronApplication, work: () => Promise<void>): Promise<Cores> {
  const before = await processorTimes(electron);
  await work();
  const after = await processorTimes(electron);
  const seconds = (after.at - before.at) / 1000;
  return { renderer: (after.renderer - before.renderer) / seconds, gpu: (after.gpu - before.gpu) / seconds };
}

/** Processor time so far of the window's processes, in seconds, and when that was, ms. */
async function processorTimes(electron: ElectronApplication) {
  const pids = await electron.evaluate(({ app, BrowserWindow }) => ({
    renderer: BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId() ?? 0,
    gpu: app.getAppMetrics().find(({ type }) => type === 'GPU')?.pid ?? 0,
  }));
  return { renderer: processorTime(pids.renderer), gpu: processorTime(pids.gpu), at: performance.now() };
}

/** User and system time of a process in seconds; /proc counts in hundredths. */
function processorTime(pid: number): number {
  const stat = readFileSync(join('/proc', String(pid), 'stat'), 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** From pressing Pause or Resume until the window shows that it is so, while a guest of noise goes as fast as it can. */
async function feedbackMs(page: Page, commands: number): Promise<readonly number[]> {
  await page.getByLabel('Workload', { exact: true }).selectOption('random');
  await page.getByLabel('Guest memory', { exact: true }).fill('1GiB');
  await page.getByRole('button', { name: 'Start sample guest' }).click();
  await page
    .getByRole('row', { name: /Sample 1/ })
    .getByText('running')
    .waitFor();
  await page.getByRole('link', { name: 'New migration' }).click();
  const fields = { 'Compression level': '9', 'Compress threads': '8', 'Bandwidth limit': '40MB/s' };
  for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text);
  await page.getByRole('button', { name: 'Start migration' }).click();
  await page
    .getByRole('status', { name: 'Migration status' })
    .filter({ hasText: /^(bulk|iterating)/ })
    .waitFor();
  const found: number[] = [];
  for (let command = 0; command < commands; command += 1) {
    await page.getByRole('button', { name: /^(Pause|Resume)$/ }).waitFor();
    found.push(await page.evaluate<number>(inPage.pressAndWait));
    await page.waitForFunction(inPage.enabledAgain);
  }
  return found;
}
